"""Condition keys of requests.

Expectations: IAM user guide, "AWS global condition context keys"; service authorization reference.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from salvia.control.actions import Situation, required
from salvia.core.caller import ANONYMOUS, Caller, service_caller

ACCOUNT = "123456789012"
USER_ARN = f"arn:aws:iam::{ACCOUNT}:user/team/bob"
BOB = Caller("user", ACCOUNT, USER_ARN, "AIDABOB", USER_ARN, context={"aws:principaltag/team": "red"})
SESSION = Caller(
    "assumed-role",
    ACCOUNT,
    f"arn:aws:sts::{ACCOUNT}:assumed-role/R/s",
    "AROAR:s",
    f"arn:aws:iam::{ACCOUNT}:role/R",
)


def value(service: str, operation: str, request: dict[str, Any], key: str, **more: Any) -> Any:
    facts: dict[str, Any] = {
        "caller": BOB,
        "account": ACCOUNT,
        "region": "eu-west-1",
        "now": 1767225600.5,
        **more,
    }
    return required(service, operation, request, Situation(**facts))[0].context.get(key.lower())


JOB: dict[str, Any] = {
    "TrainingJobName": "j",
    "ResourceConfig": {
        "InstanceType": "ml.m5.large",
        "VolumeKmsKeyId": "1234",
        "KeepAlivePeriodInSeconds": 60,
        "InstanceGroups": [{"InstanceType": "ml.p4d.24xlarge"}, {"InstanceType": "ml.c5.large"}],
    },
    "OutputDataConfig": {"S3OutputPath": "s3://b", "KmsKeyId": "alias/mine"},
    "VpcConfig": {"Subnets": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]},
    "EnableNetworkIsolation": True,
    "EnableInterContainerTrafficEncryption": False,
    "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
    "RemoteDebugConfig": {"EnableRemoteDebug": True},
    "Tags": [{"Key": "Team", "Value": "red"}, {"Key": "Cost", "Value": "7"}],
}


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("sagemaker:InstanceTypes", ["ml.m5.large", "ml.p4d.24xlarge", "ml.c5.large"]),
        ("sagemaker:VolumeKmsKey", f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1234"),
        ("sagemaker:OutputKmsKey", f"arn:aws:kms:eu-west-1:{ACCOUNT}:alias/mine"),
        ("sagemaker:VpcSubnets", ["subnet-1", "subnet-2"]),
        ("sagemaker:VpcSecurityGroupIds", ["sg-1"]),
        ("sagemaker:NetworkIsolation", "true"),
        ("sagemaker:InterContainerTrafficEncryption", "false"),
        ("sagemaker:MaxRuntimeInSeconds", "3600"),
        ("sagemaker:KeepAlivePeriod", "60"),
        ("sagemaker:EnableRemoteDebug", "true"),
        ("sagemaker:RootAccess", None),
        ("sagemaker:TargetModel", None),
        ("aws:RequestTag/Team", "red"),
        ("aws:RequestTag/team", "red"),
        ("aws:RequestTag/None", None),
        ("aws:TagKeys", ["Team", "Cost"]),
        ("aws:username", "bob"),
        ("aws:userid", "AIDABOB"),
        ("aws:PrincipalArn", USER_ARN),
        ("aws:PrincipalAccount", ACCOUNT),
        ("aws:PrincipalType", "User"),
        ("aws:PrincipalTag/Team", "red"),
        ("aws:RequestedRegion", "eu-west-1"),
        ("aws:ResourceAccount", ACCOUNT),
        ("aws:CurrentTime", "2026-01-01T00:00:00.500000+00:00"),
        ("aws:EpochTime", "1767225600"),
        ("aws:SecureTransport", "false"),
        ("aws:ViaAWSService", "false"),
        ("aws:PrincipalIsAWSService", "false"),
        ("aws:SourceIp", None),
        ("aws:TokenIssueTime", None),
        ("unheard:Of", None),
    ],
)
def test_a_training_job_tells(key: str, expected: object) -> None:
    assert value("sagemaker", "CreateTrainingJob", JOB, key) == expected


def test_a_key_that_the_action_does_not_know_is_absent() -> None:
    """The reference lists sagemaker:InstanceTypes for no Describe operation."""
    assert value("sagemaker", "DescribeTrainingJob", JOB, "sagemaker:InstanceTypes") is None


def test_circumstances_come_from_the_wire() -> None:
    more: dict[str, Any] = {
        "source_ip": "203.0.113.7",
        "user_agent": "boto3",
        "secure": True,
        "via_service": True,
    }
    seen = [
        value("sagemaker", "ListModels", {}, key, **more)
        for key in ("aws:SourceIp", "aws:UserAgent", "aws:SecureTransport", "aws:ViaAWSService")
    ]
    assert seen == ["203.0.113.7", "boto3", "true", "true"]


def test_a_role_session_is_known_by_its_role() -> None:
    """`aws:PrincipalArn`: for role sessions the ARN of the role; they have no aws:username."""
    seen = [
        value("sagemaker", "ListModels", {}, key, caller=SESSION)
        for key in ("aws:PrincipalArn", "aws:username", "aws:userid", "aws:PrincipalType")
    ]
    assert seen == [SESSION.entity, None, "AROAR:s", "AssumedRole"]


def test_the_anonymous_have_no_principal_keys() -> None:
    seen = [
        value("s3", "ListBuckets", {}, key, caller=ANONYMOUS) for key in ("aws:PrincipalArn", "aws:PrincipalAccount")
    ]
    assert seen == [None, None]


def test_a_service_says_that_it_is_one() -> None:
    caller = service_caller("sagemaker.amazonaws.com", ACCOUNT)
    assert value("s3", "ListBuckets", {}, "aws:PrincipalServiceName", caller=caller) == "sagemaker.amazonaws.com"


def test_tags_of_the_resource_are_asked_for_by_its_arn() -> None:
    arn = f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:model/m"
    tags = {arn: {"Team": "red"}}.get
    for key in ("aws:ResourceTag/team", "sagemaker:ResourceTag/Team"):
        assert value("sagemaker", "DescribeModel", {"ModelName": "M"}, key, tags=tags) == "red"


@pytest.mark.parametrize(
    ("operation", "request_", "key", "expected"),
    [
        (
            "ListObjectsV2",
            {"Bucket": "b", "Prefix": "home/", "Delimiter": "/", "MaxKeys": 5},
            "s3:prefix",
            "home/",
        ),
        (
            "ListObjectsV2",
            {"Bucket": "b", "Prefix": "home/", "Delimiter": "/", "MaxKeys": 5},
            "s3:delimiter",
            "/",
        ),
        (
            "ListObjectsV2",
            {"Bucket": "b", "Prefix": "home/", "Delimiter": "/", "MaxKeys": 5},
            "s3:max-keys",
            "5",
        ),
        ("ListObjectsV2", {"Bucket": "b"}, "s3:prefix", None),
        ("PutObject", {"Bucket": "b", "Key": "k", "ACL": "public-read"}, "s3:x-amz-acl", "public-read"),
        (
            "PutObject",
            {"Bucket": "b", "Key": "k", "ServerSideEncryption": "aws:kms"},
            "s3:x-amz-server-side-encryption",
            "aws:kms",
        ),
        ("PutObject", {"Bucket": "b", "Key": "k", "Tagging": "a=1&b=2"}, "s3:RequestObjectTag/a", "1"),
        (
            "PutObject",
            {"Bucket": "b", "Key": "k", "Tagging": "a=1&b=2"},
            "s3:RequestObjectTagKeys",
            ["a", "b"],
        ),
        (
            "PutObjectTagging",
            {"Bucket": "b", "Key": "k", "Tagging": {"TagSet": [{"Key": "a", "Value": "1"}]}},
            "s3:RequestObjectTag/a",
            "1",
        ),
        ("GetObject", {"Bucket": "b", "Key": "k", "VersionId": "7"}, "s3:VersionId", "7"),
        (
            "CreateBucket",
            {"Bucket": "b", "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}},
            "s3:LocationConstraint",
            "eu-west-1",
        ),
        (
            "PutObjectRetention",
            {"Bucket": "b", "Key": "k", "Retention": {"RetainUntilDate": datetime(2030, 1, 1, tzinfo=UTC)}},
            "s3:object-lock-retain-until-date",
            "2030-01-01T00:00:00+00:00",
        ),
    ],
)
def test_s3_tells(operation: str, request_: dict[str, Any], key: str, expected: object) -> None:
    assert value("s3", operation, request_, key) == expected


def test_the_tags_of_an_object_are_asked_for() -> None:
    def tags(arn: str, version: str | None) -> dict[str, str] | None:
        return {"Stage": "raw"} if (arn, version) == ("arn:aws:s3:::b/k", None) else None

    assert value("s3", "GetObject", {"Bucket": "b", "Key": "k"}, "s3:ExistingObjectTag/Stage", tags=tags) == "raw"


@pytest.mark.parametrize(
    ("service", "operation", "request_", "key", "expected"),
    [
        (
            "iam",
            "AttachUserPolicy",
            {"UserName": "x", "PolicyArn": "arn:aws:iam::aws:policy/P"},
            "iam:PolicyARN",
            "arn:aws:iam::aws:policy/P",
        ),
        (
            "iam",
            "CreateUser",
            {"UserName": "x", "PermissionsBoundary": "arn:b"},
            "iam:PermissionsBoundary",
            "arn:b",
        ),
        ("cloudwatch", "PutMetricData", {"Namespace": "N"}, "cloudwatch:namespace", "N"),
        (
            "kms",
            "Decrypt",
            {"KeyId": "k", "EncryptionContext": {"App": "x"}},
            "kms:EncryptionContext:App",
            "x",
        ),
        (
            "kms",
            "Decrypt",
            {"KeyId": "k", "EncryptionContext": {"App": "x"}},
            "kms:EncryptionContextKeys",
            ["App"],
        ),
        ("logs", "CreateLogGroup", {"logGroupName": "g", "tags": {"a": "b"}}, "aws:RequestTag/a", "b"),
        ("sagemaker", "DeleteTags", {"ResourceArn": "arn:x", "TagKeys": ["a"]}, "aws:TagKeys", ["a"]),
        (
            "sagemaker",
            "CreateNotebookInstance",
            {"NotebookInstanceName": "n", "KmsKeyId": "arn:aws:kms:k"},
            "sagemaker:VolumeKmsKey",
            "arn:aws:kms:k",
        ),
        (
            "sagemaker",
            "CreateNotebookInstance",
            {"NotebookInstanceName": "n", "SubnetId": "s"},
            "sagemaker:VpcSubnets",
            ["s"],
        ),
        (
            "sagemaker",
            "CreateTransformJob",
            {"TransformJobName": "t", "ModelName": "M"},
            "sagemaker:ModelArn",
            f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:model/m",
        ),
    ],
)
def test_other_services_tell(
    service: str, operation: str, request_: dict[str, Any], key: str, expected: object
) -> None:
    assert value(service, operation, request_, key) == expected
