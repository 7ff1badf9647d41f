"""What a user of the SDK's version 2 does with an asynchronous endpoint: `salvia exec -- python v2_async.py JOB CSV`.

Unmodified; prints one line of JSON.
"""

import json

from sagemaker.async_inference import AsyncInferenceConfig
from sagemaker.async_inference.waiter_config import WaiterConfig
from sagemaker.deserializers import CSVDeserializer
from sagemaker.exceptions import AsyncInferenceModelError
from sagemaker.predictor_async import AsyncPredictor
from sagemaker.serializers import CSVSerializer
from v2_trained import estimator, rows, session

predictor = estimator.deploy(
    initial_instance_count=1,
    instance_type="ml.m5.large",
    serializer=CSVSerializer(),
    deserializer=CSVDeserializer(),
    async_inference_config=AsyncInferenceConfig(max_concurrent_invocations_per_instance=2),
)
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
            "later": float(result[0][0]),
            "output": later.output_path,
            "failure": later.failure_path,
            "wrong": wrong,
            "config": described["AsyncInferenceConfig"],
        }
    )
)
