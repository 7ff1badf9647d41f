"""The model registry through boto3. Source: AWS's API reference, CreateModelPackage, UpdateModelPackage,
ListModelPackages, BatchDescribeModelPackage; the guide, "Model Registry Models, Model Versions, and Model Groups"."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.conftest import ROLE, Server
from tests.endpoints import ECHO, Endpoints

METRICS = {"ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": "s3://b/statistics.json"}}}


class Registry(Endpoints):
    """Groups and versions of models that are echoes."""

    def group(self) -> str:
        name = self.name("group")
        self.sagemaker.create_model_package_group(ModelPackageGroupName=name)
        return name

    def specification(self, *names: str) -> dict[str, Any]:
        """What serves: an echo for each name."""
        url = f"s3://{self.bucket}/model.tar.gz"
        containers = [{"Image": ECHO, "ModelDataUrl": url, "Environment": {"NAME": name}} for name in names or ("one",)]
        types = {"SupportedContentTypes": ["text/csv"], "SupportedResponseMIMETypes": ["text/csv"]}
        return {"Containers": containers, **types}

    def version(self, group: str, **more: Any) -> str:
        given = {"InferenceSpecification": self.specification(), **more}
        return self.sagemaker.create_model_package(ModelPackageGroupName=group, **given)["ModelPackageArn"]

    def package(self, arn: str) -> dict[str, Any]:
        return self.sagemaker.describe_model_package(ModelPackageName=arn)


@pytest.fixture(scope="module")
def registry(salvia: Server) -> Registry:
    return Registry(salvia)


def refused(call: Any, code: str = "ValidationException", **request: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**request)
    assert caught.value.response["Error"]["Code"] == code
    return str(caught.value.response["Error"]["Message"])


def test_versions_are_numbered_and_wait_for_approval(registry: Registry) -> None:
    """A version is found by its ARN, model-package/GROUP/NUMBER; what it was registered with is kept."""
    group = registry.group()
    metrics = {"ModelMetrics": METRICS, "DriftCheckBaselines": METRICS}
    first = registry.version(group, **metrics, CustomerMetadataProperties={"a": "1", "b": "2"}, Domain="OTHER")
    second = registry.version(group, ModelApprovalStatus="Approved", ModelPackageDescription="the better one")
    prefix = f"arn:aws:sagemaker:us-east-1:123456789012:model-package/{group}"
    assert [first, second] == [f"{prefix}/1", f"{prefix}/2"]
    described = registry.package(first)
    assert described["ModelPackageVersion"] == 1 and described["ModelPackageGroupName"] == group
    assert described["ModelPackageStatus"] == "Completed"
    assert described["ModelPackageStatusDetails"] == {"ValidationStatuses": [], "ImageScanStatuses": []}
    assert described["ModelApprovalStatus"] == "PendingManualApproval"
    assert (described["ModelMetrics"], described["DriftCheckBaselines"]) == (METRICS, METRICS)
    assert described["InferenceSpecification"]["Containers"][0]["Image"] == ECHO
    assert described["CreatedBy"]["IamIdentity"]["Arn"]

    registry.sagemaker.update_model_package(
        ModelPackageArn=first,
        ModelApprovalStatus="Rejected",
        ApprovalDescription="too slow",
        CustomerMetadataProperties={"c": "3"},
        CustomerMetadataPropertiesToRemove=["a"],
        ModelLifeCycle={"Stage": "Staging", "StageStatus": "Refused"},
    )
    described = registry.package(first)
    assert (described["ModelApprovalStatus"], described["ApprovalDescription"]) == ("Rejected", "too slow")
    assert described["CustomerMetadataProperties"] == {"b": "2", "c": "3"}
    assert described["ModelLifeCycle"] == {"Stage": "Staging", "StageStatus": "Refused"}
    assert described["LastModifiedTime"] >= described["CreationTime"]


def test_packages_are_listed_by_group_type_and_approval(registry: Registry) -> None:
    """Unversioned is the default type; a group names its versions, the newest first."""
    group, alone = registry.group(), registry.name("alone")
    versions = [registry.version(group, ModelApprovalStatus=one) for one in ("Approved", "Rejected", "Approved")]
    made = registry.sagemaker.create_model_package(
        ModelPackageName=alone, InferenceSpecification=registry.specification()
    )

    def listed(**request: Any) -> list[str]:
        pages = registry.sagemaker.get_paginator("list_model_packages").paginate(
            **request, PaginationConfig={"PageSize": 2}
        )
        return [one["ModelPackageArn"] for page in pages for one in page["ModelPackageSummaryList"]]

    assert listed(ModelPackageGroupName=group) == versions[::-1]
    arn = f"arn:aws:sagemaker:us-east-1:123456789012:model-package-group/{group}"
    assert listed(ModelPackageGroupName=arn, ModelApprovalStatus="Approved") == [versions[2], versions[0]]
    assert made["ModelPackageArn"] in listed() and not {*versions} & {*listed()}
    assert {*versions, made["ModelPackageArn"]} <= {*listed(ModelPackageType="Both")}
    assert {*versions} <= {*listed(ModelPackageType="Versioned")}
    assert registry.package(alone)["ModelPackageName"] == alone
    found = registry.sagemaker.search(
        Resource="ModelPackage",
        SearchExpression={
            "Filters": [
                {"Name": "ModelPackageGroupName", "Operator": "Equals", "Value": group},
                {"Name": "ModelApprovalStatus", "Operator": "Equals", "Value": "Rejected"},
            ]
        },
    )
    assert [one["ModelPackage"]["ModelPackageArn"] for one in found["Results"]] == [versions[1]]


def test_several_are_described_at_once(registry: Registry) -> None:
    """BatchDescribeModelPackage: what is not there is in its error map."""
    arn = registry.version(registry.group())
    answer = registry.sagemaker.batch_describe_model_package(ModelPackageArnList=[arn, f"{arn}7"])
    assert answer["ModelPackageSummaries"][arn]["ModelPackageVersion"] == 1
    assert answer["BatchDescribeModelPackageErrorMap"] == {
        f"{arn}7": {"ErrorCode": "ValidationException", "ErrorResponse": f"ModelPackage {arn}7 does not exist."}
    }


def test_a_version_is_registered_once_for_one_token_and_its_number_never_again(registry: Registry) -> None:
    """ClientToken: "A unique token that guarantees that the call to this API is idempotent"."""
    group = registry.group()
    first = registry.version(group, ClientToken="one")
    assert registry.version(group, ClientToken="one") == first
    message = refused(registry.sagemaker.delete_model_package_group, "ConflictException", ModelPackageGroupName=group)
    assert "it still has ModelPackages" in message
    registry.sagemaker.delete_model_package(ModelPackageName=first)
    assert "does not exist" in refused(registry.sagemaker.describe_model_package, ModelPackageName=first)
    assert registry.version(group).endswith("/2")
    registry.sagemaker.delete_model_package(ModelPackageName=registry.package(first[:-1] + "2")["ModelPackageArn"])
    registry.sagemaker.delete_model_package_group(ModelPackageGroupName=group)


def test_an_approved_version_is_deployed(registry: Registry) -> None:
    """CreateModel with ModelPackageName: "the name or ARN of the model package to use to create the model"; the model
    serves with the package's containers and the model's own environment, also once the package is gone."""
    group = registry.group()
    extra = {"Name": "both", **registry.specification("first", "second")}
    arn = registry.version(group, AdditionalInferenceSpecifications=[extra])
    model = registry.name("model")

    def create(name: str, **container: Any) -> Any:
        return {
            "ModelName": name,
            "PrimaryContainer": {"ModelPackageName": arn, **container},
            "ExecutionRoleArn": ROLE,
        }

    message = refused(registry.sagemaker.create_model, **create(model))
    assert message == (
        f"ModelPackage {arn} has the ModelApprovalStatus PendingManualApproval. Approve it first: UpdateModelPackage."
    )
    registry.sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    registry.sagemaker.create_model(**create(model, Environment={"COLOUR": "green"}))
    described = registry.sagemaker.describe_model(ModelName=model)["PrimaryContainer"]
    assert described["ModelPackageName"] == arn and "Image" not in described
    both = registry.name("model")
    registry.sagemaker.create_model(**create(both, InferenceSpecificationName="both"))
    registry.sagemaker.delete_model_package(ModelPackageName=arn)
    endpoint = registry.create(registry.config(registry.variant(model)))
    assert registry.describe(endpoint)["EndpointStatus"] == "InService"
    told = registry.server.client("sagemaker-runtime").invoke_endpoint(EndpointName=endpoint, Body=b"x")["Body"].read()
    assert b"one" in told
    registry.sagemaker.delete_endpoint(EndpointName=endpoint)
    absent = registry.name("model")
    assert "does not exist" in refused(registry.sagemaker.create_model, **create(absent))


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({}, "Exactly one of ModelPackageName and ModelPackageGroupName"),
        ({"ModelPackageName": "a"}, "needs an InferenceSpecification"),
        ({"ModelPackageGroupName": "absent"}, "Could not find ModelPackageGroup 'absent'"),
        (
            {"ModelPackageName": "a", "InferenceSpecification": {"Containers": [{"ModelDataUrl": "s3://b/k"}]}},
            "InferenceSpecification, container 1: it needs an Image.",
        ),
        (
            {"ModelPackageName": "a", "InferenceSpecification": {"Containers": [{"Image": "nobody/has:this"}]}},
            "nobody/has:this",
        ),
        (
            {
                "ModelPackageName": "a",
                "ModelApprovalStatus": "Approved",
                "InferenceSpecification": {"Containers": [{"Image": ECHO}]},
            },
            "ModelApprovalStatus is for versions",
        ),
        (
            {
                "ModelPackageName": "a",
                "InferenceSpecification": {"Containers": [{"Image": ECHO, "ModelDataUrl": "https://b"}]},
            },
            "container 1: 'https://b' names no object of S3",
        ),
        (
            {
                "ModelPackageName": "a",
                "InferenceSpecification": {
                    "Containers": [{"Image": ECHO, "ModelDataUrl": "s3://nobodys/model.tar.gz"}]
                },
            },
            "Could not find model data at s3://nobodys/model.tar.gz",
        ),
    ],
)
def test_what_cannot_be_registered_says_why(registry: Registry, request_: dict[str, Any], said: str) -> None:
    """ValidationException, which names the member."""
    with pytest.raises(ClientError) as caught:
        registry.sagemaker.create_model_package(**request_)
    assert said in caught.value.response["Error"]["Message"]


def test_a_policy_lets_others_use_a_group(registry: Registry, salvia: Server) -> None:
    """API_PutModelPackageGroupPolicy; IAM: what a resource's own policy allows, the user's need not; a denial wins."""
    group, iam, user = registry.group(), salvia.client("iam"), registry.name("user")
    version = registry.version(group)
    arn = iam.create_user(UserName=user)["User"]["Arn"]
    made = iam.create_access_key(UserName=user)["AccessKey"]
    theirs = salvia.client("sagemaker", (made["AccessKeyId"], made["SecretAccessKey"], None))
    denied = "AccessDeniedException"
    refused(theirs.describe_model_package, denied, ModelPackageName=version)
    allow = {
        "Effect": "Allow",
        "Principal": {"AWS": arn},
        "Action": "sagemaker:DescribeModelPackage",
        "Resource": f"{version.rpartition('/')[0]}/*",
    }
    text = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    named = {"ModelPackageGroupName": group}
    put = registry.sagemaker.put_model_package_group_policy(**named, ResourcePolicy=text)
    assert put["ModelPackageGroupArn"].endswith(f":model-package-group/{group}")
    assert registry.sagemaker.get_model_package_group_policy(**named)["ResourcePolicy"] == text
    assert theirs.describe_model_package(ModelPackageName=version)["ModelPackageArn"] == version
    refused(theirs.delete_model_package, denied, ModelPackageName=version)
    registry.sagemaker.delete_model_package_group_policy(**named)
    assert "no resource policy" in refused(registry.sagemaker.get_model_package_group_policy, **named)
    refused(theirs.describe_model_package, denied, ModelPackageName=version)
    iam.delete_access_key(UserName=user, AccessKeyId=made["AccessKeyId"])
    iam.delete_user(UserName=user)
    put = registry.sagemaker.put_model_package_group_policy
    wrong = (
        {**allow, "Action": "s3:GetObject"},
        {**allow, "Resource": "*"},
        {k: allow[k] for k in allow if k != "Principal"},
    )
    for statement in wrong:
        refused(put, **named, ResourcePolicy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    assert "Syntax errors" in refused(put, **named, ResourcePolicy="no policy")
