"""Lifecycle rules: what may be said, and that it is done, on a server whose clock can be advanced.

Expectations: S3 user guide, "Managing the lifecycle of objects", "Lifecycle configuration elements"; the API
reference's page of PutBucketLifecycleConfiguration.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from s3_cases import refused
from tests.conftest import Server, eventually


@pytest.fixture(scope="module")
def virtual(make_server: Callable[..., Server]) -> Server:
    return make_server("--clock", "virtual")


@pytest.fixture(scope="module")
def s3(virtual: Server) -> Any:
    return virtual.client("s3")


@pytest.fixture
def bucket(s3: Any) -> str:
    name = f"expiring-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    return name


def put(s3: Any, bucket: str, *rules: dict[str, Any]) -> None:
    named = [{"ID": f"rule-{n}", "Status": "Enabled", "Filter": {}, **rule} for n, rule in enumerate(rules)]
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": named})


def keys(s3: Any, bucket: str) -> list[str]:
    return [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]


def becomes(check: Callable[[], Any], wanted: Any) -> None:
    eventually(lambda: check() == wanted, 20, f"{wanted!r}; there is {check()!r}")


def versions(s3: Any, bucket: str) -> tuple[int, int]:
    """How many versions, and how many delete markers."""
    listed = s3.list_object_versions(Bucket=bucket)
    return len(listed.get("Versions", [])), len(listed.get("DeleteMarkers", []))


def test_a_configuration_comes_back_as_it_was_put(s3: Any, bucket: str) -> None:
    """API_GetBucketLifecycleConfiguration; a rule without an ID gets one."""
    midnight = datetime(2040, 1, 1, tzinfo=UTC)
    rules: list[dict[str, Any]] = [
        {"ID": "a", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 30}},
        {"ID": "b", "Status": "Disabled", "Prefix": "", "Expiration": {"Date": midnight}},
        {
            "Status": "Enabled",
            "Filter": {
                "And": {"Prefix": "t/", "Tags": [{"Key": "k", "Value": "v"}], "ObjectSizeGreaterThan": 10},
            },
            "Expiration": {"Days": 1},
            "NoncurrentVersionExpiration": {"NoncurrentDays": 3, "NewerNoncurrentVersions": 2},
        },
        {
            "ID": "d",
            "Status": "Enabled",
            "Filter": {"Prefix": "u/"},
            "Expiration": {"ExpiredObjectDeleteMarker": True},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
        },
    ]
    assert refused(s3.get_bucket_lifecycle_configuration, Bucket=bucket) == ("NoSuchLifecycleConfiguration", 404)
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
    kept = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert kept[2].pop("ID")
    assert kept == rules
    s3.delete_bucket_lifecycle(Bucket=bucket)
    assert refused(s3.get_bucket_lifecycle_configuration, Bucket=bucket) == ("NoSuchLifecycleConfiguration", 404)


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ({}, "InvalidRequest"),
        ({"Expiration": {"Days": 0}}, "InvalidArgument"),
        ({"Expiration": {"Days": 1, "ExpiredObjectDeleteMarker": True}}, "MalformedXML"),
        ({"Expiration": {}}, "MalformedXML"),
        ({"Expiration": {"Date": datetime(2030, 1, 1, 1, tzinfo=UTC)}}, "InvalidArgument"),
        ({"Expiration": {"Days": 1}, "ID": "x" * 256}, "InvalidArgument"),
        ({"Expiration": {"Days": 1}, "Prefix": "p"}, "MalformedXML"),
        ({"Expiration": {"Days": 1}, "Filter": {"Prefix": "p", "ObjectSizeLessThan": 5}}, "MalformedXML"),
        ({"Expiration": {"Days": 1}, "Filter": {"And": {"Prefix": "p"}}}, "MalformedXML"),
        (
            {"Expiration": {"Days": 1}, "Filter": {"And": {"ObjectSizeLessThan": 5, "ObjectSizeGreaterThan": 5}}},
            "InvalidRequest",
        ),
        (
            {"Expiration": {"ExpiredObjectDeleteMarker": True}, "Filter": {"Tag": {"Key": "a", "Value": "b"}}},
            "InvalidRequest",
        ),
        (
            {"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}, "Filter": {"ObjectSizeLessThan": 5}},
            "InvalidRequest",
        ),
        ({"NoncurrentVersionExpiration": {"NewerNoncurrentVersions": 1}}, "MalformedXML"),
        ({"Transitions": [{"Days": 1, "StorageClass": "GLACIER"}]}, "NotImplemented"),
        (
            {"NoncurrentVersionTransitions": [{"NoncurrentDays": 1, "StorageClass": "GLACIER"}]},
            "NotImplemented",
        ),
    ],
)
def test_rules_that_would_not_be_acted_upon_are_refused(s3: Any, bucket: str, rule: dict[str, Any], code: str) -> None:
    wanted = {"Rules": [{"ID": "x", "Status": "Enabled", "Filter": {}, **rule}]}
    assert refused(s3.put_bucket_lifecycle_configuration, Bucket=bucket, LifecycleConfiguration=wanted)[0] == code


def test_two_rules_of_one_name_are_refused(s3: Any, bucket: str) -> None:
    rule = {"ID": "x", "Status": "Enabled", "Filter": {}, "Expiration": {"Days": 1}}
    wanted = {"Rules": [rule, rule]}
    assert refused(s3.put_bucket_lifecycle_configuration, Bucket=bucket, LifecycleConfiguration=wanted) == (
        "InvalidArgument",
        400,
    )


def test_objects_go_at_the_midnight_after_their_days(virtual: Server, s3: Any, bucket: str) -> None:
    """ "Expiring objects": the creation time plus the days, rounded up to the next midnight UTC; the header says so."""
    put(s3, bucket, {"Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 3}})
    for key in ("logs/a", "logs/b", "kept"):
        put_answer = s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    assert "Expiration" not in put_answer
    head = s3.head_object(Bucket=bucket, Key="logs/a")
    day = head["LastModified"].replace(hour=0, minute=0, second=0)
    assert head["Expiration"] == f'expiry-date="{day + timedelta(days=4):%a, %d %b %Y %H:%M:%S} GMT", rule-id="rule-0"'
    assert s3.get_object(Bucket=bucket, Key="logs/b")["Expiration"] == head["Expiration"]
    virtual.advance("2d")
    s3.put_object(Bucket=bucket, Key="logs/young", Body=b"x")
    assert len(keys(s3, bucket)) == 4
    virtual.advance("2d")
    becomes(lambda: keys(s3, bucket), ["kept", "logs/young"])


def test_a_date_that_has_passed_is_acted_upon_at_once(s3: Any, bucket: str) -> None:
    """And new objects, too, go as long as the rule is there. "Lifecycle rules: based on a specific date"."""
    for number in range(5):
        s3.put_object(Bucket=bucket, Key=f"k{number}", Body=b"x" * number, Tagging=f"n={number % 2}")
    only = {"And": {"Tags": [{"Key": "n", "Value": "1"}], "ObjectSizeGreaterThan": 2}}
    put(s3, bucket, {"Filter": only, "Expiration": {"Date": datetime(2020, 1, 1, tzinfo=UTC)}})
    becomes(lambda: keys(s3, bucket), ["k0", "k1", "k2", "k4"])


def test_a_rule_that_is_disabled_does_nothing(virtual: Server, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    put(s3, bucket, {"Status": "Disabled", "Expiration": {"Days": 1}})
    virtual.advance("3d")
    other = f"{bucket}-2"
    s3.create_bucket(Bucket=other)
    s3.put_object(Bucket=other, Key="k", Body=b"x")
    put(s3, other, {"Expiration": {"Date": datetime(2020, 1, 1, tzinfo=UTC)}})
    becomes(lambda: keys(s3, other), [])
    assert keys(s3, bucket) == ["k"]


def test_versions_go_when_they_are_long_noncurrent(virtual: Server, s3: Any, bucket: str) -> None:
    """NoncurrentDays counts from when a newer one came; NewerNoncurrentVersions are kept whatever their age."""
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for _ in range(5):
        s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    put(s3, bucket, {"NoncurrentVersionExpiration": {"NoncurrentDays": 2, "NewerNoncurrentVersions": 1}})
    virtual.advance("1d")
    s3.put_object(Bucket=bucket, Key="k", Body=b"y")
    virtual.advance("2d")
    becomes(lambda: versions(s3, bucket), (2, 0))
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"y"


def test_an_object_with_versions_is_marked_and_its_marker_goes_last(virtual: Server, s3: Any, bucket: str) -> None:
    """Expiration sets a delete marker; once that is all there is, ExpiredObjectDeleteMarker removes it."""
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    s3.put_object(Bucket=bucket, Key="other/k", Body=b"x")
    put(
        s3,
        bucket,
        {"Filter": {"Prefix": "k"}, "Expiration": {"Days": 1}},
        {"Filter": {"Prefix": "k"}, "NoncurrentVersionExpiration": {"NoncurrentDays": 5}},
        {"Expiration": {"ExpiredObjectDeleteMarker": True}},
    )
    virtual.advance("2d")
    becomes(lambda: versions(s3, bucket), (2, 1))
    assert keys(s3, bucket) == ["other/k"]
    virtual.advance("6d")
    becomes(lambda: versions(s3, bucket), (1, 0))


def test_uploads_that_nobody_completes_are_aborted(virtual: Server, s3: Any, bucket: str) -> None:
    """AbortIncompleteMultipartUpload; AbortDate tells of it."""
    put(s3, bucket, {"Filter": {"Prefix": "up/"}, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}})
    begun = s3.create_multipart_upload(Bucket=bucket, Key="up/a")
    s3.create_multipart_upload(Bucket=bucket, Key="elsewhere")
    assert begun["AbortRuleId"] == "rule-0"
    listed = s3.list_parts(Bucket=bucket, Key="up/a", UploadId=begun["UploadId"])
    assert listed["AbortDate"] == begun["AbortDate"]
    assert (
        timedelta(days=1) <= begun["AbortDate"] - virtual.client("salvia").describe_clock()["Now"] < timedelta(days=2)
    )
    virtual.advance("2d")

    def uploads() -> list[str]:
        return [upload["Key"] for upload in s3.list_multipart_uploads(Bucket=bucket).get("Uploads", [])]

    becomes(uploads, ["elsewhere"])


def test_more_objects_than_one_batch_go(s3: Any, bucket: str) -> None:
    """Thousands of keys and versions: the walk goes on where it was, across keys and within one."""
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for number in range(600):
        s3.put_object(Bucket=bucket, Key="many-versions", Body=b"")
        s3.put_object(Bucket=bucket, Key=f"n/{number}", Body=b"")
    put(s3, bucket, {"Expiration": {"Date": datetime(2020, 1, 1, tzinfo=UTC)}})
    becomes(lambda: keys(s3, bucket), [])
    assert versions(s3, bucket)[1] >= 1
