"""What a user of the SDK's version 2 does, unmodified: `salvia exec -- python v2.py CSV`. Prints one line of JSON."""

import json
import sys

import boto3
import sagemaker
from sagemaker import image_uris
from sagemaker.analytics import TrainingJobAnalytics
from sagemaker.estimator import Estimator
from sagemaker.inputs import TrainingInput

ROLE = "arn:aws:iam::123456789012:role/SageMakerExecutionRole"

session = sagemaker.Session()
data = session.upload_data(sys.argv[1], key_prefix="sdk2/train")
estimator = Estimator(
    image_uris.retrieve("xgboost", session.boto_region_name, "1.7-1"),
    ROLE,
    instance_count=1,
    instance_type="ml.m5.large",
    sagemaker_session=session,
    hyperparameters={"num_round": 5, "objective": "reg:squarederror"},
)
channel = TrainingInput(data, content_type="text/csv")
estimator.fit({"train": channel, "validation": channel}, logs=True)
job = estimator.latest_training_job.name
attached = Estimator.attach(job)
metrics = TrainingJobAnalytics(job, sagemaker_session=session).dataframe()

# Someone who works under a role, as in Studio: the SDK asks STS, then IAM, who that is.
trust = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "sts:AssumeRole"}
rights = {"Effect": "Allow", "Action": "iam:GetRole", "Resource": "*"}
iam = boto3.client("iam")
role = iam.create_role(RoleName="scientist", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))["Role"]["Arn"]
iam.put_role_policy(RoleName="scientist", PolicyName="p", PolicyDocument=json.dumps({"Statement": [rights]}))
keys = boto3.client("sts").assume_role(RoleArn=role, RoleSessionName="morning")["Credentials"]
scientist = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
execution_role = sagemaker.get_execution_role(sagemaker.Session(scientist))

print(
    json.dumps(
        {
            "version": sagemaker.__version__,
            "bucket": session.default_bucket(),
            "data": data,
            "job": job,
            "model": estimator.model_data,
            "attached": {"model": attached.model_data, "hyperparameters": attached.hyperparameters()},
            "metrics": {name: list(rows["value"]) for name, rows in metrics.groupby("metric_name")},
            "execution_role": execution_role,
        }
    )
)
