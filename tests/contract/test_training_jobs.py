"""Operations on training jobs, through boto3: every implemented one, their waiter and paginator, their refusals."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.conftest import PROBE, ROLE, Jobs, Server, eventually


def refused(call: Any, **request: Any) -> dict[str, str]:
    """The error that a call ends with."""
    with pytest.raises(ClientError) as caught:
        call(**request)
    return caught.value.response["Error"]


def request(name: str, **more: Any) -> dict[str, Any]:
    return {
        "TrainingJobName": name,
        "AlgorithmSpecification": {"TrainingImage": PROBE, "TrainingInputMode": "File"},
        "RoleArn": ROLE,
        "HyperParameters": {"code": "cGFzcw=="},
        "OutputDataConfig": {"S3OutputPath": "s3://nowhere-yet/output"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        **more,
    }


def test_describe_gives_back_what_create_was_given(jobs: Jobs) -> None:
    """API_DescribeTrainingJob echoes the request, with AWS's defaults beside it."""
    name = jobs.start(
        "print(1)",
        name="round-trip",
        wait=True,
        Environment={"COLOUR": "green"},
        Tags=[{"Key": "team", "Value": "a"}],
    )
    described = jobs.describe(name)
    assert described["TrainingJobStatus"] == "Completed"
    assert described["HyperParameters"] == {"code": base64.b64encode(b"print(1)").decode()}
    assert described["Environment"] == {"COLOUR": "green"}
    assert described["RoleArn"] == ROLE
    assert described["EnableNetworkIsolation"] is False
    assert described["ResourceConfig"]["InstanceType"] == "ml.m5.large"
    assert "Tags" not in described
    tags = jobs.sagemaker.get_paginator("list_tags").paginate(ResourceArn=described["TrainingJobArn"])
    assert [tag for page in tags for tag in page["Tags"]] == [{"Key": "team", "Value": "a"}]


def test_tags_are_added_and_removed(jobs: Jobs) -> None:
    """API_AddTags overwrites; API_DeleteTags passes over what is not there."""
    arn = jobs.describe(jobs.start("print(1)"))["TrainingJobArn"]
    jobs.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": f"k{n:02}", "Value": "v"} for n in range(30)])
    jobs.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "k00", "Value": "w"}])
    jobs.sagemaker.delete_tags(ResourceArn=arn, TagKeys=["k01", "absent"])
    tags = {t["Key"]: t["Value"] for t in jobs.sagemaker.list_tags(ResourceArn=arn, MaxResults=50)["Tags"]}
    assert len(tags) == 29
    assert tags["k00"] == "w"


