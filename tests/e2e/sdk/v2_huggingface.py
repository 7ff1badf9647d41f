"""What a user of the SDK's version 2 does with transformers, unmodified: `python v2_huggingface.py CSV`.

Prints one line of JSON.
"""

import json
import sys
from pathlib import Path

import sagemaker
from sagemaker import image_uris
from sagemaker.huggingface import HuggingFace, HuggingFaceModel
from sagemaker.session_settings import SessionSettings

# Without it, code is uploaded with encryption by KMS, which Salvia refuses.
session = sagemaker.Session(settings=SessionSettings(encrypt_repacked_artifacts=False))
role = "arn:aws:iam::123456789012:role/SageMakerExecutionRole"
# The SDK knows training images for GPUs only.
gpu = image_uris.retrieve(
    "huggingface",
    session.boto_region_name,
    "4.56.2",
    base_framework_version="pytorch2.8.0",
    py_version="py312",
    instance_type="ml.g5.xlarge",
    image_scope="training",
)
estimator = HuggingFace(
    entry_point="train.py",
    source_dir=str(Path(__file__).parent / "huggingface_source"),
    role=role,
    instance_count=2,
    instance_type="ml.m5.large",
    image_uri=gpu.replace("-gpu-", "-cpu-").replace("-cu129", ""),
    py_version="py312",
    sagemaker_session=session,
    distribution={"torch_distributed": {"enabled": True}},
    hyperparameters={"epochs": 8},
)
estimator.fit({"train": session.upload_data(sys.argv[1], key_prefix="sdk2/huggingface")}, logs=True)

model = HuggingFaceModel(
    model_data=estimator.model_data,
    role=role,
    transformers_version="4.51.3",
    pytorch_version="2.6.0",
    py_version="py312",
    env={"HF_TASK": "text-classification"},
    sagemaker_session=session,
)
predictor = model.deploy(initial_instance_count=1, instance_type="ml.m5.large")
texts = ["a wonderful warm film", "a dull and tedious mess"]
found = {
    "plain": predictor.predict({"inputs": texts}),
    "all": predictor.predict({"inputs": texts[0], "parameters": {"top_k": None}}),
}
predictor.delete_model()
predictor.delete_endpoint()

print()  # behind the dots of progress
print(json.dumps({"gpu": gpu, "model": estimator.model_data, **found}))
