"""The audit trail through LookupEvents: every management call, allowed or not, in CloudTrail's format.

Expectations: CloudTrail user guide, "CloudTrail record contents" and "userIdentity element"; API_LookupEvents.
"""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore import UNSIGNED
from botocore.exceptions import ClientError
from tests.conftest import ROLE, Server, eventually

_JOB: dict[str, Any] = {
    "AlgorithmSpecification": {
        "TrainingImage": "123456789012.dkr.ecr.us-east-1.amazonaws.com/none:latest",
        "TrainingInputMode": "File",
    },
    "RoleArn": ROLE,
    "OutputDataConfig": {"S3OutputPath": "s3://nowhere/output/"},
    "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
    "StoppingCondition": {"MaxRuntimeInSeconds": 60},
}


@pytest.fixture(scope="module")
def trail(salvia: Server) -> Any:
    return salvia.client("cloudtrail")


def looked_up(trail: Any, key: str, value: str) -> list[dict[str, Any]]:
    found = trail.lookup_events(LookupAttributes=[{"AttributeKey": key, "AttributeValue": value}])
    return found["Events"]


def record_of(trail: Any, request_id: str, name: str) -> dict[str, Any]:
    """The record of a request; events appear within a moment."""

    def look() -> Any:
        for event in looked_up(trail, "EventName", name):
            record = json.loads(event["CloudTrailEvent"])
            if record["requestID"] == request_id:
                return record
        return None

    return eventually(look, 10, f"the event of {name}")


def request_id(answer: dict[str, Any]) -> str:
    return answer["ResponseMetadata"]["RequestId"]


@pytest.fixture(scope="module")
def denied_user(salvia: Server) -> tuple[str, str, None]:
    """Keys of a user who may do nothing."""
    iam = salvia.client("iam")
    iam.create_user(UserName="trail-nobody")
    key = iam.create_access_key(UserName="trail-nobody")["AccessKey"]
    return key["AccessKeyId"], key["SecretAccessKey"], None


def test_a_change_is_recorded_with_what_was_asked_and_answered(salvia: Server, trail: Any) -> None:
    sagemaker = salvia.client("sagemaker")
    before = datetime.now(UTC) - timedelta(seconds=1)
    answer = sagemaker.create_training_job(TrainingJobName="Trail-Job", **_JOB)
    record = record_of(trail, request_id(answer), "CreateTrainingJob")
    identity = salvia.client("sts").get_caller_identity()
    assert record["eventVersion"] == "1.11"
    assert record["userIdentity"] == {
        "type": "IAMUser",
        "principalId": identity["UserId"],
        "arn": identity["Arn"],
        "accountId": identity["Account"],
        "accessKeyId": salvia.environment["AWS_ACCESS_KEY_ID"],
        "userName": identity["Arn"].rpartition("/")[2],
    }
    assert before <= datetime.fromisoformat(record["eventTime"]) <= datetime.now(UTC)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", record["eventTime"])
    assert record["eventSource"] == "sagemaker.amazonaws.com"
    assert (record["eventName"], record["awsRegion"]) == ("CreateTrainingJob", "us-east-1")
    assert record["sourceIPAddress"] == "127.0.0.1"
    assert "Boto3" in record["userAgent"]
    assert record["requestParameters"]["trainingJobName"] == "Trail-Job"
    assert record["requestParameters"]["resourceConfig"]["instanceType"] == "ml.m5.large"
    assert record["responseElements"] == {"trainingJobArn": answer["TrainingJobArn"]}
    assert record["readOnly"] is False
    assert record["managementEvent"] is True
    assert record["eventType"] == "AwsApiCall"
    assert record["eventCategory"] == "Management"
    assert record["recipientAccountId"] == "123456789012"
    job = {"accountId": "123456789012", "type": "AWS::SageMaker::TrainingJob", "ARN": answer["TrainingJobArn"]}
    assert job in record["resources"]
    assert "errorCode" not in record


