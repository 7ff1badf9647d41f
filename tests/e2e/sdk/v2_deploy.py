"""What a user of the SDK's version 2 does with a model, unmodified: `salvia exec -- python v2_deploy.py CSV`.

Prints one line of JSON.
"""

import json
import sys
from pathlib import Path

import sagemaker
from sagemaker import image_uris
from sagemaker.deserializers import CSVDeserializer
from sagemaker.estimator import Estimator
from sagemaker.inputs import TrainingInput
from sagemaker.serializers import CSVSerializer
from sagemaker.serverless import ServerlessInferenceConfig

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
)
rows = [line.split(",") for line in Path(sys.argv[1]).read_text().splitlines()[:50]]
answer = predictor.predict([row[1:] for row in rows])
predictions = [float(value) for line in answer for value in line if value]
endpoint = predictor.endpoint_name
described = session.describe_endpoint(endpoint)
predictor.update_endpoint(initial_instance_count=2, instance_type="ml.m5.large")
after = session.describe_endpoint(endpoint)
still = predictor.predict([rows[0][1:]])
serverless = estimator.deploy(
    serverless_inference_config=ServerlessInferenceConfig(memory_size_in_mb=2048, max_concurrency=2),
    endpoint_name=f"{endpoint}-serverless",
    serializer=CSVSerializer(),
    deserializer=CSVDeserializer(),
)
config = session.describe_endpoint(serverless.endpoint_name)["ProductionVariants"][0]["CurrentServerlessConfig"]
from_zero = serverless.predict([rows[0][1:]])
serverless.delete_endpoint()
predictor.delete_model()
predictor.delete_endpoint()
gone = ""
try:
    session.describe_endpoint(endpoint)
    session.sagemaker_client.get_waiter("endpoint_deleted").wait(EndpointName=endpoint)
except session.sagemaker_client.exceptions.ClientError as error:
    gone = error.response["Error"]["Message"]

print()  # behind the dots of progress
print(
    json.dumps(
        {
            "status": described["EndpointStatus"],
            "labels": [float(row[0]) for row in rows],
            "predictions": predictions,
            "updated": after["ProductionVariants"][0]["CurrentInstanceCount"],
            "still": float(still[0][0]),
            "serverless": config,
            "from_zero": float(from_zero[0][0]),
            "gone": gone,
        }
    )
)
