"""Built-in algorithms through the front door: what a user reads when the data is wrong, and a batch transform.

Expectations: SageMaker developer guide, "K-Means Algorithm", "K-Means Response Formats"; API_DescribeTrainingJob.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.conftest import Server

IMAGE = "382416733822.dkr.ecr.us-east-1.amazonaws.com/kmeans:1"
ROLE = "arn:aws:iam::123456789012:role/SageMakerExecutionRole"
ROWS = [f"{x},{y}" for x in (0, 100) for y in range(20)]  # two groups, apart in their first column


def trained(salvia: Server, name: str, content: str, instances: int = 1, **hyperparameters: str) -> dict[str, Any]:
    """A job on one file, ended."""
    s3, sagemaker = salvia.client("s3"), salvia.client("sagemaker")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="train/rows.csv", Body=content.encode())
    sagemaker.create_training_job(
        TrainingJobName=name,
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        RoleArn=ROLE,
        InputDataConfig=[
            {
                "ChannelName": "train",
                "ContentType": "text/csv;label_size=0",
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{name}/train/"}},
            }
        ],
        OutputDataConfig={"S3OutputPath": f"s3://{name}/models"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": instances, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 600},
        HyperParameters={"k": "2", "feature_dim": "2", **hyperparameters},
    )
    waiter = sagemaker.get_waiter("training_job_completed_or_stopped")
    try:
        waiter.wait(TrainingJobName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 300})
    except Exception as failed:
        assert "Failed" in str(failed)
    return sagemaker.describe_training_job(TrainingJobName=name)


@pytest.mark.parametrize(
    ("name", "content", "instances", "reason"),
    [
        (
            "ragged",
            "1,2\n3,4,5\n",
            1,
            "ClientError: Channel 'train', file 'rows.csv', line 2: has 3 columns where the first row has 2.",
        ),
        (
            "wide",
            "1,2,3\n",
            2,
            "ClientError: The data does not fit feature_dim: channel 'train' on algo-1 has 3 features",
        ),
    ],
)
def test_the_failure_reason_says_where_the_data_is_wrong(
    salvia: Server, name: str, content: str, instances: int, reason: str
) -> None:
    job = trained(salvia, name, content, instances)
    assert job["TrainingJobStatus"] == "Failed"
    assert reason in job["FailureReason"]


def test_a_model_transforms_a_batch(salvia: Server) -> None:
    """JSON Lines, a line for each row of the CSV file, in its order."""
    job = trained(salvia, "groups", "\n".join(ROWS), eval_metrics="ssd,msd")
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    metrics = {one["MetricName"]: one["Value"] for one in job["FinalMetricDataList"]}
    assert metrics["train:ssd"] == pytest.approx(40 * metrics["train:msd"], rel=1e-3)
    sagemaker = salvia.client("sagemaker")
    model = job["ModelArtifacts"]["S3ModelArtifacts"]
    sagemaker.create_model(
        ModelName="groups", PrimaryContainer={"Image": IMAGE, "ModelDataUrl": model}, ExecutionRoleArn=ROLE
    )
    sagemaker.create_transform_job(
        TransformJobName="groups",
        ModelName="groups",
        TransformInput={
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://groups/train/"}},
            "ContentType": "text/csv",
            "SplitType": "Line",
        },
        TransformOutput={
            "S3OutputPath": "s3://groups/out",
            "Accept": "application/jsonlines",
            "AssembleWith": "Line",
        },
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
    )
    sagemaker.get_waiter("transform_job_completed_or_stopped").wait(
        TransformJobName="groups", WaiterConfig={"Delay": 1, "MaxAttempts": 300}
    )
    body = salvia.client("s3").get_object(Bucket="groups", Key="out/rows.csv.out")["Body"].read()
    found = [json.loads(line)["closest_cluster"] for line in body.decode().splitlines() if line]
    assert len(found) == 40
    assert len(set(found[:20])) == len(set(found[20:])) == 1
    assert found[0] != found[-1]
