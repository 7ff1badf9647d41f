"""What a user of the SDK's version 2 does with a TensorFlow script, unmodified: `python v2_tensorflow.py CSV`.

Prints one line of JSON.
"""

import json
import sys
from pathlib import Path

import sagemaker
from sagemaker.s3 import S3Downloader
from sagemaker.serializers import CSVSerializer
from sagemaker.session_settings import SessionSettings
from sagemaker.tensorflow import TensorFlow, TensorFlowModel

# Without it, code is uploaded with encryption by KMS, which Salvia refuses.
session = sagemaker.Session(settings=SessionSettings(encrypt_repacked_artifacts=False))
source = str(Path(__file__).parent / "tensorflow_source")
role = "arn:aws:iam::123456789012:role/SageMakerExecutionRole"
estimator = TensorFlow(
    entry_point="train.py",
    source_dir=source,
    role=role,
    instance_count=2,
    instance_type="ml.m5.large",
    framework_version="2.19.0",
    py_version="py312",
    distribution={"multi_worker_mirrored_strategy": {"enabled": True}},
    sagemaker_session=session,
    hyperparameters={"epochs": 60},
)
data = session.upload_data(sys.argv[1], key_prefix="sdk2/tensorflow")
estimator.fit({"train": data}, logs=True)

predictor = estimator.deploy(initial_instance_count=1, instance_type="ml.m5.large")
rows = [[float(value) for value in line.split(",")] for line in Path(sys.argv[1]).read_text().splitlines()]
features = [row[1:] for row in rows]
found = {
    "instances": predictor.predict({"instances": features}),
    "inputs": predictor.predict({"inputs": features}),
    "simple": predictor.predict(features),
}
predictor.delete_model()
predictor.delete_endpoint()

model = TensorFlowModel(
    model_data=estimator.model_data,
    role=role,
    entry_point="inference.py",
    source_dir=source,
    framework_version="2.19",
    sagemaker_session=session,
)
predictor = model.deploy(initial_instance_count=1, instance_type="ml.m5.large", serializer=CSVSerializer())
found["handled"] = predictor.predict(features)
predictor.delete_model()
predictor.delete_endpoint()

transformer = estimator.transformer(1, "ml.m5.large", strategy="MultiRecord", assemble_with="Line")
transformer.transform(data, content_type="text/csv", split_type="Line", input_filter="$[1:]", logs=False)
found["transformed"] = S3Downloader.read_file(f"{transformer.output_path}/diabetes.csv.out", sagemaker_session=session)

print()  # behind the dots of progress
job = estimator.latest_training_job.describe()
print(json.dumps({**found, "job": job, "labels": [row[0] for row in rows]}, default=str))
