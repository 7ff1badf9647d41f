"""Conditions and variables on real requests. Expectations: IAM user guide, "Global condition context keys" and
"Policy variables"; S3 user guide, "Policy condition keys for Amazon S3"."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from tests.contract.test_iam import allow, deny, keys_of, policy, refused

_numbers = count(1)


@pytest.fixture(scope="module")
def iam(salvia: Any) -> Any:
    return salvia.client("iam")


@pytest.fixture(scope="module")
def bucket(salvia: Any) -> str:
    """A bucket with versions, of which `doc` has an old one that is tagged otherwise."""
    s3 = salvia.client("s3")
    s3.create_bucket(Bucket="conditions")
    s3.put_bucket_versioning(Bucket="conditions", VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket="conditions", Key="doc", Body=b"old", Tagging="Stage=secret")
    s3.put_object(Bucket="conditions", Key="doc", Body=b"new", Tagging="Stage=public")
    return "conditions"


@pytest.fixture
def client(salvia: Any, iam: Any) -> Iterator[Callable[..., Any]]:
    """`client(service, *statements)`: a new user's client, whose inline policy has the statements."""
    made = []

    def make(service: str, *statements: dict[str, Any], tags: dict[str, str] | None = None) -> Any:
        name = f"conditional-{next(_numbers)}"
        iam.create_user(UserName=name, Tags=[{"Key": key, "Value": value} for key, value in (tags or {}).items()])
        made.append(name)
        iam.put_user_policy(UserName=name, PolicyName="P", PolicyDocument=policy(*statements))
        return salvia.client(service, keys_of(iam, name))

    yield make
    for name in made:
        iam.delete_user_policy(UserName=name, PolicyName="P")
        for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
            iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
        iam.delete_user(UserName=name)


def test_the_tags_of_an_object_decide_version_by_version(salvia: Any, bucket: str, client: Any) -> None:
    """s3:ExistingObjectTag: "the existing object tag … of the requested version"."""
    s3 = client(
        "s3",
        allow("s3:*"),
        deny("s3:GetObject*", Condition={"StringEquals": {"s3:ExistingObjectTag/Stage": "secret"}}),
    )
    assert s3.get_object(Bucket=bucket, Key="doc")["Body"].read() == b"new"
    versions = salvia.client("s3").list_object_versions(Bucket=bucket)["Versions"]
    old = next(one["VersionId"] for one in versions if not one["IsLatest"])
    refused("AccessDenied", s3.get_object, Bucket=bucket, Key="doc", VersionId=old)
    source = {"Bucket": bucket, "Key": "doc", "VersionId": old}
    refused("AccessDenied", s3.copy_object, Bucket=bucket, Key="copy", CopySource=source)
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "doc"})


def test_a_tag_of_the_caller_names_its_folder(bucket: str, client: Any) -> None:
    """User guide, "Policy variables": `${aws:PrincipalTag/team, 'company-wide'}`."""
    statement = allow("s3:PutObject", "arn:aws:s3:::conditions/${aws:PrincipalTag/team, 'everybody'}/*")
    red, none = client("s3", statement, tags={"team": "red"}), client("s3", statement)
    red.put_object(Bucket=bucket, Key="red/x", Body=b"")
    refused("AccessDenied", red.put_object, Bucket=bucket, Key="everybody/x", Body=b"")
    none.put_object(Bucket=bucket, Key="everybody/x", Body=b"")
    refused("AccessDenied", none.put_object, Bucket=bucket, Key="red/x", Body=b"")


def test_the_prefix_of_a_listing_is_the_callers_own(bucket: str, client: Any) -> None:
    """User guide, the example "home directory" policy: s3:prefix with ${aws:username}."""
    s3 = client("s3", allow("s3:ListBucket", Condition={"StringLike": {"s3:prefix": ["", "home/${aws:username}/*"]}}))
    mine = f"home/conditional-{next(_numbers) - 1}/"
    s3.list_objects_v2(Bucket=bucket, Prefix="")
    s3.list_objects_v2(Bucket=bucket, Prefix=f"{mine}x")
    refused("AccessDenied", s3.list_objects_v2, Bucket=bucket, Prefix="home/other/x")
    refused("AccessDenied", s3.list_objects_v2, Bucket=bucket)  # no prefix is not an empty one


def test_tags_that_a_request_gives_are_limited(client: Any) -> None:
    """User guide, "Controlling access to AWS resources using tags": aws:RequestTag and aws:TagKeys."""
    logs = client(
        "logs",
        allow(
            ["logs:CreateLogGroup", "logs:TagResource"],
            Condition={
                "StringEquals": {"aws:RequestTag/team": "red"},
                "ForAllValues:StringEquals": {"aws:TagKeys": ["team", "stage"]},
            },
        ),
        allow(["logs:DeleteLogGroup"], Condition={"StringEquals": {"aws:ResourceTag/team": "red"}}),
    )
    refused("AccessDeniedException", logs.create_log_group, logGroupName="conditions")
    refused("AccessDeniedException", logs.create_log_group, logGroupName="conditions", tags={"team": "blue"})
    refused("AccessDeniedException", logs.create_log_group, logGroupName="conditions", tags={"team": "red", "x": "y"})
    logs.create_log_group(logGroupName="conditions", tags={"team": "red", "stage": "test"})
    logs.delete_log_group(logGroupName="conditions")


@pytest.mark.parametrize(
    ("condition", "fits"),
    [
        ({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, True),
        ({"NotIpAddress": {"aws:SourceIp": ["10.0.0.0/8", "::1/128"]}}, True),
        ({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, False),
        ({"Bool": {"aws:SecureTransport": "true"}}, False),
        ({"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}, True),
        ({"DateLessThan": {"aws:EpochTime": "1577836800"}}, False),
        ({"StringLike": {"aws:UserAgent": "*Boto3*"}}, True),
        ({"Null": {"aws:TokenIssueTime": "true"}}, True),
        ({"StringEqualsIfExists": {"aws:Referer": "http://example.com"}}, True),
        ({"StringEquals": {"aws:Referer": "http://example.com"}}, False),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/conditional-*"}}, True),
        ({"NumericLessThanEquals": {"s3:max-keys": "10"}}, True),
        ({"NumericLessThan": {"s3:max-keys": "10"}}, False),
        ({"ForAnyValue:StringEquals": {"aws:TagKeys": "x"}}, False),
    ],
)
def test_circumstances_of_a_request_count(bucket: str, client: Any, condition: dict[str, Any], fits: bool) -> None:
    s3 = client("s3", allow("s3:ListBucket", Condition=condition))
    if fits:
        s3.list_objects_v2(Bucket=bucket, MaxKeys=10)
    else:
        refused("AccessDenied", s3.list_objects_v2, Bucket=bucket, MaxKeys=10)
