"""Hosting through the AWS CLI, as a user types it. AWS CLI Command Reference: `sagemaker`, `sagemaker wait`,
`sagemaker-runtime`. (Its version 1 has no commands for streams: `awscli/customizations/removals.py`.)"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import ROLE, Server
from tests.endpoints import ECHO, archive
from tests.transforms import LINES


@pytest.fixture(scope="module")
def bucket(salvia: Server) -> str:
    s3 = salvia.client("s3")
    s3.create_bucket(Bucket="by-hand")
    s3.put_object(Bucket="by-hand", Key="model.tar.gz", Body=archive(weights=b"1"))
    s3.put_object(Bucket="by-hand", Key="in/a.csv", Body=b"1\n2\n")
    for name, image in (("echo", ECHO), ("lines", LINES)):
        container = f"Image={image},ModelDataUrl=s3://by-hand/model.tar.gz,Environment={{NAME={name}}}"
        salvia.aws(
            f"aws sagemaker create-model --model-name {name} --primary-container '{container}' "
            f"--execution-role-arn {ROLE}"
        )
    return "by-hand"


def said(server: Server, command: str) -> Any:
    return json.loads(server.aws(f"aws {command}").stdout)


def test_an_endpoint_from_create_to_delete(salvia: Server, bucket: str, tmp_path: Path) -> None:
    """create, wait endpoint-in-service, invoke-endpoint, delete, wait endpoint-deleted."""
    variant = "VariantName=all,ModelName=echo,InitialInstanceCount=1,InstanceType=ml.m5.large"
    salvia.aws(
        f"aws sagemaker create-endpoint-config --endpoint-config-name by-hand --production-variants {variant} && "
        "aws sagemaker create-endpoint --endpoint-name by-hand --endpoint-config-name by-hand && "
        "aws sagemaker wait endpoint-in-service --endpoint-name by-hand"
    )
    answer = said(
        salvia,
        "sagemaker-runtime invoke-endpoint --endpoint-name by-hand --content-type text/csv --target-variant all "
        f"--inference-id one --body 1,2 {tmp_path}/answer",
    )
    assert answer["InvokedProductionVariant"] == "all"
    assert json.loads((tmp_path / "answer").read_text())["body"] == "1,2"
    listed = said(salvia, "sagemaker list-endpoints --name-contains by-hand --max-items 1")["Endpoints"]
    assert [one["EndpointStatus"] for one in listed] == ["InService"]
    salvia.aws(
        "aws sagemaker delete-endpoint --endpoint-name by-hand && "
        "aws sagemaker wait endpoint-deleted --endpoint-name by-hand && "
        "aws sagemaker delete-endpoint-config --endpoint-config-name by-hand"
    )
    refused = salvia.aws(
        f"aws sagemaker-runtime invoke-endpoint --endpoint-name by-hand --body 1 {tmp_path}/none", check=False
    )
    assert "Endpoint by-hand of account 123456789012 not found." in refused.stderr


def test_a_transform_job_is_waited_for(salvia: Server, bucket: str) -> None:
    """create-transform-job, wait transform-job-completed-or-stopped; its output by `s3 cp`."""
    salvia.aws(
        "aws sagemaker create-transform-job --transform-job-name by-hand --model-name lines "
        "--transform-input "
        f"'SplitType=Line,DataSource={{S3DataSource={{S3DataType=S3Prefix,S3Uri=s3://{bucket}/in/}}}}' "
        f"--transform-output S3OutputPath=s3://{bucket}/out,AssembleWith=Line "
        "--transform-resources InstanceType=ml.m5.large,InstanceCount=1 && "
        "aws sagemaker wait transform-job-completed-or-stopped --transform-job-name by-hand"
    )
    assert salvia.aws(f"aws s3 cp s3://{bucket}/out/a.csv.out -").stdout == "lines1\nlines2\n"
    listed = said(salvia, "sagemaker list-transform-jobs --name-contains by-hand")["TransformJobSummaries"]
    assert [one["TransformJobStatus"] for one in listed] == ["Completed"]
