"""Trails: settings, selectors, delivery to a bucket, digests that `aws cloudtrail validate-logs` proves.

Expectations: CloudTrail API reference; user guide, "Finding your CloudTrail log files", "CloudTrail digest file
structure", "Amazon S3 bucket policy for CloudTrail"; S3 user guide, "Amazon S3 CloudTrail events".
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.conftest import Server, eventually

ACCOUNT = "123456789012"


@pytest.fixture(scope="module")
def server(make_server: Callable[..., Server]) -> Server:
    """A server whose hours pass at once."""
    return make_server("--clock", "virtual")


@pytest.fixture(scope="module")
def trail(server: Server) -> Any:
    return server.client("cloudtrail")


@pytest.fixture(scope="module")
def s3(server: Server) -> Any:
    return server.client("s3")


def allow(s3: Any, bucket: str, prefix: str = "") -> None:
    """A bucket with the policy of the user guide's page."""
    s3.create_bucket(Bucket=bucket)
    service = {"Service": "cloudtrail.amazonaws.com"}
    statements = [
        {"Effect": "Allow", "Principal": service, "Action": "s3:GetBucketAcl", "Resource": f"arn:aws:s3:::{bucket}"},
        {
            "Effect": "Allow",
            "Principal": service,
            "Action": "s3:PutObject",
            "Resource": f"arn:aws:s3:::{bucket}/{prefix}AWSLogs/{ACCOUNT}/*",
            "Condition": {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}},
        },
    ]
    policy = {"Version": "2012-10-17", "Statement": statements}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))


@pytest.fixture
def logging(trail: Any, s3: Any, request: pytest.FixtureRequest) -> Iterator[str]:
    """A trail that logs to a bucket of its own name, with validation."""
    name = "t-" + re.sub("[^a-z]+", "-", request.node.name.removeprefix("test_"))[:40].strip("-")
    allow(s3, name)
    trail.create_trail(Name=name, S3BucketName=name, EnableLogFileValidation=True)
    trail.start_logging(Name=name)
    yield name
    trail.delete_trail(Name=name)