def test_the_waiter_sees_the_end(jobs: Jobs) -> None:
    """boto3's waiter TrainingJobCompletedOrStopped."""
    name = jobs.start("print(1)")
    waiter = jobs.sagemaker.get_waiter("training_job_completed_or_stopped")
    waiter.wait(TrainingJobName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    assert jobs.describe(name)["TrainingJobStatus"] == "Completed"


def test_listing_pages_after_filtering(jobs: Jobs) -> None:
    """A page is full unless it is the last, whatever is filtered; newest first by default; tokens are stable."""
    names = [jobs.start("print(1)", name=f"paged-{n}-{jobs.bucket[-4:]}") for n in range(7)]
    for name in names:
        jobs.ended(name)
    other = jobs.start("raise SystemExit(1)", wait=True)
    pages = list(
        jobs.sagemaker.get_paginator("list_training_jobs").paginate(
            NameContains="PAGED-",
            StatusEquals="Completed",
            SortBy="Name",
            SortOrder="Ascending",
            PaginationConfig={"PageSize": 3},
        )
    )
    listed = [[job["TrainingJobName"] for job in page["TrainingJobSummaries"]] for page in pages]
    assert [len(page) for page in listed] == [3, 3, 1]
    assert [name for page in listed for name in page] == names
    newest = jobs.sagemaker.list_training_jobs(MaxResults=1)["TrainingJobSummaries"][0]
    assert newest["TrainingJobName"] == other
    first = jobs.sagemaker.list_training_jobs(NameContains="paged-", MaxResults=2)
    jobs.start("print(1)", name=f"paged-late-{jobs.bucket[-4:]}", wait=True)
    rest = jobs.sagemaker.list_training_jobs(NameContains="paged-", NextToken=first["NextToken"])
    seen = [job["TrainingJobName"] for page in (first, rest) for job in page["TrainingJobSummaries"]]
    assert seen == names[::-1]


def test_times_filter_a_listing(jobs: Jobs) -> None:
    """CreationTimeAfter and CreationTimeBefore of API_ListTrainingJobs."""
    created = jobs.describe(jobs.start("print(1)", wait=True))["CreationTime"]
    later = jobs.sagemaker.list_training_jobs(CreationTimeAfter=created)["TrainingJobSummaries"]
    assert all(job["CreationTime"] >= created for job in later)
    earlier = jobs.sagemaker.list_training_jobs(CreationTimeBefore=created)["TrainingJobSummaries"]
    assert all(job["CreationTime"] <= created for job in earlier)


def test_a_job_is_stopped_and_keeps_what_it_saved(jobs: Jobs) -> None:
    """API_StopTrainingJob: SIGTERM, then the model artefacts of the stopped job are saved."""
    code = """
import signal, sys, time
def end(*_):
    (base / 'model' / 'half').write_text('half trained')
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print('ready', flush=True)
time.sleep(300)
"""
    name = jobs.start(code, name="stopped-in-time")
    eventually(lambda: "ready" in jobs.lines(name) if _has_stream(jobs, name) else False, 60)
    jobs.sagemaker.stop_training_job(TrainingJobName=name)
    ended = jobs.ended(name)
    assert ended["TrainingJobStatus"] == ended["SecondaryStatus"] == "Stopped"
    assert "Stopping" in [t["Status"] for t in ended["SecondaryStatusTransitions"]]
    bucket, _, key = ended["ModelArtifacts"]["S3ModelArtifacts"].removeprefix("s3://").partition("/")
    assert jobs.s3.head_object(Bucket=bucket, Key=key)["ContentLength"] > 0
    assert "is in status Stopped" in refused(jobs.sagemaker.stop_training_job, TrainingJobName=name)["Message"]


def test_a_job_is_stopped_when_its_time_is_over(jobs: Jobs) -> None:
    """API_StoppingCondition; SecondaryStatus MaxRuntimeExceeded."""
    name = jobs.start("import time; time.sleep(300)", StoppingCondition={"MaxRuntimeInSeconds": 1})
    ended = jobs.ended(name)
    assert ended["TrainingJobStatus"] == "Stopped"
    assert ended["SecondaryStatus"] == "MaxRuntimeExceeded"


def test_only_a_job_that_ended_is_deleted(jobs: Jobs) -> None:
    """API_DeleteTrainingJob; afterwards its name is free."""
    name = jobs.start("import time; time.sleep(300)")
    assert refused(jobs.sagemaker.delete_training_job, TrainingJobName=name)["Code"] == "ValidationException"
    jobs.sagemaker.stop_training_job(TrainingJobName=name)
    jobs.ended(name)
    jobs.sagemaker.delete_training_job(TrainingJobName=name)
    assert refused(jobs.sagemaker.describe_training_job, TrainingJobName=name) == {
        "Code": "ValidationException",
        "Message": "Requested resource not found.",
    }
    jobs.start("print(1)", name=name, wait=True)


def test_metric_definitions_fill_the_description_and_cloudwatch(jobs: Jobs) -> None:
    """API_MetricDefinition: the first group of the regular expression, the last value wins."""
    name = jobs.start(
        "print('loss=0.5'); print('loss=0.25'); print('loss=nan')",
        wait=True,
        AlgorithmSpecification={
            "TrainingImage": PROBE,
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": "loss", "Regex": r"loss=(\S+)"}],
        },
    )
    final = jobs.describe(name)["FinalMetricDataList"]
    assert [(metric["MetricName"], metric["Value"]) for metric in final] == [("loss", 0.25)]


def test_the_program_has_its_role_and_no_more(jobs: Jobs) -> None:
    """The container credentials endpoint gives the role's session; the role may not create users."""
    code = """
import json, os, urllib.request
request = urllib.request.Request(
    os.environ['AWS_CONTAINER_CREDENTIALS_FULL_URI'],
    headers={'Authorization': open(os.environ['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE']).read()},
)
answer = json.load(urllib.request.urlopen(request))
print(sorted(answer))
(base / 'model' / 'credentials.json').write_text(json.dumps(answer))
"""
    name = jobs.start(code, wait=True)
    assert jobs.lines(name) == ["['AccessKeyId', 'Expiration', 'RoleArn', 'SecretAccessKey', 'Token']"]
    keys = _model_file(jobs, name)
    session = (keys["AccessKeyId"], keys["SecretAccessKey"], keys["Token"])
    arn = jobs.server.client("sts", session).get_caller_identity()["Arn"]
    assert arn.startswith("arn:aws:sts::123456789012:assumed-role/SageMakerExecutionRole/")
    assert refused(jobs.server.client("iam", session).create_user, UserName="x")["Code"] == "AccessDenied"
    jobs.server.client("s3", session).list_objects_v2(Bucket=jobs.bucket)


def test_network_isolation_means_no_network_and_no_credentials(jobs: Jobs) -> None:
    """API_CreateTrainingJob, EnableNetworkIsolation: no inbound or outbound network calls."""
    code = f"""
import os, socket
print('credentials', 'AWS_CONTAINER_CREDENTIALS_FULL_URI' in os.environ)
try:
    socket.create_connection(('127.0.0.1', {jobs.server.port}), 2)
    print('connected')
except OSError:
    print('no network')
"""
    if jobs.server.isolation == "none":
        pytest.skip("This machine isolates no program; `salvia doctor` says so.")
    name = jobs.start(code, wait=True, EnableNetworkIsolation=True)
    assert jobs.describe(name)["TrainingJobStatus"] == "Completed", jobs.describe(name).get("FailureReason")
    assert jobs.lines(name) == ["credentials False", "no network"]


BAD = {
    "an unknown role": (
        {"RoleArn": "arn:aws:iam::123456789012:role/NobodyHasThisRole"},
        "Could not assume role arn:aws:iam::123456789012:role/NobodyHasThisRole",
    ),
    "two channels of one name": (
        {
            "InputDataConfig": [
                {
                    "ChannelName": "a",
                    "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/c"}},
                }
            ]
            * 2
        },
        "Duplicate channel name 'a'",
    ),
    "an output that is no S3 URI": ({"OutputDataConfig": {"S3OutputPath": "https:nowhere"}}, "s3OutputPath"),
    "spot without a bound": ({"EnableManagedSpotTraining": True}, "Invalid MaxWaitTimeInSeconds"),
    "a name with an underscore": ({"TrainingJobName": "a_b"}, "regular expression pattern"),
}


