"""What a user of the SDK's version 2 does with an algorithm of one's own, unmodified: `python v2_own_algorithm.py CSV`.

Prints one line of JSON.
"""

import json
import sys

import sagemaker
from botocore.exceptions import ClientError
from sagemaker import AlgorithmEstimator, image_uris
from sagemaker.analytics import TrainingJobAnalytics

ROLE = "arn:aws:iam::123456789012:role/SageMakerExecutionRole"

session = sagemaker.Session()
data = session.upload_data(sys.argv[1], key_prefix="sdk2/own")
rounds = {"IntegerParameterRangeSpecification": {"MinValue": "1", "MaxValue": "50"}}
channel = {"SupportedContentTypes": ["text/csv"], "SupportedInputModes": ["File"]}
arn = session.sagemaker_client.create_algorithm(
    AlgorithmName="boosting",
    TrainingSpecification={
        "TrainingImage": image_uris.retrieve("xgboost", session.boto_region_name, "1.7-1"),
        "SupportedHyperParameters": [
            {"Name": "num_round", "Type": "Integer", "Range": rounds, "IsTunable": True, "DefaultValue": "5"},
            {"Name": "objective", "Type": "FreeText", "IsRequired": True},
        ],
        "SupportedTrainingInstanceTypes": ["ml.m5.large"],
        "SupportsDistributedTraining": False,
        "MetricDefinitions": [{"Name": "error", "Regex": "validation-rmse:([0-9.]+)"}],
        "TrainingChannels": [{"Name": "train", "IsRequired": True, **channel}, {"Name": "validation", **channel}],
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
try:
    estimator.deploy(1, "ml.m5.large")
    refused = ""
except ClientError as error:
    refused = str(error)
print(
    json.dumps(
        {
            "arn": arn,
            "job": session.sagemaker_client.describe_training_job(TrainingJobName=job),
            "attached": [attached.algorithm_arn, attached.hyperparameters(), attached.model_data],
            "errors": list(errors["value"]),
            "refused": refused,
        },
        default=str,
    )
)