def keys(s3: Any, bucket: str, folder: str) -> list[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return [one["Key"] for page in pages for one in page.get("Contents", []) if f"/{folder}/" in one["Key"]]


def delivered(s3: Any, bucket: str) -> list[dict[str, Any]]:
    """Every record of every log file."""
    found = []
    for key in keys(s3, bucket, "CloudTrail"):
        body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        found += json.loads(gzip.decompress(body))["Records"]
    return found


def history(trail: Any, name: str) -> str:
    """The newest events of a name: by then they are queued for trails, too."""
    found = trail.lookup_events(LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": name}])
    return "".join(event["CloudTrailEvent"] for event in found["Events"])


def validated(server: Server, name: str) -> Any:
    """`aws cloudtrail validate-logs` over the last day and the next."""
    start, end = (f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}" for days in (-1, 30))
    arn = f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/{name}"
    command = ["cloudtrail", "validate-logs", "--verbose", "--trail-arn", arn, "--start-time", start, "--end-time", end]
    return server.aws(command, check=False)


def test_a_trail_has_the_settings_that_it_was_given(trail: Any, s3: Any) -> None:
    allow(s3, "settings-bucket", "audit/")
    created = trail.create_trail(
        Name="settings", S3BucketName="settings-bucket", S3KeyPrefix="audit", TagsList=[{"Key": "team", "Value": "a"}]
    )
    arn = f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/settings"
    created.pop("ResponseMetadata")
    assert created == {
        "Name": "settings",
        "S3BucketName": "settings-bucket",
        "S3KeyPrefix": "audit",
        "IncludeGlobalServiceEvents": True,
        "IsMultiRegionTrail": False,
        "TrailARN": arn,
        "LogFileValidationEnabled": False,
        "IsOrganizationTrail": False,
    }
    shown = trail.get_trail(Name=arn)["Trail"]
    assert shown == {
        **created,
        "HomeRegion": "us-east-1",
        "HasCustomEventSelectors": False,
        "HasInsightSelectors": False,
    }
    assert trail.describe_trails(trailNameList=["settings"])["trailList"] == [shown]
    listed = [one for page in trail.get_paginator("list_trails").paginate() for one in page["Trails"]]
    assert {"TrailARN": arn, "Name": "settings", "HomeRegion": "us-east-1"} in listed
    updated = trail.update_trail(Name="settings", EnableLogFileValidation=True, IsMultiRegionTrail=True)
    assert (updated["LogFileValidationEnabled"], updated["IsMultiRegionTrail"]) == (True, True)
    assert updated["S3KeyPrefix"] == "audit"
    trail.add_tags(ResourceId=arn, TagsList=[{"Key": "cost", "Value": "7"}])
    trail.remove_tags(ResourceId=arn, TagsList=[{"Key": "team"}])
    [tags] = [
        one
        for page in trail.get_paginator("list_tags").paginate(ResourceIdList=[arn])
        for one in page["ResourceTagList"]
    ]
    assert tags == {"ResourceId": arn, "TagsList": [{"Key": "cost", "Value": "7"}]}
    with pytest.raises(trail.exceptions.TrailAlreadyExistsException):
        trail.create_trail(Name="settings", S3BucketName="settings-bucket", S3KeyPrefix="audit")
    trail.delete_trail(Name="settings")
    with pytest.raises(trail.exceptions.TrailNotFoundException):
        trail.get_trail(Name="settings")
    trail.create_trail(Name="settings", S3BucketName="settings-bucket", S3KeyPrefix="audit")
    trail.delete_trail(Name="settings")


def test_a_bucket_that_cloudtrail_may_not_write_to_is_refused(trail: Any, s3: Any) -> None:
    with pytest.raises(trail.exceptions.S3BucketDoesNotExistException):
        trail.create_trail(Name="nowhere", S3BucketName="no-such-bucket-at-all")
    s3.create_bucket(Bucket="no-policy")
    with pytest.raises(trail.exceptions.InsufficientS3BucketPolicyException):
        trail.create_trail(Name="nowhere", S3BucketName="no-policy")
    allow(s3, "other-prefix", "elsewhere/")
    with pytest.raises(trail.exceptions.InsufficientS3BucketPolicyException):
        trail.create_trail(Name="nowhere", S3BucketName="other-prefix")


def test_what_a_trail_cannot_be_is_refused(trail: Any, s3: Any) -> None:
    allow(s3, "refusals")
    for name in ("ab", "-abc", "a..b", "10.0.0.1", "a_", "with space"):
        with pytest.raises(trail.exceptions.InvalidTrailNameException):
            trail.create_trail(Name=name, S3BucketName="refusals")
    with pytest.raises(trail.exceptions.InvalidS3PrefixException):
        trail.create_trail(Name="abc", S3BucketName="refusals", S3KeyPrefix="x" * 201)
    with pytest.raises(trail.exceptions.InvalidParameterCombinationException):
        trail.create_trail(
            Name="abc", S3BucketName="refusals", IsMultiRegionTrail=True, IncludeGlobalServiceEvents=False
        )
    with pytest.raises(trail.exceptions.UnsupportedOperationException):
        trail.create_trail(Name="abc", S3BucketName="refusals", SnsTopicName="topic")
    with pytest.raises(trail.exceptions.CloudTrailARNInvalidException):
        trail.get_trail(Name="arn:aws:s3:::bucket")


def test_what_is_recorded_is_delivered_once(server: Server, trail: Any, s3: Any, logging: str) -> None:
    """AWSLogs/ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/ACCOUNT_CloudTrail_REGION_YYYYMMDDTHHmmZ_UNIQUE.json.gz"""
    iam = server.client("iam")
    asked = [iam.get_user()["ResponseMetadata"]["RequestId"] for _ in range(5)]
    asked += [iam.create_user(UserName=f"delivered-{n}")["ResponseMetadata"]["RequestId"] for n in range(5)]
    asked += [iam.get_user()["ResponseMetadata"]["RequestId"]]
    eventually(lambda: asked[-1] in history(trail, "GetUser"), 10)
    server.advance("10m")
    eventually(lambda: set(asked) <= {record["requestID"] for record in delivered(s3, logging)}, 20, "delivery")
    server.advance("10m")
    trail.stop_logging(Name=logging)
    stop = eventually(
        lambda: [r for r in delivered(s3, logging) if r["eventName"] == "StopLogging"], 20, "the rest is delivered"
    )
    assert stop[0]["requestParameters"] == {"name": logging}
    records = delivered(s3, logging)
    identifiers = [record["eventID"] for record in records]
    assert len(identifiers) == len(set(identifiers))
    day = r"\d{4}/\d\d/\d\d"
    name = rf"{ACCOUNT}_CloudTrail_us-east-1_\d{{8}}T\d{{4}}Z_[A-Za-z0-9]{{16}}\.json\.gz"
    for key in keys(s3, logging, "CloudTrail"):
        assert re.fullmatch(rf"AWSLogs/{ACCOUNT}/CloudTrail/us-east-1/{day}/{name}", key)
    status = trail.get_trail_status(Name=logging)
    assert status["IsLogging"] is False
    assert status["LatestDeliveryTime"] >= status["StartLoggingTime"]
    assert "LatestDeliveryError" not in status


def test_a_trail_of_all_regions_is_seen_in_all_and_changed_at_home(server: Server, trail: Any, s3: Any) -> None:
    """Shadow trails; log files lie in the folder of the event's region."""
    allow(s3, "everywhere")
    trail.create_trail(Name="everywhere", S3BucketName="everywhere", IsMultiRegionTrail=True)
    trail.start_logging(Name="everywhere")
    abroad = {name: server.client(name, region_name="eu-west-1") for name in ("cloudtrail", "sagemaker")}
    asked = abroad["sagemaker"].list_training_jobs()["ResponseMetadata"]["RequestId"]
    [shadow] = abroad["cloudtrail"].describe_trails()["trailList"]
    assert (shadow["Name"], shadow["HomeRegion"]) == ("everywhere", "us-east-1")
    assert abroad["cloudtrail"].describe_trails(includeShadowTrails=False)["trailList"] == []
    with pytest.raises(ClientError, match="InvalidHomeRegionException") as refused:
        abroad["cloudtrail"].stop_logging(Name="everywhere")
    assert "us-east-1" in refused.value.response["Error"]["Message"]
    eventually(lambda: asked in history(abroad["cloudtrail"], "ListTrainingJobs"), 10)
    assert asked not in history(trail, "ListTrainingJobs")
    trail.stop_logging(Name="everywhere")
    eventually(lambda: asked in {record["requestID"] for record in delivered(s3, "everywhere")}, 20)
    assert [key for key in keys(s3, "everywhere", "CloudTrail") if "/CloudTrail/eu-west-1/" in key]
    trail.delete_trail(Name="everywhere")


def test_nothing_is_delivered_that_happened_before_or_after(server: Server, trail: Any, s3: Any) -> None:
    allow(s3, "bounded")
    iam = server.client("iam")
    trail.create_trail(Name="bounded", S3BucketName="bounded")
    iam.list_users()
    eventually(lambda: history(trail, "ListUsers"), 10)
    server.advance("5s")
    trail.start_logging(Name="bounded")
    listed = iam.list_roles()["ResponseMetadata"]["RequestId"]
    trail.stop_logging(Name="bounded")
    eventually(lambda: listed in history(trail, "ListRoles"), 10)
    server.advance("5s")
    iam.list_users()
    eventually(lambda: delivered(s3, "bounded"), 20)
    names = [record["eventName"] for record in delivered(s3, "bounded")]
    assert "ListRoles" in names
    assert "ListUsers" not in names
    trail.delete_trail(Name="bounded")


def test_selectors_choose_what_is_delivered(server: Server, trail: Any, s3: Any, logging: str) -> None:
    """Only writes; objects below one prefix, as data events."""
    default = trail.get_event_selectors(TrailName=logging)
    assert default["EventSelectors"] == [
        {
            "ReadWriteType": "All",
            "IncludeManagementEvents": True,
            "DataResources": [],
            "ExcludeManagementEventSources": [],
        }
    ]
    s3.create_bucket(Bucket="watched")
    selector = {
        "ReadWriteType": "WriteOnly",
        "IncludeManagementEvents": True,
        "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::watched/in/"]}],
    }
    trail.put_event_selectors(TrailName=logging, EventSelectors=[selector])
    assert trail.get_trail(Name=logging)["Trail"]["HasCustomEventSelectors"] is True
    server.advance("2s")
    put = s3.put_object(Bucket="watched", Key="in/side", Body=b"1")
    s3.put_object(Bucket="watched", Key="out/side", Body=b"1")
    s3.get_object(Bucket="watched", Key="in/side")
    server.client("iam").get_user()
    trail.stop_logging(Name=logging)
    eventually(lambda: [r for r in delivered(s3, logging) if r["eventName"] == "StopLogging"], 20)
    records = [r for r in delivered(s3, logging) if r["eventCategory"] == "Data"]
    assert [record["eventName"] for record in records] == ["PutObject"]
    [record] = records
    assert record["requestID"] == put["ResponseMetadata"]["RequestId"]
    assert record["managementEvent"] is False
    assert record["requestParameters"] == {"bucketName": "watched", "key": "in/side"} | {
        k: v for k, v in record["requestParameters"].items() if k not in ("bucketName", "key")
    }
    assert [one["type"] for one in record["resources"]] == ["AWS::S3::Object", "AWS::S3::Bucket"]
    assert record["resources"][0]["ARN"] == "arn:aws:s3:::watched/in/side"
    names = {r["eventName"] for r in delivered(s3, logging) if r["eventCategory"] == "Management"}
    assert "GetUser" not in {r["eventName"] for r in delivered(s3, logging) if r["eventTime"] >= record["eventTime"]}
    assert "StopLogging" in names


