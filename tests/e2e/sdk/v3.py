"""What a user of the SDK's version 3 does, unmodified: `salvia exec -- python v3.py CSV`. Prints one line of JSON."""

import json
import sys
from importlib.metadata import version
from pathlib import Path

from sagemaker.core import image_uris
from sagemaker.core.helper.session_helper import Session
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import Compute, InputData, SourceCode

ROLE = "arn:aws:iam::123456789012:role/SageMakerExecutionRole"

session = Session()
data = session.upload_data(sys.argv[1], key_prefix="sdk3/train")
image = image_uris.retrieve("xgboost", session.boto_region_name, "1.7-1")


def train(name, **more):
    """The description of a job, once it has ended."""
    trainer = ModelTrainer(
        role=ROLE,
        sagemaker_session=session,
        base_job_name=name,
        compute=Compute(instance_type="ml.m5.large", instance_count=1, volume_size_in_gb=1),
        hyperparameters={"num_round": 5, "objective": "reg:squarederror"},
        **{"training_image": image, **more},
    )
    channel = InputData(channel_name="train", data_source=data, content_type="text/csv")
    trainer.train(input_data_config=[channel], wait=True, logs=True)
    return session.sagemaker_client.describe_training_job(
        TrainingJobName=trainer._latest_training_job.training_job_name
    )


source = SourceCode(source_dir=str(Path(__file__).parent / "v3_source"), entry_script="train.py")
channel = {"Name": "train", "SupportedContentTypes": ["text/csv"], "SupportedInputModes": ["File"]}
session.sagemaker_client.create_algorithm(
    AlgorithmName="own",
    TrainingSpecification={
        "TrainingImage": image,
        "SupportedHyperParameters": [{"Name": name, "Type": "FreeText"} for name in ("num_round", "objective")],
        "SupportedTrainingInstanceTypes": ["ml.m5.large"],
        "TrainingChannels": [channel],
    },
)
jobs = {
    "algorithm": train("algorithm"),
    "own": train("own", training_image=None, algorithm_name="own"),
    "script": train("script", source_code=source),
}
print(
    json.dumps(
        {"version": version("sagemaker"), "bucket": session.default_bucket(), "data": data, "jobs": jobs}, default=str
    )
)
