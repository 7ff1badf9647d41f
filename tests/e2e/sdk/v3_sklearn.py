"""What a user of the SDK's version 3 does with a scikit-learn script, unmodified: `python v3_sklearn.py CSV`.

Prints one line of JSON.
"""

import json
import sys
from pathlib import Path

from sagemaker.core import image_uris
from sagemaker.core.helper.session_helper import Session
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import Compute, InputData, SourceCode

session = Session()
trainer = ModelTrainer(
    training_image=image_uris.retrieve("sklearn", session.boto_region_name, "1.9-0", image_scope="training"),
    role="arn:aws:iam::123456789012:role/SageMakerExecutionRole",
    sagemaker_session=session,
    base_job_name="forest",
    source_code=SourceCode(source_dir=str(Path(__file__).parent / "sklearn_source"), entry_script="train.py"),
    compute=Compute(instance_type="ml.m5.large", instance_count=2, volume_size_in_gb=1),
    hyperparameters={"n-estimators": 20},
)
data = session.upload_data(sys.argv[1], key_prefix="sdk3/sklearn")
trainer.train(input_data_config=[InputData(channel_name="train", data_source=data)], wait=True, logs=True)
name = trainer._latest_training_job.training_job_name
print(json.dumps(session.sagemaker_client.describe_training_job(TrainingJobName=name), default=str))