def test_a_read_has_no_response_elements(salvia: Server, trail: Any) -> None:
    """Response elements are "present in events for actions that make changes"."""
    answer = salvia.client("iam").get_user()
    record = record_of(trail, request_id(answer), "GetUser")
    assert record["readOnly"] is True
    assert record["responseElements"] is None
    assert record["eventSource"] == "iam.amazonaws.com"


def test_a_denial_is_recorded_before_it_is_answered(
    salvia: Server, trail: Any, denied_user: tuple[str, str, None]
) -> None:
    with pytest.raises(ClientError) as refused:
        salvia.client("sagemaker", denied_user).describe_training_job(TrainingJobName="secret-plans")
    events = looked_up(trail, "AccessKeyId", denied_user[0])  # at once: a denial is committed first
    record = json.loads(events[0]["CloudTrailEvent"])
    assert record["requestID"] == request_id(refused.value.response)
    assert record["errorCode"] == "AccessDeniedException"
    assert record["errorMessage"] == refused.value.response["Error"]["Message"]
    assert "sagemaker:DescribeTrainingJob" in record["errorMessage"]
    assert events[0]["Username"] == "trail-nobody"
    assert {"ResourceType": "AWS::SageMaker::TrainingJob", "ResourceName": "secret-plans"} in events[0]["Resources"]


def test_a_failed_call_is_recorded_with_its_error(salvia: Server, trail: Any) -> None:
    with pytest.raises(ClientError) as refused:
        salvia.client("iam").get_role(RoleName="nobody-has-it")
    record = record_of(trail, request_id(refused.value.response), "GetRole")
    assert record["errorCode"] == "NoSuchEntity"
    assert "nobody-has-it" in record["errorMessage"]


def test_a_request_that_does_not_validate_is_recorded(salvia: Server, trail: Any) -> None:
    with pytest.raises(ClientError) as refused:
        salvia.client("sagemaker", parameter_validation=False).create_training_job(TrainingJobName="!", **_JOB)
    record = record_of(trail, request_id(refused.value.response), "CreateTrainingJob")
    assert record["errorCode"] == "ValidationException"
    assert record["requestParameters"] is None


def test_a_wrong_signature_is_recorded_as_nobody_s(salvia: Server, trail: Any) -> None:
    """userIdentity type Unknown: "an identity type that CloudTrail can't determine"."""
    keys = (salvia.environment["AWS_ACCESS_KEY_ID"], "wrong-secret-wrong-secret-wrong-secret-00", None)
    with pytest.raises(ClientError) as refused:
        salvia.client("sagemaker", keys, user_agent_extra="wrong").list_training_jobs()
    record = record_of(trail, request_id(refused.value.response), "ListTrainingJobs")
    assert record["userIdentity"] == {"type": "Unknown", "accessKeyId": keys[0]}
    assert record["errorCode"] == refused.value.response["Error"]["Code"]


