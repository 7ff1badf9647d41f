"""Which actions on which resources an operation needs.

Expectations: service authorization reference of each service; S3 user guide, "Required permissions for Amazon
S3 API operations"; CloudWatch Logs user guide, "Resources and operations".
"""

from __future__ import annotations

import gzip
import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from salvia.control.actions import CLOSED, FREE, Situation, entries, need, required
from salvia.control.actions.exceptions import ACTIONS, RESOURCES, SPECIAL, copy_source
from salvia.core.caller import Caller
from salvia.core.errors import ServiceError

ACCOUNT = "123456789012"
USER_ARN = f"arn:aws:iam::{ACCOUNT}:user/team/bob"
BOB = Caller("user", ACCOUNT, USER_ARN, "AIDABBBBBBBBBBBBBBBB", USER_ARN)
SM = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:"
LOGS = f"arn:aws:logs:us-east-1:{ACCOUNT}:"
IAM = f"arn:aws:iam::{ACCOUNT}:"
OBJECT = {"Bucket": "b", "Key": "a/k"}
O_ARN = "arn:aws:s3:::b/a/k"


def resolve(kind: str, account: str, name: str) -> str | None:
    return {("user", "eve"): f"{IAM}user/path/eve", ("role", "R"): f"{IAM}role/service/R"}.get((kind, name))


def situation(**more: Any) -> Situation:
    return Situation(
        **{"caller": BOB, "account": ACCOUNT, "region": "us-east-1", "now": 0.0, "resolve": resolve, **more}
    )


def needs(service: str, operation: str, request: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one.action, one.resource) for one in required(service, operation, request, situation())]


