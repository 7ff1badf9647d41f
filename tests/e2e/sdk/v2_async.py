"""What a user of the SDK's version 2 does with an asynchronous endpoint: `salvia exec -- python v2_async.py CSV`.

Unmodified; prints one line of JSON.
"""

import json
import sys
from pathlib import Path

import sagemaker
from sagemaker import image_uris
from sagemaker.async_inference import AsyncInferenceConfig
from sagemaker.async_inference.waiter_config import WaiterConfig
from sagemaker.deserializers import CSVDeserializer
from sagemaker.estimator import Estimator
from sagemaker.exceptions import AsyncInferenceModelError
from sagemaker.inputs import TrainingInput
from sagemaker.predictor_async import AsyncPredictor
from sagemaker.serializers import CSVSerializer

ROLE = "arn:aws:iam::123456789012:role/SageMakerExecutionRole"

session = sagemaker.Session()
data = session.upload_data(sys.argv[1], key_prefix="sdk2/train")
estimator = Estimator(
    image_uris.retrieve("xgboost", session.boto_region_name, "1.7-1"),
    ROLE,
    instance_count=1,
    instance_type="ml.m5.large",
    sagemaker_session=session,
    hyperparameters={"num_round": 20, "objective": "reg:squarederror"},
)
estimator.fit({"train": TrainingInput(data, content_type="text/csv")}, logs=False)
predictor = estimator.deploy(
    initial_instance_count=1,
    instance_type="ml.m5.large",
    serializer=CSVSerializer(),
    deserializer=CSVDeserializer(),
    async_inference_config=AsyncInferenceConfig(max_concurrent_invocations_per_instance=2),
)
rows = [line.split(",") for line in Path(sys.argv[1]).read_text().splitlines()[:50]]
waiter = WaiterConfig(max_attempts=60, delay=1)
answer = predictor.predict([row[1:] for row in rows], waiter_config=waiter)
later = predictor.predict_async([rows[0][1:]])
result = later.get_result(waiter)
wrong = ""
try:
    predictor.predict_async([["no", "number"]]).get_result(waiter)
except AsyncInferenceModelError as error:
    wrong = str(error)
described = session.describe_endpoint(predictor.endpoint_name)
predictor.delete_model()
predictor.delete_endpoint()

print()  # behind the dots of progress
print(
    json.dumps(
        {
            "kind": type(predictor) is AsyncPredictor,
            "predictions": [float(value) for line in answer for value in line if value],
            "labels": [float(row[0]) for row in rows],
            "later": float(result[0][0]),
            "output": later.output_path,
            "failure": later.failure_path,
            "wrong": wrong,
            "config": described["AsyncInferenceConfig"],
        }
    )
)