def test_advanced_selectors_choose_by_fields(server: Server, trail: Any, s3: Any, logging: str) -> None:
    s3.create_bucket(Bucket="advanced")
    selectors = [
        {
            "Name": "reads of one bucket",
            "FieldSelectors": [
                {"Field": "eventCategory", "Equals": ["Data"]},
                {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
                {"Field": "resources.ARN", "StartsWith": ["arn:aws:s3:::advanced/"]},
                {"Field": "readOnly", "Equals": ["true"]},
            ],
        }
    ]
    answer = trail.put_event_selectors(TrailName=logging, AdvancedEventSelectors=selectors)
    assert answer["AdvancedEventSelectors"] == selectors
    assert trail.get_event_selectors(TrailName=logging)["AdvancedEventSelectors"] == selectors
    s3.put_object(Bucket="advanced", Key="a", Body=b"1")
    s3.get_object(Bucket="advanced", Key="a")
    s3.list_objects_v2(Bucket="advanced")
    trail.stop_logging(Name=logging)
    found = eventually(
        lambda: [r for r in delivered(s3, logging) if r["eventCategory"] == "Data"], 20, "data events are delivered"
    )
    assert sorted(record["eventName"] for record in found) == ["GetObject", "ListObjectsV2"] or sorted(
        record["eventName"] for record in found
    ) == ["GetObject", "ListObjects"]


def test_selectors_that_make_no_sense_are_refused(trail: Any, logging: str) -> None:
    refused = trail.exceptions.InvalidEventSelectorsException
    with pytest.raises(refused):
        trail.put_event_selectors(TrailName=logging)
    with pytest.raises(refused):
        trail.put_event_selectors(TrailName=logging, EventSelectors=[{}] * 6)
    for fields in (
        [{"Field": "eventName", "Equals": ["GetObject"]}],
        [{"Field": "eventCategory", "Equals": ["Data"]}],
        [{"Field": "eventCategory", "Equals": ["Management"]}, {"Field": "nothing", "Equals": ["x"]}],
        [{"Field": "eventCategory", "StartsWith": ["Man"]}],
        [{"Field": "eventCategory", "Equals": ["Data"]}, {"Field": "resources.type", "Equals": ["AWS::EC2::Instance"]}],
    ):
        with pytest.raises(refused):
            trail.put_event_selectors(TrailName=logging, AdvancedEventSelectors=[{"FieldSelectors": fields}])
    resource = {"Type": "AWS::S3::Object", "Values": ["not-an-arn"]}
    with pytest.raises(refused):
        trail.put_event_selectors(TrailName=logging, EventSelectors=[{"DataResources": [resource]}])


def test_a_delivery_that_fails_says_so_and_is_made_up_for(server: Server, trail: Any, s3: Any, logging: str) -> None:
    policy = s3.get_bucket_policy(Bucket=logging)["Policy"]
    s3.delete_bucket_policy(Bucket=logging)
    asked = server.client("iam").get_user()["ResponseMetadata"]["RequestId"]
    eventually(lambda: asked in history(trail, "GetUser"), 10)
    server.advance("10m")
    eventually(lambda: trail.get_trail_status(Name=logging).get("LatestDeliveryError") == "AccessDenied", 20)
    s3.put_bucket_policy(Bucket=logging, Policy=policy)
    server.advance("10m")
    eventually(lambda: asked in {record["requestID"] for record in delivered(s3, logging)}, 20)
    eventually(lambda: "LatestDeliveryError" not in trail.get_trail_status(Name=logging), 20)


def test_validate_logs_proves_the_chain_and_finds_what_was_done_to_it(
    server: Server, trail: Any, s3: Any, logging: str
) -> None:
    """`aws cloudtrail validate-logs` itself: whole, with a tampered log, with a deleted one, with a forged digest."""
    for hour in range(3):
        asked = server.client("iam").get_user()["ResponseMetadata"]["RequestId"]
        eventually(lambda a=asked: a in history(trail, "GetUser"), 10)
        server.advance("61m")
        eventually(lambda n=hour: len(keys(s3, logging, "CloudTrail-Digest")) > n, 20, "a digest an hour")
    trail.stop_logging(Name=logging)
    eventually(lambda: len(keys(s3, logging, "CloudTrail-Digest")) == 4, 20, "a last digest")
    public = [key for page in trail.get_paginator("list_public_keys").paginate() for key in page["PublicKeyList"]]
    newest = s3.get_object(Bucket=logging, Key=max(keys(s3, logging, "CloudTrail-Digest")))
    digest = json.loads(gzip.decompress(newest["Body"].read()))
    assert digest["digestPublicKeyFingerprint"] in [key["Fingerprint"] for key in public]
    assert newest["Metadata"]["signature-algorithm"] == "SHA256withRSA"
    assert digest["previousDigestS3Object"] in keys(s3, logging, "CloudTrail-Digest")

    logs = len(keys(s3, logging, "CloudTrail"))
    whole = validated(server, logging)
    assert whole.returncode == 0, whole.stdout + whole.stderr
    assert "4/4 digest files valid" in whole.stdout
    assert f"{logs}/{logs} log files valid" in whole.stdout

    bodies = {key: s3.get_object(Bucket=logging, Key=key)["Body"].read() for key in keys(s3, logging, "CloudTrail")}
    key, original = next((key, body) for key, body in sorted(bodies.items()) if b"GetUser" in gzip.decompress(body))
    s3.put_object(
        Bucket=logging, Key=key, Body=gzip.compress(gzip.decompress(original).replace(b"GetUser", b"GetRole"))
    )
    tampered = validated(server, logging)
    assert tampered.returncode == 1
    assert f"s3://{logging}/{key}\tINVALID: hash value doesn't match" in tampered.stderr

    s3.delete_object(Bucket=logging, Key=key)
    deleted = validated(server, logging)
    assert deleted.returncode == 1
    assert f"s3://{logging}/{key}\tINVALID: not found" in deleted.stderr

    last = max(keys(s3, logging, "CloudTrail-Digest"))
    body = s3.get_object(Bucket=logging, Key=last)
    forged = gzip.compress(gzip.decompress(body["Body"].read()).replace(key.encode(), key.encode()[::-1]) + b" ")
    s3.put_object(Bucket=logging, Key=last, Body=forged, Metadata=body["Metadata"])
    broken = validated(server, logging)
    assert broken.returncode == 1
    assert f"s3://{logging}/{last}\tINVALID: signature verification failed" in broken.stderr


def test_keys_of_a_time_without_any_are_none(trail: Any) -> None:
    past = datetime.now(UTC) - timedelta(days=4000)
    assert trail.list_public_keys(StartTime=past, EndTime=past)["PublicKeyList"] == []
    with pytest.raises(trail.exceptions.InvalidTimeRangeException):
        trail.list_public_keys(StartTime=datetime.now(UTC), EndTime=past)
    with pytest.raises(ClientError) as refused:
        trail.list_public_keys(NextToken="more")
    assert refused.value.response["Error"]["Code"] == "InvalidTokenException"