def test_a_session_says_who_issued_it(salvia: Server, trail: Any) -> None:
    sts = salvia.client("sts")
    role = _role(salvia)
    assumed = sts.assume_role(RoleArn=role, RoleSessionName="auditor")
    credentials = assumed["Credentials"]
    keys = (credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"])
    answer = salvia.client("sts", keys).get_caller_identity()
    identity = record_of(trail, request_id(answer), "GetCallerIdentity")["userIdentity"]
    assert identity["type"] == "AssumedRole"
    assert identity["arn"].endswith(":assumed-role/audited/auditor")
    issuer = identity["sessionContext"]["sessionIssuer"]
    assert (issuer["type"], issuer["arn"]) == ("Role", role)
    assert identity["sessionContext"]["attributes"]["mfaAuthenticated"] == "false"
    assuming = record_of(trail, request_id(assumed), "AssumeRole")
    assert assuming["readOnly"] is True  # as AWS records AssumeRole
    assert assuming["responseElements"]["credentials"]["accessKeyId"] == keys[0]
    assert assuming["responseElements"]["credentials"]["sessionToken"] == "HIDDEN_DUE_TO_SECURITY_REASONS"
    assert looked_up(trail, "Username", "auditor")


def _role(salvia: Server) -> str:
    """A role that the administrator may assume."""
    allowed = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "sts:AssumeRole"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    made = salvia.client("iam").create_role(RoleName="audited", AssumeRolePolicyDocument=policy)
    return str(made["Role"]["Arn"])


def test_an_anonymous_call_is_an_account_s(salvia: Server, trail: Any) -> None:
    """For S3: type AWSAccount, accountId ANONYMOUS_PRINCIPAL."""
    s3 = salvia.client("s3", signature_version=UNSIGNED)
    salvia.client("s3").create_bucket(Bucket="trail-anonymous")
    with pytest.raises(ClientError):
        s3.get_bucket_policy(Bucket="trail-anonymous")
    [event] = [one for one in looked_up(trail, "Username", "anonymous") if one["EventName"] == "GetBucketPolicy"]
    identity = json.loads(event["CloudTrailEvent"])["userIdentity"]
    assert identity == {"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"}


def test_data_events_are_no_management_events(salvia: Server, trail: Any) -> None:
    """Event history has management events only."""
    s3 = salvia.client("s3")
    s3.create_bucket(Bucket="trail-data")
    s3.put_object(Bucket="trail-data", Key="a", Body=b"1")
    s3.list_objects_v2(Bucket="trail-data")
    answer = s3.get_bucket_location(Bucket="trail-data")
    record_of(trail, request_id(answer), "GetBucketLocation")
    names = {event["EventName"] for event in looked_up(trail, "ResourceName", "trail-data")}
    assert names == {"CreateBucket", "GetBucketLocation"}


def test_every_attribute_finds_its_events(salvia: Server, trail: Any) -> None:
    answer = salvia.client("iam").create_user(UserName="Trail-Lookup", Path="/team/")
    record = record_of(trail, request_id(answer), "CreateUser")
    for key, value in {
        "EventId": record["eventID"],
        "EventName": "CreateUser",
        "ReadOnly": "false",
        "Username": record["userIdentity"]["userName"],
        "ResourceType": "AWS::IAM::User",
        "ResourceName": "Trail-Lookup",
        "EventSource": "iam.amazonaws.com",
        "AccessKeyId": salvia.environment["AWS_ACCESS_KEY_ID"],
    }.items():
        found = looked_up(trail, key, value)
        assert record["eventID"] in [event["EventId"] for event in found], key
    times = [event["EventTime"] for event in looked_up(trail, "ReadOnly", "true")]
    assert times == sorted(times, reverse=True)


def test_pages_hold_every_event_once(salvia: Server, trail: Any) -> None:
    iam = salvia.client("iam")
    asked = [request_id(iam.get_user()) for _ in range(12)]
    record_of(trail, asked[-1], "GetUser")
    pages = list(
        trail.get_paginator("lookup_events").paginate(
            LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "GetUser"}],
            PaginationConfig={"PageSize": 5},
        )
    )
    assert all(len(page["Events"]) <= 5 for page in pages)
    seen = [json.loads(event["CloudTrailEvent"])["requestID"] for page in pages for event in page["Events"]]
    assert len(seen) == len(set(seen))
    assert set(asked) <= set(seen)


def test_times_bound_what_is_found(trail: Any) -> None:
    """StartTime and EndTime include what happened at them; a range that ends before it begins is refused."""
    events = trail.lookup_events(MaxResults=5)["Events"]
    at = events[-1]["EventTime"]
    within = trail.lookup_events(StartTime=at, EndTime=at)["Events"]
    assert events[-1]["EventId"] in [event["EventId"] for event in within]
    assert {event["EventTime"] for event in within} == {at}
    assert trail.lookup_events(EndTime=at - timedelta(days=91))["Events"] == []
    with pytest.raises(trail.exceptions.InvalidTimeRangeException):
        trail.lookup_events(StartTime=at, EndTime=at - timedelta(seconds=1))


