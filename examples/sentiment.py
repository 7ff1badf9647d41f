"""Is a review good or bad? A scikit-learn script on films' reviews. SDK v3's ModelTrainer and ModelBuilder.

salvia exec python examples/sentiment.py
"""

import json
from pathlib import Path

import numpy as np
from sagemaker.core import image_uris
from sagemaker.core.helper.session_helper import Session
from sagemaker.core.session_settings import SessionSettings
from sagemaker.serve import ModelBuilder
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import Compute, InputData, SourceCode

import data

ROLE = "arn:aws:iam::123456789012:role/SageMakerExecutionRole"
GOOD = ["excellent", "great", "best", "wonderful", "perfect", "loved", "superb", "brilliant", "amazing", "beautiful"]
BAD = ["worst", "bad", "awful", "boring", "terrible", "waste", "stupid", "poor", "horrible", "nothing"]

reviews = data.reviews().sample(12_000, random_state=1)
train, test = reviews[:10_000], reviews[10_000:]
session = Session(settings=SessionSettings(encrypt_repacked_artifacts=False))  # Salvia has no KMS yet
image = image_uris.retrieve("sklearn", session.boto_region_name, "1.4-2", image_scope="training")
source = SourceCode(source_dir=str(Path(__file__).parent / "sentiment"), entry_script="train.py")
small = Compute(instance_type="ml.m5.large", instance_count=1, volume_size_in_gb=1)

uri = session.upload_string_as_file_body(
    train.to_json(orient="records", lines=True), session.default_bucket(), "sentiment/train/reviews.jsonl"
)
trainer = ModelTrainer(
    training_image=image,
    role=ROLE,
    sagemaker_session=session,
    base_job_name="sentiment",
    source_code=source,
    compute=small,
    hyperparameters={"words": 2},
)
trainer.train(input_data_config=[InputData(channel_name="train", data_source=uri)], logs=False)
job = trainer._latest_training_job

builder = ModelBuilder(
    image_uri=image,
    role_arn=ROLE,
    sagemaker_session=session,
    compute=small,
    s3_model_data_url=job.model_artifacts.s3_model_artifacts,
    source_code=source,
)
builder.build(model_name=job.training_job_name)
endpoint = builder.deploy(endpoint_name=job.training_job_name)
answer = endpoint.invoke(body=json.dumps(test.text.tolist()), content_type="application/json")
labels = np.array(json.loads(answer.body.read()))
endpoint.delete()

words = test.text.str.lower()
counted = sum(words.str.count(word) for word in GOOD) > sum(words.str.count(word) for word in BAD)
print()
print(f"Accuracy of the script on {len(test):,} reviews that it never saw: {(labels == test.label).mean():.3f}")
print(f"Accuracy of counting ten good words and ten bad: {(counted == test.label).mean():.3f}")
