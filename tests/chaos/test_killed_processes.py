"""kill -9 of anything, in every phase of a job: the job completes, once."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest
from tests.conftest import Jobs, Server, eventually

# Each run of the program leaves a mark of its own: two marks would mean that the job ran twice.
MARK = """
import os, time, uuid
print('run', uuid.uuid4(), flush=True)
for n in range(30):
    print('line', n, flush=True)
    time.sleep(0.1)
(base / 'model' / 'weights').write_bytes(os.urandom(200_000))
"""


@pytest.fixture(scope="module")
def server(make_server: Callable[..., Server]) -> Server:
    """A server to be maltreated."""
    return make_server()


@pytest.fixture(scope="module")
def chaos_jobs(server: Server) -> Jobs:
    return Jobs(server)


def kill(server: Server, *roles: str) -> None:
    """SIGKILL every process of these roles."""
    for role in roles:
        for pid in server.pids(role):
            os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("phase", ["Starting", "Downloading", "Training", "Uploading"])
@pytest.mark.parametrize("roles", [("gateway",), ("controller",), ("gateway", "controller")], ids="+".join)
def test_a_job_survives_whoever_is_killed(server: Server, chaos_jobs: Jobs, phase: str, roles: tuple[str, ...]) -> None:
    """Promised: kill -9 of the gateway, the controller or both in every phase of a job: the job completes, once."""
    for number in range(20):
        key = f"data/{number}"
        chaos_jobs.s3.put_object(Bucket=chaos_jobs.bucket, Key=key, Body=os.urandom(300_000))
    name = f"survivor-{phase.lower()}-{'-'.join(roles)}"
    chaos_jobs.start(
        MARK,
        name=name,
        instances=2,
        InputDataConfig=[
            {
                "ChannelName": "train",
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{chaos_jobs.bucket}/data/"}},
            }
        ],
    )
    if phase != "Starting":
        eventually(
            lambda: phase in [t["Status"] for t in chaos_jobs.describe(name)["SecondaryStatusTransitions"]],
            60,
            phase,
        )
    kill(server, *roles)
    eventually(lambda: _answers(server), 30, "the gateway answers again")
    ended = chaos_jobs.ended(name, timeout=90)
    assert ended["TrainingJobStatus"] == "Completed", ended.get("FailureReason")
    lines = chaos_jobs.lines(name)
    assert len([line for line in lines if line.startswith("run ")]) == 2, "each instance ran its program once"
    assert len([line for line in lines if line.startswith("line ")]) == 60, "no log line is lost or doubled"
    bucket, _, key = ended["ModelArtifacts"]["S3ModelArtifacts"].removeprefix("s3://").partition("/")
    assert chaos_jobs.s3.head_object(Bucket=bucket, Key=key)["ContentLength"] > 200_000


def test_salvia_up_takes_over_from_a_supervisor_that_died(server: Server, chaos_jobs: Jobs) -> None:
    """kill -9 of all three; `salvia up` finds the job running and sees it through."""
    name = chaos_jobs.start(MARK, name="taken-over")
    chaos_jobs.reaches(name, "Training")
    kill(server, "supervisor", "gateway", "controller")
    eventually(lambda: not server.pids("gateway"), 10)
    server.up()
    assert chaos_jobs.ended(name)["TrainingJobStatus"] == "Completed"
    assert len([line for line in chaos_jobs.lines(name) if line.startswith("run ")]) == 1


def test_salvia_up_ends_what_a_dead_supervisor_left(server: Server) -> None:
    """Over a half-dead instance: the supervisor is dead, its gateway lives; `up --detach` returns when ready."""
    before = server.pids("gateway")
    kill(server, "supervisor")
    server.up()
    assert server.pids("gateway")
    assert server.pids("gateway") != before
    assert _answers(server)


def test_a_lost_agent_fails_its_job_and_says_so(server: Server, chaos_jobs: Jobs) -> None:
    """Promised: a killed agent: Failed, saying that its instance was lost."""
    name = chaos_jobs.start("import time; time.sleep(300)", name="lost-agent")
    chaos_jobs.reaches(name, "Training")
    kill(server, "agent")
    ended = chaos_jobs.ended(name)
    assert ended["TrainingJobStatus"] == "Failed"
    assert "lost" in ended["FailureReason"]


def test_a_killed_program_fails_its_job_with_the_signal(server: Server, chaos_jobs: Jobs) -> None:
    """Promised: A killed program: Failed, saying with which signal."""
    name = chaos_jobs.start("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", name="killed-program")
    ended = chaos_jobs.ended(name)
    assert ended["TrainingJobStatus"] == "Failed"
    assert "SIGKILL" in ended["FailureReason"]


def test_every_acknowledged_write_survives_kill_9(server: Server, chaos_jobs: Jobs) -> None:
    """What was answered with 200 is there after the gateway was killed."""
    put = []
    for number in range(200):
        try:
            chaos_jobs.s3.put_object(Bucket=chaos_jobs.bucket, Key=f"durable/{number}", Body=str(number).encode())
        except Exception:  # the gateway died under this request: it was not acknowledged
            eventually(lambda: _answers(server), 30)
            continue
        put.append(number)
        if number % 50 == 25:
            kill(server, "gateway")
    assert len(put) > 150
    for number in put:
        body = chaos_jobs.s3.get_object(Bucket=chaos_jobs.bucket, Key=f"durable/{number}")["Body"].read()
        assert body == str(number).encode()


def _answers(server: Server) -> bool:
    try:
        return bool(server.client("sts").get_caller_identity()["Account"])
    except Exception:  # not yet up: connection refused or closed
        return False