@pytest.mark.parametrize(
    "arn", ["arn:aws:sagemaker", "arn:" + "x" * 1500, "arn:aws:sagemaker:us-east-1:1:\u0000/\u0000"]
)
def test_what_only_looks_like_an_arn_is_recorded_as_any_other_call(salvia: Server, trail: Any, arn: str) -> None:
    """A caller chooses what stands for a resource; the trail takes it, and the answer is what it would be."""
    with pytest.raises(ClientError) as refused:
        salvia.client("sagemaker", parameter_validation=False).list_tags(ResourceArn=arn)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    record_of(trail, request_id(refused.value.response), "ListTags")


def test_what_cannot_be_looked_up_is_refused(trail: Any) -> None:
    attribute = {"AttributeKey": "EventName", "AttributeValue": "GetUser"}
    with pytest.raises(trail.exceptions.InvalidLookupAttributesException):
        trail.lookup_events(LookupAttributes=[attribute, attribute])
    with pytest.raises(trail.exceptions.InvalidLookupAttributesException):
        trail.lookup_events(LookupAttributes=[{"AttributeKey": "ReadOnly", "AttributeValue": "maybe"}])
    with pytest.raises(trail.exceptions.InvalidNextTokenException):
        trail.lookup_events(NextToken="garbage")
    token = trail.lookup_events(MaxResults=1)["NextToken"]
    with pytest.raises(trail.exceptions.InvalidNextTokenException):
        trail.lookup_events(LookupAttributes=[attribute], NextToken=token)
    with pytest.raises(trail.exceptions.UnsupportedOperationException):
        trail.lookup_events(EventCategory="insight")


def test_secrets_are_in_no_record(make_server: Callable[..., Server], tmp_path: Path) -> None:
    """Neither the database nor the journals of the trail hold what must not be read: looked for in what they hold."""
    server = make_server("--database", f"sqlite:///{tmp_path}/salvia.db")
    iam, sagemaker, sts = (server.client(name) for name in ("iam", "sagemaker", "sts"))
    iam.create_user(UserName="keyed")
    issued = iam.create_access_key(UserName="keyed")
    token = sts.get_session_token()
    hidden = {"Environment": {"DB": "env-secret-83741"}, "HyperParameters": {"p": "hyper-secret-83741"}}
    sagemaker.create_training_job(TrainingJobName="secretive", **hidden, **_JOB)
    hidden = {"Environment": {"DB": "bad-secret-83741" * 50}, "HyperParameters": {"p": "other\nsecret-83741"}}
    with pytest.raises(ClientError):
        sagemaker.create_training_job(TrainingJobName="invalid", **hidden, **_JOB)
    answer = iam.get_user()
    record_of(server.client("cloudtrail"), request_id(answer), "GetUser")
    with contextlib.closing(sqlite3.connect(tmp_path / "salvia.db")) as database:
        tables = ("events", "event_intents", "event_resources", "event_deliveries")
        kept = "\n".join(repr(row) for table in tables for row in database.execute(f"SELECT * FROM {table}"))
    kept += "".join(path.read_text() for path in (server.home / "audit").iterdir())
    assert '"environment":{"DB":"HIDDEN_DUE_TO_SECURITY_REASONS"}' in kept
    assert '"hyperParameters":{"p":"HIDDEN_DUE_TO_SECURITY_REASONS"}' in kept
    for secret in (
        issued["AccessKey"]["SecretAccessKey"],
        token["Credentials"]["SecretAccessKey"],
        token["Credentials"]["SessionToken"],
        "secret-83741",
        server.environment["AWS_SECRET_ACCESS_KEY"],
    ):
        assert secret not in kept