@pytest.mark.parametrize("what", BAD)
def test_create_refuses(salvia: Server, what: str) -> None:
    """Each with AWS's ValidationException and a sentence that names the cause."""
    change, sentence = BAD[what]
    error = refused(salvia.client("sagemaker").create_training_job, **{**request("refused"), **change})
    assert error["Code"] == "ValidationException"
    assert sentence in error["Message"]


def test_a_role_that_does_not_trust_sagemaker_is_refused(salvia: Server) -> None:
    """IAM user guide: the role's trust policy must name the service."""
    trust = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},'
        '"Action":"sts:AssumeRole"}]}'
    )
    arn = salvia.client("iam").create_role(RoleName="for-ec2", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    error = refused(salvia.client("sagemaker").create_training_job, **{**request("untrusted"), "RoleArn": arn})
    assert "Could not assume role" in error["Message"]


FAILS = {
    "an image that nobody has": (
        {
            "AlgorithmSpecification": {
                "TrainingImage": "123456789012.dkr.ecr.us-east-1.amazonaws.com/xgbost:latest",
                "TrainingInputMode": "File",
            }
        },
        "xgboost",
    ),
    "a hyperparameter out of range": ({"HyperParameters": {"code": "cGFzcw==", "rounds": "1000"}}, "rounds"),
    "a hyperparameter that nobody knows": ({"HyperParameters": {"code": "cGFzcw==", "round": "1"}}, "round"),
    "a missing bucket": (
        {
            "InputDataConfig": [
                {
                    "ChannelName": "train",
                    "DataSource": {
                        "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://there-is-no-such-bucket/x/"}
                    },
                }
            ]
        },
        "there-is-no-such-bucket",
    ),
}


