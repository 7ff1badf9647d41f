"""What a user of the SDK's version 3 does with a TensorFlow script, unmodified: `python v3_tensorflow.py CSV`.

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
image = image_uris.retrieve(
    "tensorflow",
    session.boto_region_name,
    "2.16.2",
    py_version="py310",
    instance_type="ml.m5.large",
    image_scope="training",
)
trainer = ModelTrainer(
    training_image=image,
    role="arn:aws:iam::123456789012:role/SageMakerExecutionRole",
    sagemaker_session=session,
    base_job_name="keras",
    source_code=SourceCode(source_dir=str(Path(__file__).parent / "tensorflow_source"), entry_script="train.py"),
    compute=Compute(instance_type="ml.m5.large", instance_count=1, volume_size_in_gb=1),
    hyperparameters={"epochs": 20},
)
data = session.upload_data(sys.argv[1], key_prefix="sdk3/tensorflow")
trainer.train(input_data_config=[InputData(channel_name="train", data_source=data)], wait=True, logs=True)
name = trainer._latest_training_job.training_job_name
print(json.dumps(session.sagemaker_client.describe_training_job(TrainingJobName=name), default=str))