CASES: list[tuple[str, str, dict[str, Any], list[tuple[str, str]]]] = [
    (
        "sagemaker",
        "CreateTrainingJob",
        {"TrainingJobName": "My-Job"},
        [("sagemaker:CreateTrainingJob", f"{SM}training-job/my-job")],
    ),
    (
        "sagemaker",
        "CreateTrainingJob",
        {"TrainingJobName": "j", "Tags": [{"Key": "a", "Value": "b"}]},
        [
            ("sagemaker:CreateTrainingJob", f"{SM}training-job/j"),
            ("sagemaker:AddTags", f"{SM}training-job/j"),
        ],
    ),
    (
        "sagemaker",
        "CreateTrainingJob",
        {"TrainingJobName": "j", "Tags": []},
        [("sagemaker:CreateTrainingJob", f"{SM}training-job/j")],
    ),
    (
        "sagemaker",
        "DescribeTrainingJob",
        {"TrainingJobName": "j"},
        [("sagemaker:DescribeTrainingJob", f"{SM}training-job/j")],
    ),
    (
        "sagemaker",
        "StopTrainingJob",
        {"TrainingJobName": "j"},
        [("sagemaker:StopTrainingJob", f"{SM}training-job/j")],
    ),
    ("sagemaker", "ListTrainingJobs", {}, [("sagemaker:ListTrainingJobs", "*")]),
    (
        "sagemaker_metrics",
        "BatchPutMetrics",
        {"TrialComponentName": "c"},
        [("sagemaker:BatchPutMetrics", f"{SM}experiment-trial-component/c")],
    ),
    (
        "sagemaker_metrics",
        "BatchGetMetrics",
        {"MetricQueries": [{"ResourceArn": f"{SM}experiment-trial-component/c"}]},
        [("sagemaker:BatchGetMetrics", f"{SM}experiment-trial-component/c")],
    ),
    ("sagemaker", "Search", {"Resource": "TrainingJob"}, [("sagemaker:Search", "*")]),
    ("sagemaker", "AddTags", {"ResourceArn": f"{SM}model/m"}, [("sagemaker:AddTags", f"{SM}model/m")]),
    ("sagemaker", "ListTags", {"ResourceArn": f"{SM}model/m"}, [("sagemaker:ListTags", f"{SM}model/m")]),
    (
        "sagemaker",
        "CreateEndpoint",
        {"EndpointName": "E", "EndpointConfigName": "C"},
        [
            ("sagemaker:CreateEndpoint", f"{SM}endpoint-config/c"),
            ("sagemaker:CreateEndpoint", f"{SM}endpoint/e"),
        ],
    ),
    ("sagemaker", "CreateDomain", {"DomainName": "d"}, [("sagemaker:CreateDomain", f"{SM}domain/*")]),
    ("sagemaker", "DescribeDomain", {"DomainId": "d-1"}, [("sagemaker:DescribeDomain", f"{SM}domain/d-1")]),
    (
        "sagemaker",
        "DescribePipelineExecution",
        {"PipelineExecutionArn": f"{SM}pipeline/p/execution/e"},
        [("sagemaker:DescribePipelineExecution", f"{SM}pipeline/p/execution/e")],
    ),
    (
        "sagemaker",
        "DescribePipeline",
        {"PipelineName": "P"},
        [("sagemaker:DescribePipeline", f"{SM}pipeline/p")],
    ),
    (
        "sagemaker",
        "DescribePipeline",
        {"PipelineName": f"{SM}pipeline/p"},
        [("sagemaker:DescribePipeline", f"{SM}pipeline/p")],
    ),
    (
        "sagemaker",
        "CreateAutoMLJobV2",
        {"AutoMLJobName": "a"},
        [("sagemaker:CreateAutoMLJobV2", f"{SM}automl-job/a")],
    ),
    (
        "sagemaker",
        "BatchDescribeModelPackage",
        {"ModelPackageArnList": [f"{SM}model-package/g/1", f"{SM}model-package/g/2"]},
        [
            ("sagemaker:BatchDescribeModelPackage", f"{SM}model-package/g/1"),
            ("sagemaker:BatchDescribeModelPackage", f"{SM}model-package/g/2"),
        ],
    ),
    (
        "sagemaker_runtime",
        "InvokeEndpoint",
        {"EndpointName": "E"},
        [("sagemaker:InvokeEndpoint", f"{SM}endpoint/e")],
    ),
    # S3: the table of "Required permissions for Amazon S3 API operations".
    ("s3", "GetObject", OBJECT, [("s3:GetObject", O_ARN)]),
    ("s3", "GetObject", {**OBJECT, "VersionId": "1"}, [("s3:GetObjectVersion", O_ARN)]),
    ("s3", "HeadObject", OBJECT, [("s3:GetObject", O_ARN)]),
    ("s3", "HeadObject", {**OBJECT, "VersionId": "1"}, [("s3:GetObjectVersion", O_ARN)]),
    ("s3", "GetObjectAttributes", OBJECT, [("s3:GetObject", O_ARN), ("s3:GetObjectAttributes", O_ARN)]),
    ("s3", "PutObject", OBJECT, [("s3:PutObject", O_ARN)]),
    ("s3", "PutObject", {**OBJECT, "ACL": "private"}, [("s3:PutObject", O_ARN)]),
    (
        "s3",
        "PutObject",
        {**OBJECT, "ACL": "public-read"},
        [("s3:PutObject", O_ARN), ("s3:PutObjectAcl", O_ARN)],
    ),
    (
        "s3",
        "PutObject",
        {**OBJECT, "Tagging": "a=b"},
        [("s3:PutObject", O_ARN), ("s3:PutObjectTagging", O_ARN)],
    ),
    ("s3", "CreateMultipartUpload", OBJECT, [("s3:PutObject", O_ARN)]),
    ("s3", "UploadPart", OBJECT, [("s3:PutObject", O_ARN)]),
    ("s3", "CompleteMultipartUpload", OBJECT, [("s3:PutObject", O_ARN)]),
    ("s3", "AbortMultipartUpload", OBJECT, [("s3:AbortMultipartUpload", O_ARN)]),
    ("s3", "ListParts", OBJECT, [("s3:ListMultipartUploadParts", O_ARN)]),
    ("s3", "ListMultipartUploads", {"Bucket": "b"}, [("s3:ListBucketMultipartUploads", "arn:aws:s3:::b")]),
    (
        "s3",
        "CopyObject",
        {**OBJECT, "CopySource": "src/x%20y"},
        [("s3:GetObject", "arn:aws:s3:::src/x y"), ("s3:PutObject", O_ARN)],
    ),
    (
        "s3",
        "CopyObject",
        {**OBJECT, "CopySource": "/src/x?versionId=7"},
        [("s3:GetObjectVersion", "arn:aws:s3:::src/x"), ("s3:PutObject", O_ARN)],
    ),
    (
        "s3",
        "UploadPartCopy",
        {**OBJECT, "CopySource": "src/x"},
        [("s3:GetObject", "arn:aws:s3:::src/x"), ("s3:PutObject", O_ARN)],
    ),
    ("s3", "DeleteObject", OBJECT, [("s3:DeleteObject", O_ARN)]),
    ("s3", "DeleteObject", {**OBJECT, "VersionId": "1"}, [("s3:DeleteObjectVersion", O_ARN)]),
    ("s3", "DeleteObjects", {"Bucket": "b", "Delete": {"Objects": [{"Key": "x"}]}}, []),
    ("s3", "ListObjectsV2", {"Bucket": "b"}, [("s3:ListBucket", "arn:aws:s3:::b")]),
    ("s3", "ListObjects", {"Bucket": "b"}, [("s3:ListBucket", "arn:aws:s3:::b")]),
    ("s3", "HeadBucket", {"Bucket": "b"}, [("s3:ListBucket", "arn:aws:s3:::b")]),
    ("s3", "ListBuckets", {}, [("s3:ListAllMyBuckets", "*")]),
    ("s3", "ListObjectVersions", {"Bucket": "b"}, [("s3:ListBucketVersions", "arn:aws:s3:::b")]),
    ("s3", "CreateBucket", {"Bucket": "b"}, [("s3:CreateBucket", "arn:aws:s3:::b")]),
    ("s3", "DeleteBucketTagging", {"Bucket": "b"}, [("s3:PutBucketTagging", "arn:aws:s3:::b")]),
    ("s3", "GetBucketEncryption", {"Bucket": "b"}, [("s3:GetEncryptionConfiguration", "arn:aws:s3:::b")]),
    (
        "s3",
        "PutObject",
        {"Bucket": "b", "Key": "arn:aws:s3:::{x}"},
        [("s3:PutObject", "arn:aws:s3:::b/arn:aws:s3:::{x}")],
    ),
    # IAM: paths are known only to who stores the entities.
    ("iam", "GetUser", {"UserName": "eve"}, [("iam:GetUser", f"{IAM}user/path/eve")]),
    ("iam", "GetUser", {"UserName": "nobody"}, [("iam:GetUser", f"{IAM}user/nobody")]),
    ("iam", "GetUser", {}, [("iam:GetUser", USER_ARN)]),
    ("iam", "ListAccessKeys", {}, [("iam:ListAccessKeys", USER_ARN)]),
    ("iam", "CreateUser", {"UserName": "x"}, [("iam:CreateUser", f"{IAM}user/x")]),
    ("iam", "CreateUser", {"UserName": "x", "Path": "/a/b/"}, [("iam:CreateUser", f"{IAM}user/a/b/x")]),
    (
        "iam",
        "CreateRole",
        {"RoleName": "x", "Tags": [{"Key": "a", "Value": "b"}]},
        [("iam:CreateRole", f"{IAM}role/x"), ("iam:TagRole", f"{IAM}role/x")],
    ),
    (
        "iam",
        "AttachRolePolicy",
        {"RoleName": "R", "PolicyArn": "arn:aws:iam::aws:policy/X"},
        [("iam:AttachRolePolicy", f"{IAM}role/service/R")],
    ),
    (
        "iam",
        "GetPolicy",
        {"PolicyArn": "arn:aws:iam::aws:policy/X"},
        [("iam:GetPolicy", "arn:aws:iam::aws:policy/X")],
    ),
    ("iam", "ListUsers", {}, [("iam:ListUsers", f"{IAM}user/")]),
    ("iam", "ListRoles", {"PathPrefix": "/a/"}, [("iam:ListRoles", f"{IAM}role/a/")]),
    ("sts", "GetCallerIdentity", {}, []),
    ("sts", "AssumeRole", {"RoleArn": f"{IAM}role/R"}, []),
    # CloudWatch Logs.
    ("logs", "DescribeLogGroups", {}, [("logs:DescribeLogGroups", f"{LOGS}log-group::log-stream:")]),
    (
        "logs",
        "CreateLogGroup",
        {"logGroupName": "/a/b"},
        [("logs:CreateLogGroup", f"{LOGS}log-group:/a/b:log-stream:")],
    ),
    (
        "logs",
        "PutLogEvents",
        {"logGroupName": "/a", "logStreamName": "x/y"},
        [("logs:PutLogEvents", f"{LOGS}log-group:/a:log-stream:x/y")],
    ),
    (
        "logs",
        "GetLogEvents",
        {"logGroupIdentifier": f"{LOGS}log-group:/a:*", "logStreamName": "x"},
        [("logs:GetLogEvents", f"{LOGS}log-group:/a:log-stream:x")],
    ),
    (
        "logs",
        "FilterLogEvents",
        {"logGroupIdentifier": f"{LOGS}log-group:/a"},
        [("logs:FilterLogEvents", f"{LOGS}log-group:/a:log-stream:")],
    ),
    (
        "logs",
        "TagResource",
        {"resourceArn": f"{LOGS}log-group:/a"},
        [("logs:TagResource", f"{LOGS}log-group:/a")],
    ),
    # CloudWatch.
    ("cloudwatch", "PutMetricData", {"Namespace": "n"}, [("cloudwatch:PutMetricData", "*")]),
    ("cloudwatch", "GetMetricData", {}, [("cloudwatch:GetMetricData", "*")]),
    (
        "cloudwatch",
        "DeleteAlarms",
        {"AlarmNames": ["x", "y"]},
        [("cloudwatch:DeleteAlarms", f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:{name}") for name in "xy"],
    ),
    (
        "cloudwatch",
        "DescribeAlarms",
        {},
        [("cloudwatch:DescribeAlarms", f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:*")],
    ),
]


@pytest.mark.parametrize(
    ("service", "operation", "request_", "expected"),
    CASES,
    ids=[f"{c[0]}-{c[1]}-{i}" for i, c in enumerate(CASES)],
)
def test_an_operation_needs(
    service: str, operation: str, request_: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert needs(service, operation, request_) == expected


def test_an_arn_of_another_kind_opens_no_door() -> None:
    """A handler that reads only an ARN's name must not be led to a pipeline by a permission for a model."""
    found = needs("sagemaker", "DescribePipeline", {"PipelineName": f"{SM}model/p"})
    assert ("sagemaker:DescribePipeline", f"{SM}pipeline/p") in found


def _model(service: str) -> dict[str, Any]:
    spec = importlib.util.find_spec("botocore")
    assert spec is not None and spec.origin is not None
    folder = max((Path(spec.origin).parent / "data" / service.replace("_", "-")).iterdir())
    with gzip.open(folder / "service-2.json.gz", "rt") as file:
        return dict(json.load(file))


SERVICES = ["sagemaker", "sagemaker_runtime", "sagemaker_metrics", "s3", "iam", "sts", "kms", "logs", "cloudwatch"]


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_of_the_models_is_accounted_for(service: str) -> None:
    """What no table knows is denied to everybody; each is known, free, or closed with a reason."""
    known = set(entries(service)) | set(SPECIAL.get(service, {}))
    known |= {name.partition(":")[2] for name in {*FREE, *CLOSED} if name.startswith(f"{service}:")}
    assert set(_model(service)["operations"]) - known == set()


@pytest.mark.parametrize("service", SERVICES)
def test_no_exception_speaks_of_an_operation_that_is_not(service: str) -> None:
    """After an upgrade of botocore, what was renamed shows here."""
    operations = set(_model(service)["operations"])
    for table in (ACTIONS, RESOURCES, SPECIAL):
        assert set(table.get(service, {})) <= operations


@pytest.mark.parametrize("service", SERVICES)
def test_templates_name_members_of_the_models(service: str) -> None:
    """A misspelt member would silently become `*`."""
    model = _model(service)
    for operation, entry in entries(service).items():
        shape = model["operations"][operation].get("input")
        members = set(model["shapes"][shape["shape"]]["members"]) if shape else set()
        for template in entry.templates:
            places = [part for part in template if not isinstance(part, str)]
            for place in places:
                if place.members[0].startswith("@") or place.kind == "user":
                    continue  # where no user is named, the caller is meant
                assert members.intersection(place.members), (operation, place.members)


def test_an_operation_that_no_table_knows_is_denied() -> None:
    with pytest.raises(ServiceError, match="not authorized to perform: sagemaker:InventSomething") as refused:
        required("sagemaker", "InventSomething", {}, situation())
    assert refused.value.code == "AccessDeniedException"
    with pytest.raises(ServiceError, match="directory buckets"):
        required("s3", "CreateSession", {"Bucket": "b"}, situation())
    with pytest.raises(ServiceError):
        required("unheard-of", "Anything", {}, situation())


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("b/k", ("b", "k", None)),
        ("/b/a/k", ("b", "a/k", None)),
        ("b/a%2Bb%20c", ("b", "a+b c", None)),
        ("b/k?versionId=v", ("b", "k", "v")),
        ({"Bucket": "b", "Key": "k", "VersionId": "v"}, ("b", "k", "v")),
    ],
)
def test_a_copy_source_is_read(source: object, expected: tuple[str, str, str | None]) -> None:
    assert copy_source(source) == expected


def test_pass_role_is_a_need_of_its_own() -> None:
    one = need("iam:PassRole", f"{IAM}role/R", situation(extra={"iam:passedtoservice": "sagemaker.amazonaws.com"}))
    assert (one.action, one.resource) == ("iam:PassRole", f"{IAM}role/R")
    assert one.context.get("iam:passedtoservice") == "sagemaker.amazonaws.com"
