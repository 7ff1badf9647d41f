"""What a user of the SDK's version 2 does with a PyTorch script, unmodified: `python v2_pytorch.py CSV`.

Prints one line of JSON.
"""

import json
import sys
from pathlib import Path

import numpy
import sagemaker
from sagemaker import image_uris
from sagemaker.pytorch import PyTorch
from sagemaker.session_settings import SessionSettings

# Without it, code is uploaded with encryption by KMS, which Salvia refuses.
session = sagemaker.Session(settings=SessionSettings(encrypt_repacked_artifacts=False))
# The SDK itself would take torch_distributed to GPUs only: of an image that is named it thinks nothing.
image = image_uris.retrieve(
    "pytorch",
    session.boto_region_name,
    "2.6.0",
    py_version="py312",
    instance_type="ml.m5.large",
    image_scope="training",
)
estimator = PyTorch(
    entry_point="train.py",
    source_dir=str(Path(__file__).parent / "pytorch_source"),
    role="arn:aws:iam::123456789012:role/SageMakerExecutionRole",
    instance_count=2,
    instance_type="ml.m5.large",
    image_uri=image,
    framework_version="2.6.0",
    py_version="py312",
    distribution={"torch_distributed": {"enabled": True}},
    sagemaker_session=session,
    hyperparameters={"epochs": 1000},
)
estimator.fit({"train": session.upload_data(sys.argv[1], key_prefix="sdk2/pytorch")}, logs=True)
predictor = estimator.deploy(initial_instance_count=1, instance_type="ml.m5.large")
rows = [[float(value) for value in line.split(",")] for line in Path(sys.argv[1]).read_text().splitlines()]
# Its serializer is NumPy's; the network's weights are float32, and so must be what it is given.
predictions = predictor.predict(numpy.array([row[1:] for row in rows], numpy.float32))
predictor.delete_model()
predictor.delete_endpoint()

print()  # behind the dots of progress
found = {"labels": [row[0] for row in rows], "predictions": [row[0] for row in predictions.tolist()]}
print(json.dumps({"image": image, **found}))