@pytest.mark.parametrize("what", FAILS)
def test_a_job_fails_saying_why(jobs: Jobs, what: str) -> None:
    """A Failed job whose FailureReason gives cause and remedy."""
    change, sentence = FAILS[what]
    name = jobs.start("print(1)", **change)
    ended = jobs.ended(name)
    assert ended["TrainingJobStatus"] == "Failed"
    assert ended["FailureReason"].startswith("ClientError: ")
    assert sentence in ended["FailureReason"]
    last = ended["SecondaryStatusTransitions"][-1]["EndTime"]
    assert ended["CreationTime"] <= ended["TrainingEndTime"] <= last  # though it never started


def test_an_empty_prefix_fails_the_job_and_names_a_near_one(jobs: Jobs) -> None:
    """A mistyped prefix is the commonest mistake: the reason shows what the bucket has instead."""
    jobs.s3.put_object(Bucket=jobs.bucket, Key="train/part", Body=b"1")
    ended = jobs.run(
        "print(1)",
        InputDataConfig=[
            {
                "ChannelName": "train",
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{jobs.bucket}/trian/"}},
            }
        ],
    )
    assert ended["TrainingJobStatus"] == "Failed"
    assert f"s3://{jobs.bucket}/trian/" in ended["FailureReason"]
    assert "train/" in ended["FailureReason"]


def test_sharded_channels_are_divided_over_the_instances(jobs: Jobs) -> None:
    """S3DataDistributionType ShardedByS3Key: each object goes to one instance; FullyReplicated: to all."""
    for number in range(5):
        jobs.s3.put_object(Bucket=jobs.bucket, Key=f"sharded/{number}", Body=b"x")

    def channel(name: str, distribution: str) -> dict[str, Any]:
        return {
            "ChannelName": name,
            "DataSource": {
                "S3DataSource": {
                    "S3DataType": "S3Prefix",
                    "S3Uri": f"s3://{jobs.bucket}/sharded/",
                    "S3DataDistributionType": distribution,
                }
            },
        }

    code = "print(*(len(list((base/'input/data'/c).iterdir())) for c in ('one', 'all')))"
    name = jobs.start(
        code,
        wait=True,
        instances=2,
        InputDataConfig=[channel("one", "ShardedByS3Key"), channel("all", "FullyReplicated")],
    )
    assert sorted(jobs.lines(name)) == ["2 5", "3 5"]


def _has_stream(jobs: Jobs, name: str) -> bool:
    try:
        return bool(jobs.lines(name))
    except ClientError:
        return False


def _model_file(jobs: Jobs, name: str) -> dict[str, str]:
    import io
    import json
    import tarfile

    bucket, _, key = jobs.describe(name)["ModelArtifacts"]["S3ModelArtifacts"].removeprefix("s3://").partition("/")
    body = jobs.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        file = archive.extractfile("credentials.json") or archive.extractfile("./credentials.json")
        assert file is not None
        return json.load(file)
