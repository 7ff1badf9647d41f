"""Processing jobs through boto3. Expectations without another source: the guide, "Build Your Own Processing Container";
API_CreateProcessingJob and what it is made of."""

from __future__ import annotations

import gzip
import json
import uuid
from collections.abc import Sequence
from typing import Any

import botocore.exceptions
import pytest
from tests.conftest import PROBE, ROLE, Jobs, Server, eventually

WORK = "/opt/ml/processing"
ENDED = ("Completed", "Failed", "Stopped")


class Processing:
    """Processing jobs of one server whose program is a piece of Python."""

    def __init__(self, server: Server) -> None:
        self.server, self.sagemaker, self.s3 = server, server.client("sagemaker"), server.client("s3")
        self.bucket = f"processing-{uuid.uuid4().hex[:8]}"
        self.s3.create_bucket(Bucket=self.bucket)

    def put(self, **objects: bytes) -> str:
        """Store objects below a prefix of their own, `__` for /; returns its URI."""
        prefix = uuid.uuid4().hex[:8]
        for name, body in objects.items():
            self.s3.put_object(Bucket=self.bucket, Key=f"{prefix}/{name.replace('__', '/')}", Body=body)
        return f"s3://{self.bucket}/{prefix}/"

    def found(self, uri: str) -> dict[str, bytes]:
        """What is below a URI."""
        prefix = uri.split("/", 3)[3]
        listed = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", ())
        return {
            one["Key"].removeprefix(prefix): self.s3.get_object(Bucket=self.bucket, Key=one["Key"])["Body"].read()
            for one in listed
        }

    def start(self, code: str, *, instances: int = 1, inputs: Sequence[dict[str, Any]] = (), **more: Any) -> str:
        """Run a script, which is an input as SDKs make it one; returns the job's name."""
        name = f"probe-{uuid.uuid4().hex[:12]}"
        script = given("code", self.put(**{"script.py": code.encode()}) + "script.py")
        cluster = {"InstanceCount": instances, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
        self.sagemaker.create_processing_job(
            **{
                "ProcessingJobName": name,
                "RoleArn": ROLE,
                "AppSpecification": {
                    "ImageUri": PROBE,
                    "ContainerEntrypoint": ["python3", f"{WORK}/input/code/script.py"],
                    "ContainerArguments": ["--mark", "a b"],
                },
                "ProcessingInputs": [*inputs, script],
                "ProcessingResources": {"ClusterConfig": cluster},
                **more,
            }
        )
        return name

    def describe(self, name: str) -> dict[str, Any]:
        return self.sagemaker.describe_processing_job(ProcessingJobName=name)

    def ended(self, name: str) -> dict[str, Any]:
        eventually(lambda: self.describe(name)["ProcessingJobStatus"] in ENDED, 60)
        return self.describe(name)

    def done(self, code: str, **more: Any) -> dict[str, Any]:
        described = self.ended(self.start(code, **more))
        assert described["ProcessingJobStatus"] == "Completed", described.get("FailureReason")
        return described

    def lines(self, name: str) -> list[str]:
        logs = self.server.client("logs")
        events = logs.filter_log_events(logGroupName="/aws/sagemaker/ProcessingJobs", logStreamNamePrefix=f"{name}/")
        return [event["message"] for event in events["events"]]


@pytest.fixture(scope="module")
def processing(salvia: Server) -> Processing:
    return Processing(salvia)


def given(name: str, uri: str, **more: str) -> dict[str, Any]:
    """An input below /opt/ml/processing/input."""
    told = {"S3Uri": uri, "LocalPath": f"{WORK}/input/{name}", "S3DataType": "S3Prefix", "S3InputMode": "File"}
    return {"InputName": name, "S3Input": {**told, **more}}


def taken(name: str, uri: str, mode: str = "EndOfJob") -> dict[str, Any]:
    """An output below /opt/ml/processing/output."""
    told = {"S3Uri": uri, "LocalPath": f"{WORK}/output/{name}", "S3UploadMode": mode}
    return {"OutputName": name, "S3Output": told}


def test_inputs_become_outputs(processing: Processing) -> None:
    """Files at LocalPath before the program runs; what it leaves at an output's LocalPath, which is there, goes to S3
    when it has ended with 0; symbolic links are not followed."""
    rows, out = processing.put(**{"a.csv": b"1", "deep__b.csv": b"2"}), processing.put()
    code = f"""
import os, pathlib, sys
inside = pathlib.Path("{WORK}")
out = inside / "output/sums"
assert out.is_dir() and not list(out.iterdir())
(out / "deep").mkdir()
for path in sorted((inside / "input/rows").rglob("*.csv")):
    (out / path.relative_to(inside / "input/rows")).write_text(path.read_text() + os.environ["MARK"])
(out / "link").symlink_to("/etc/passwd")
print("arguments", sys.argv[1:])
"""
    name = processing.start(
        code,
        inputs=[given("rows", rows)],
        ProcessingOutputConfig={"Outputs": [taken("sums", out)]},
        Environment={"MARK": "!"},
        Tags=[{"Key": "team", "Value": "blue"}],
    )
    waiter = processing.sagemaker.get_waiter("processing_job_completed_or_stopped")
    waiter.wait(ProcessingJobName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    described = processing.describe(name)
    assert described["ProcessingJobStatus"] == "Completed", described
    assert processing.found(out) == {"a.csv": b"1!", "deep/b.csv": b"2!"}
    assert described["CreationTime"] <= described["ProcessingStartTime"] <= described["ProcessingEndTime"]
    assert described["ProcessingJobArn"].endswith(f":processing-job/{name}")
    assert described["StoppingCondition"] == {"MaxRuntimeInSeconds": 86_400}  # API_ProcessingStoppingCondition
    assert not {"FailureReason", "ExitMessage"} & set(described)
    assert "arguments ['--mark', 'a b']" in processing.lines(name)
    assert f"{WORK}/output/sums/link is not uploaded: it links to outside {WORK}/output/sums." in processing.lines(name)
    tags = processing.sagemaker.list_tags(ResourceArn=described["ProcessingJobArn"])["Tags"]
    assert tags == [{"Key": "team", "Value": "blue"}]
    cost = processing.server.client("salvia").get_cost(GroupBy=[{"Type": "RESOURCE"}, {"Type": "COMPONENT"}])
    billed = {tuple(group["Keys"]): group["InstanceSeconds"] for group in cost["Groups"]}
    began, ended = (int(described[f"Processing{moment}Time"].timestamp()) for moment in ("Start", "End"))
    assert billed[described["ProcessingJobArn"], "Processing"] == max(1, ended - began)


def test_each_instance_has_its_share_and_knows_its_peers(processing: Processing) -> None:
    """ShardedByS3Key; resourceconfig.json, processingjobconfig.json; every instance's outputs are stored, and what each
    says at last is put together in ExitMessage."""
    rows, out = processing.put(a=b"1", b=b"2", c=b"3"), processing.put()
    code = f"""
import json, os
hosts = json.load(open("/opt/ml/config/resourceconfig.json"))
told = json.load(open("/opt/ml/config/processingjobconfig.json"))
me = hosts["current_host"]
names = sorted(os.listdir("{WORK}/input/rows"))
json.dump([hosts["hosts"], names, told], open("{WORK}/output/all/" + me, "w"))
open("/opt/ml/output/message", "w").write(me + " had " + ",".join(names) + ". ")
"""
    described = processing.done(
        code,
        instances=2,
        inputs=[given("rows", rows, S3DataDistributionType="ShardedByS3Key")],
        ProcessingOutputConfig={"Outputs": [taken("all", out)]},
    )
    assert described["ExitMessage"] == "algo-1 had a,c. algo-2 had b. "
    found = {host: json.loads(body) for host, body in processing.found(out).items()}
    assert {host: names for host, (_, names, _) in found.items()} == {"algo-1": ["a", "c"], "algo-2": ["b"]}
    hosts, _, told = found["algo-2"]
    assert hosts == ["algo-1", "algo-2"]
    assert told["ProcessingJobArn"] == described["ProcessingJobArn"]
    for member in ("ProcessingJobName", "AppSpecification", "ProcessingInputs", "ProcessingResources", "RoleArn"):
        assert told[member] == described[member], member


def test_pipes_manifests_and_single_objects(processing: Processing) -> None:
    """S3InputMode Pipe with Gzip; a manifest's objects; the URI of one object brings that object."""
    stored = processing.put(**{"a.gz": gzip.compress(b"a\n"), "b.gz": gzip.compress(b"b\n"), "script.py": b"print(7)"})
    listed = processing.put(manifest=json.dumps([{"prefix": stored}, "script.py"]).encode())
    out = processing.put()
    code = f"""
import os
print("streamed", open("{WORK}/input/piped_0").read().split())
print("listed", os.listdir("{WORK}/input/listed"), "single", os.listdir("{WORK}/input/code"))
"""
    name = processing.start(
        code,
        inputs=[
            given("piped", f"{stored}a", S3InputMode="Pipe", S3CompressionType="Gzip"),
            given("listed", f"{listed}manifest", S3DataType="ManifestFile"),
        ],
        ProcessingOutputConfig={"Outputs": [taken("nothing", out)]},
    )
    described = processing.ended(name)
    assert described["ProcessingJobStatus"] == "Completed", described
    assert processing.lines(name) == ["streamed ['a']", "listed ['script.py'] single ['script.py']"]
    assert processing.found(out) == {}


def test_a_failure_says_why_and_stores_only_what_is_continuous(processing: Processing) -> None:
    """ "fails if any of the containers exits with a non-zero exit code"; ExitMessage "for failed processing jobs"."""
    out = processing.put()
    code = f"""
open("{WORK}/output/now/a", "w").write("1")
open("{WORK}/output/late/a", "w").write("1")
open("/opt/ml/output/message", "w").write("half of it")
raise SystemExit("no such column")
"""
    outputs = [taken("now", f"{out}now", "Continuous"), taken("late", f"{out}late")]
    described = processing.ended(processing.start(code, ProcessingOutputConfig={"Outputs": outputs}))
    assert described["ProcessingJobStatus"] == "Failed"
    expected = "AlgorithmError: the program ended with exit code 1. Its last line: no such column"
    assert described["FailureReason"] == expected
    assert described["ExitMessage"] == "half of it"
    assert processing.found(out) == {"now/a": b"1"}


def test_a_message_that_is_no_text_fails(processing: Processing) -> None:
    """ "If the data in this file isn't UTF-8 encoded, the job fails and returns a ClientError"."""
    described = processing.ended(processing.start("open('/opt/ml/output/message', 'wb').write(b'ab\\xff')"))
    expected = "ClientError: /opt/ml/output/message of algo-1 is not UTF-8 (byte 2). Write text to it."
    assert (described["ProcessingJobStatus"], described["FailureReason"]) == ("Failed", expected)


def test_stopping_keeps_what_was_stored_as_it_came(processing: Processing) -> None:
    """StopProcessingJob: the program gets SIGTERM; a job that has ended cannot be stopped."""
    out = processing.put()
    code = f"""
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: (open("{WORK}/output/now/last", "w").write("bye"), sys.exit(0)))
open("{WORK}/output/now/first", "w").write("1")
time.sleep(60)
"""
    name = processing.start(code, ProcessingOutputConfig={"Outputs": [taken("now", f"{out}now", "Continuous")]})
    eventually(lambda: "now/first" in processing.found(out), 30)
    with pytest.raises(botocore.exceptions.ClientError, match="is in status InProgress"):
        processing.sagemaker.delete_processing_job(ProcessingJobName=name)
    processing.sagemaker.stop_processing_job(ProcessingJobName=name)
    assert processing.ended(name)["ProcessingJobStatus"] == "Stopped"
    assert processing.found(out) == {"now/first": b"1", "now/last": b"bye"}
    with pytest.raises(botocore.exceptions.ClientError, match="processing job is in status Stopped"):
        processing.sagemaker.stop_processing_job(ProcessingJobName=name)
    processing.sagemaker.delete_processing_job(ProcessingJobName=name)
    with pytest.raises(botocore.exceptions.ClientError, match="Could not find requested job with name"):
        processing.describe(name)


def test_its_time_ends(processing: Processing) -> None:
    """API_ProcessingStoppingCondition: "After the condition is met, the processing job is stopped"."""
    name = processing.start("import time; time.sleep(60)", StoppingCondition={"MaxRuntimeInSeconds": 1})
    described = processing.ended(name)
    expected = ("Stopped", "MaxRuntimeInSeconds (1) has passed.")
    assert (described["ProcessingJobStatus"], described["FailureReason"]) == expected


def test_data_that_is_not_there_fails_the_job(processing: Processing) -> None:
    """What is missing, and what there is instead."""
    rows = processing.put(**{"rows.csv": b"1"})
    described = processing.ended(processing.start("", inputs=[given("rows", f"{rows}row/")]))
    assert described["ProcessingJobStatus"] == "Failed"
    assert described["FailureReason"].startswith("ClientError: Data download failed: Input 'rows': no objects under")


def test_jobs_are_listed(processing: Processing) -> None:
    """ListProcessingJobs: filters, order, pages; a second job of the name is refused."""
    name = processing.start("")
    processing.ended(name)
    pages = processing.sagemaker.get_paginator("list_processing_jobs").paginate(
        StatusEquals="Completed", SortBy="CreationTime", SortOrder="Descending", PaginationConfig={"PageSize": 2}
    )
    found = [one for page in pages for one in page["ProcessingJobSummaries"]]
    assert found[0]["ProcessingJobName"] == name and "ProcessingEndTime" in found[0]
    with pytest.raises(botocore.exceptions.ClientError, match="ResourceInUse"):
        processing.start("", ProcessingJobName=name)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            {"inputs": [given("a", "s3://bucket/x"), given("a", "s3://bucket/y", LocalPath=f"{WORK}/b")]},
            "Duplicate input name 'a'",
        ),
        (
            {"inputs": [given("a", "s3://bucket/x"), given("b", "s3://b/y", LocalPath=f"{WORK}/input/a/")]},
            "Input 'b' has the LocalPath of input 'a'",
        ),
        (
            {"inputs": [given("a", "s3://bucket/x", LocalPath="/tmp/a")]},
            "LocalPath '/tmp/a' must begin with /opt/ml/processing/",
        ),
        (
            {"inputs": [given("a", "s3://bucket/x", LocalPath=f"{WORK}/../model")]},
            "must begin with /opt/ml/processing/",
        ),
        ({"inputs": [given("a", "s3://bucket/x", S3CompressionType="Gzip")]}, "only be used when Pipe mode"),
        ({"inputs": [given("a", "https://example.com/x")]}, "is not an S3 URI"),
        ({"inputs": [{"InputName": "a"}]}, "Input 'a' needs an S3Input"),
        ({"ProcessingOutputConfig": {"Outputs": [{"OutputName": "a"}]}}, "Output 'a' needs an S3Output"),
        (
            {"inputs": [{"InputName": "a", "DatasetDefinition": {"LocalPath": f"{WORK}/a"}}]},
            "Salvia cannot do this yet: input 'a': DatasetDefinition",
        ),
        (
            {"NetworkConfig": {"VpcConfig": {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}}},
            "Salvia cannot do this yet: NetworkConfig.VpcConfig",
        ),
    ],
)
def test_requests_that_cannot_be_served_say_why(processing: Processing, more: dict[str, Any], said: str) -> None:
    """ValidationException; what AWS can and Salvia cannot do yet is named."""
    with pytest.raises(botocore.exceptions.ClientError, match=f"ValidationException.*{said}"):
        processing.start("", **more)


