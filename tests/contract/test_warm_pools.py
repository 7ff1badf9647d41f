"""Warm pools, through boto3, with real agents. Expectations: the guide, "Train using SageMaker managed warm pools"."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.conftest import Jobs, Server, eventually

# Leaves something in every place that a program can write to, and says what it finds there.
PROGRAM = """
import json, os, socket
places = [base, base / 'model', base / 'output/data', base / 'checkpoints', base / 'code', '/tmp', '/root']
found = sorted(str(p) + '/' + f for p in places for f in os.listdir(p) if 'secret' in f)
channels = sorted(os.listdir(base / 'input/data'))
for place in places:
    try:
        open(os.path.join(place, 'secret-' + os.environ['TRAINING_JOB_NAME']), 'w').write('secret')
    except OSError:
        pass
address = socket.gethostbyname('algo-1')
print(json.dumps({'found': found, 'channels': channels, 'address': address, 'name': os.environ['TRAINING_JOB_NAME'],
                  'token': os.path.exists('/run/salvia/token')}), flush=True)
"""


@pytest.fixture(scope="module")
def server(make_server: Callable[..., Server]) -> Server:
    """A server whose every agent is one of these tests'."""
    return make_server("--clock", "virtual")


@pytest.fixture(scope="module")
def jobs(server: Server) -> Jobs:
    return Jobs(server)


def keeping(seconds: int, count: int = 1) -> dict[str, Any]:
    resources = {"InstanceType": "ml.m5.large", "InstanceCount": count, "VolumeSizeInGB": 1}
    return {"ResourceConfig": {**resources, "KeepAlivePeriodInSeconds": seconds}}


def pool(jobs: Jobs, name: str) -> Any:
    return jobs.describe(name).get("WarmPoolStatus")


def available(jobs: Jobs, name: str) -> None:
    eventually(lambda: pool(jobs, name) == {"Status": "Available"}, 30, f"{name} leaves a pool")


def agents(jobs: Jobs) -> list[int]:
    return sorted(jobs.server.pids("agent"))


def said(jobs: Jobs, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in jobs.lines(name) if line.startswith("{")]


def test_a_matching_job_runs_in_the_same_processes_and_sees_nothing_of_the_first(jobs: Jobs) -> None:
    """The instances are really kept (agents, addresses, folders), and empty."""
    jobs.s3.put_object(Bucket=jobs.bucket, Key="in/secret-data", Body=b"x")
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{jobs.bucket}/in/"}}
    channel = {"ChannelName": "private", "DataSource": source}
    first = jobs.run(PROGRAM, name="pool-first", instances=2, InputDataConfig=[channel], **keeping(3600, 2))
    assert first["TrainingJobStatus"] == "Completed", first.get("FailureReason")
    available(jobs, "pool-first")
    kept = agents(jobs)
    assert len(kept) == 2
    folders = {pid: Path(f"/proc/{pid}/cwd").readlink() for pid in kept}
    for second in ("pool-second", "pool-third"):
        ended = jobs.run(PROGRAM, name=second, **keeping(3600, 2))
        assert ended["TrainingJobStatus"] == "Completed", ended.get("FailureReason")
        available(jobs, second)
        assert agents(jobs) == kept
        assert {pid: Path(f"/proc/{pid}/cwd").readlink() for pid in kept} == folders
    reused = pool(jobs, "pool-first")
    assert (reused["Status"], reused["ReusedByJob"]) == ("Reused", "pool-second")
    lines = {name: said(jobs, name) for name in ("pool-first", "pool-second", "pool-third")}
    assert all(line["found"] == [] for every in lines.values() for line in every)
    assert [line["channels"] for line in lines["pool-second"]] == [[], []]
    assert {line["name"] for line in lines["pool-third"]} == {"pool-third"}
    assert all(line["token"] for every in lines.values() for line in every)
    assert len({line["address"] for every in lines.values() for line in every}) == 1
    jobs.sagemaker.update_training_job(TrainingJobName="pool-third", ResourceConfig={"KeepAlivePeriodInSeconds": 0})
    eventually(lambda: agents(jobs) == [], 30, "the agents are gone")
    assert pool(jobs, "pool-third")["Status"] == "Terminated"


def test_a_pool_ends_by_the_virtual_clock(jobs: Jobs) -> None:
    """KeepAlivePeriodInSeconds, and its bill."""
    jobs.run("print(1)", name="pool-brief", **keeping(1800))
    available(jobs, "pool-brief")
    listed = jobs.sagemaker.list_training_jobs(WarmPoolStatusEquals="Available")["TrainingJobSummaries"]
    assert [job["TrainingJobName"] for job in listed] == ["pool-brief"]
    with pytest.raises(ClientError, match="retains a warm pool"):
        jobs.sagemaker.delete_training_job(TrainingJobName="pool-brief")
    jobs.server.advance("1h")
    eventually(lambda: agents(jobs) == [], 30, "the agent is gone")
    assert pool(jobs, "pool-brief") == {"Status": "Terminated", "ResourceRetainedBillableTimeInSeconds": 1800}


def test_a_kept_instance_survives_its_controller(jobs: Jobs) -> None:
    """kill -9 of gateway and controller while a pool is kept and while it is taken over."""
    jobs.run("print(1)", name="pool-hardy", **keeping(3600))
    available(jobs, "pool-hardy")
    kept = agents(jobs)
    for pid in jobs.server.pids("controller"):
        os.kill(pid, signal.SIGKILL)
    name = jobs.start("import time; print('once', flush=True); time.sleep(2)", name="pool-heir", **keeping(0))
    for pid in jobs.server.pids("controller"):
        os.kill(pid, signal.SIGKILL)
    assert jobs.ended(name)["TrainingJobStatus"] == "Completed"
    assert jobs.lines(name) == ["once"]
    assert pool(jobs, "pool-hardy")["ReusedByJob"] == name
    assert kept
    eventually(lambda: agents(jobs) == [], 30, "a job that keeps nothing ends the pool")
