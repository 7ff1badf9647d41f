"""What a user of the SDK's version 2 does with a scikit-learn script, unmodified: `python v2_sklearn.py CSV`.

Prints one line of JSON.
"""

import json
import sys
from pathlib import Path

import sagemaker
from sagemaker.session_settings import SessionSettings
from sagemaker.sklearn import SKLearn

ROLE = "arn:aws:iam::123456789012:role/SageMakerExecutionRole"

# Without it, code is uploaded with encryption by KMS, which Salvia refuses.
session = sagemaker.Session(settings=SessionSettings(encrypt_repacked_artifacts=False))
estimator = SKLearn(
    entry_point="train.py",
    source_dir=str(Path(__file__).parent / "sklearn_source"),
    role=ROLE,
    instance_count=1,
    instance_type="ml.m5.large",
    framework_version="1.2-1",
    py_version="py3",
    sagemaker_session=session,
    hyperparameters={"n-estimators": 20},
)
estimator.fit({"train": session.upload_data(sys.argv[1], key_prefix="sdk2/sklearn")}, logs=True)
predictor = estimator.deploy(initial_instance_count=1, instance_type="ml.m5.large")
rows = [[float(value) for value in line.split(",")] for line in Path(sys.argv[1]).read_text().splitlines()]
predictions = predictor.predict([row[1:] for row in rows])  # its serializer is NumPy's
predictor.delete_model()
predictor.delete_endpoint()

print()  # behind the dots of progress
print(
    json.dumps(
        {
            "image": estimator.training_image_uri(),
            "labels": [row[0] for row in rows],
            "predictions": predictions.tolist(),
        }
    )
)