def test_an_image_without_an_entrypoint_needs_one(processing: Processing) -> None:
    """Without ContainerEntrypoint "Processing uses the default ENTRYPOINT or CMD in the image": here is none."""
    described = processing.ended(processing.start("", AppSpecification={"ImageUri": PROBE}))
    assert described["ProcessingJobStatus"] == "Failed"
    assert "has no entrypoint of its own for processing jobs" in described["FailureReason"]


def test_an_isolated_program_has_no_network(processing: Processing, jobs: Jobs) -> None:
    """NetworkConfig.EnableNetworkIsolation; inputs and outputs come and go by the agent."""
    if jobs.server.isolation == "none":
        pytest.skip("This machine isolates no program; `salvia doctor` says so.")
    rows, out = processing.put(a=b"1"), processing.put()
    code = f"""
import os, socket
assert "AWS_CONTAINER_CREDENTIALS_FULL_URI" not in os.environ
try:
    socket.create_connection(("127.0.0.1", {processing.server.port}), 2)
except OSError:
    open("{WORK}/output/all/none", "w").close()
"""
    processing.done(
        code,
        inputs=[given("rows", rows)],
        ProcessingOutputConfig={"Outputs": [taken("all", out)]},
        NetworkConfig={"EnableNetworkIsolation": True},
    )
    assert processing.found(out) == {"none": b""}
