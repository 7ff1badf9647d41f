"""What a user of the SDK's version 2 does with an algorithm of one's own, unmodified: `python v2_own_algorithm.py CSV`.

Prints one line of JSON.
"""

import json
import sys
from pathlib import Path

import sagemaker
from sagemaker import AlgorithmEstimator, image_uris
from sagemaker.analytics import TrainingJobAnalytics

ROLE = "arn:aws:iam::123456789012:role/SageMakerExecutionRole"

session = sagemaker.Session()
data = session.upload_data(sys.argv[1], key_prefix="sdk2/own")
image = image_uris.retrieve("xgboost", session.boto_region_name, "1.7-1")
rounds = {"IntegerParameterRangeSpecification": {"MinValue": "1", "MaxValue": "50"}}
channel = {"SupportedContentTypes": ["text/csv"], "SupportedInputModes": ["File"]}
arn = session.sagemaker_client.create_algorithm(
    AlgorithmName="boosting",
    TrainingSpecification={
        "TrainingImage": image,
        "SupportedHyperParameters": [
            {"Name": "num_round", "Type": "Integer", "Range": rounds, "IsTunable": True, "DefaultValue": "5"},
            {"Name": "objective", "Type": "FreeText", "IsRequired": True},
        ],
        "SupportedTrainingInstanceTypes": ["ml.m5.large"],
        "SupportsDistributedTraining": False,
        "MetricDefinitions": [{"Name": "error", "Regex": "validation-rmse:([0-9.]+)"}],
        "TrainingChannels": [{"Name": "train", "IsRequired": True, **channel}, {"Name": "validation", **channel}],
    },
    InferenceSpecification={
        "Containers": [{"Image": image}],
        "SupportedTransformInstanceTypes": ["ml.m5.large"],
        "SupportedRealtimeInferenceInstanceTypes": ["ml.m5.large"],
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv"],
    },
)["AlgorithmArn"]
estimator = AlgorithmEstimator(
    arn,
    ROLE,
    instance_count=1,
    instance_type="ml.m5.large",
    sagemaker_session=session,
    hyperparameters={"objective": "reg:squarederror"},
)
inputs = sagemaker.inputs.TrainingInput(data, content_type="text/csv")
estimator.fit({"train": inputs, "validation": inputs}, logs=True)
job = estimator.latest_training_job.name
attached = AlgorithmEstimator.attach(job)
errors = TrainingJobAnalytics(job, sagemaker_session=session).dataframe()
predictor = estimator.deploy(1, "ml.m5.large", wait=False)
session.sagemaker_client.get_waiter("endpoint_in_service").wait(
    EndpointName=predictor.endpoint_name, WaiterConfig={"Delay": 1, "MaxAttempts": 300}
)
rows = [line.partition(",")[2] for line in Path(sys.argv[1]).read_text().splitlines()]
answer = predictor.predict("\n".join(rows).encode(), initial_args={"ContentType": "text/csv"})
predictor.delete_endpoint()
print(
    json.dumps(
        {
            "arn": arn,
            "job": session.sagemaker_client.describe_training_job(TrainingJobName=job),
            "attached": [attached.algorithm_arn, attached.hyperparameters(), attached.model_data],
            "errors": list(errors["value"]),
            "predictions": [float(one) for one in answer.decode().replace(",", "\n").split()],
        },
        default=str,
    )
)
