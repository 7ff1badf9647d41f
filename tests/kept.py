"""Something of everything that a database holds, and how a later version must show it: see tools/keep-schema."""

from __future__ import annotations

import json
import time
from typing import Any

from tests.conftest import Jobs, Server

_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
_POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}]}


def fill(server: Server) -> None:
    """Make it, through boto3."""
    s3, iam, logs = server.client("s3"), server.client("iam"), server.client("logs")
    s3.create_bucket(Bucket="kept")
    s3.put_bucket_versioning(Bucket="kept", VersioningConfiguration={"Status": "Enabled"})
    for body in (b"one", b"three"):
        s3.put_object(Bucket="kept", Key="näme/a b", Body=body, Metadata={"m": "v"}, Tagging="k=v")
    s3.put_object(Bucket="kept", Key="gone", Body=b"gone")
    s3.delete_object(Bucket="kept", Key="gone")
    upload = s3.create_multipart_upload(Bucket="kept", Key="half")["UploadId"]
    s3.upload_part(Bucket="kept", Key="half", UploadId=upload, PartNumber=3, Body=b"part")
    iam.create_user(UserName="Kept", Tags=[{"Key": "team", "Value": "ml"}])
    iam.create_access_key(UserName="Kept")
    iam.put_user_policy(UserName="Kept", PolicyName="inline", PolicyDocument=json.dumps(_POLICY))
    policy = iam.create_policy(PolicyName="Kept", PolicyDocument=json.dumps(_POLICY))["Policy"]["Arn"]
    iam.create_role(RoleName="Kept", AssumeRolePolicyDocument=json.dumps(_TRUST))
    iam.attach_role_policy(RoleName="Kept", PolicyArn=policy)
    logs.create_log_group(logGroupName="/kept")
    logs.create_log_stream(logGroupName="/kept", logStreamName="stream")
    now = int(time.time() * 1000)
    logs.put_log_events(
        logGroupName="/kept", logStreamName="stream", logEvents=[{"timestamp": now, "message": "a line"}]
    )
    server.client("cloudwatch").put_metric_data(
        Namespace="Kept", MetricData=[{"MetricName": "loss", "Value": 0.5, "Dimensions": [{"Name": "d", "Value": "1"}]}]
    )
    jobs = Jobs(server)
    job = jobs.run("print('kept', flush=True)", name="kept", Tags=[{"Key": "team", "Value": "ml"}])
    assert job["TrainingJobStatus"] == "Completed", job


def check(server: Server) -> None:
    """Find it again, through boto3."""
    s3, iam, logs = server.client("s3"), server.client("iam"), server.client("logs")
    versions = s3.list_object_versions(Bucket="kept")
    sizes: list[Any] = [(version["Key"], version["Size"], version["IsLatest"]) for version in versions["Versions"]]
    assert sizes == [("gone", 4, False), ("näme/a b", 5, True), ("näme/a b", 3, False)]
    assert [marker["Key"] for marker in versions["DeleteMarkers"]] == ["gone"]
    assert s3.head_object(Bucket="kept", Key="näme/a b")["Metadata"] == {"m": "v"}
    assert s3.get_object_tagging(Bucket="kept", Key="näme/a b")["TagSet"] == [{"Key": "k", "Value": "v"}]
    (upload,) = s3.list_multipart_uploads(Bucket="kept")["Uploads"]
    parts = s3.list_parts(Bucket="kept", Key="half", UploadId=upload["UploadId"])["Parts"]
    assert [(part["PartNumber"], part["Size"]) for part in parts] == [(3, 4)]
    assert iam.list_user_tags(UserName="Kept")["Tags"] == [{"Key": "team", "Value": "ml"}]
    assert len(iam.list_access_keys(UserName="Kept")["AccessKeyMetadata"]) == 1
    assert iam.get_user_policy(UserName="Kept", PolicyName="inline")["PolicyDocument"] == _POLICY
    (attached,) = iam.list_attached_role_policies(RoleName="Kept")["AttachedPolicies"]
    version = iam.get_policy_version(PolicyArn=attached["PolicyArn"], VersionId="v1")["PolicyVersion"]
    assert version["Document"] == _POLICY
    events = logs.get_log_events(logGroupName="/kept", logStreamName="stream", startFromHead=True)["events"]
    assert [event["message"] for event in events] == ["a line"]
    (metric,) = server.client("cloudwatch").list_metrics(Namespace="Kept")["Metrics"]
    assert (metric["MetricName"], metric["Dimensions"]) == ("loss", [{"Name": "d", "Value": "1"}])
    job = server.client("sagemaker").describe_training_job(TrainingJobName="kept")
    assert job["TrainingJobStatus"] == "Completed"
    assert job["SecondaryStatusTransitions"][-1]["Status"] == "Completed"
    tags = server.client("sagemaker").list_tags(ResourceArn=job["TrainingJobArn"])["Tags"]
    assert tags == [{"Key": "team", "Value": "ml"}]
