"""An emulator for somebody's tests: a server that is emptied between them."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator

import pytest
from tests.conftest import Jobs, Server, eventually


@pytest.fixture(scope="module")
def emulator(make_server: Callable[..., Server]) -> Iterator[Server]:
    server = make_server("--auth", "off")
    yield server
    server.down()


def _post(server: Server) -> int:
    request = urllib.request.Request(f"{server.url}/_reset", method="POST")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_everything_is_gone_and_the_role_is_there_again(emulator: Server) -> None:
    """As after a first start."""
    s3, sagemaker, iam = (emulator.client(name) for name in ("s3", "sagemaker", "iam"))
    jobs = Jobs(emulator)
    s3.put_object(Bucket=jobs.bucket, Key="k", Body=b"x")
    iam.delete_role_policy(RoleName="SageMakerExecutionRole", PolicyName="JobData")
    name = jobs.start("import time; time.sleep(300)")
    jobs.reaches(name, "Training")
    (agent,) = emulator.pids("agent")
    assert _post(emulator) == 204
    assert s3.list_buckets()["Buckets"] == []
    assert sagemaker.list_training_jobs()["TrainingJobSummaries"] == []
    assert iam.list_role_policies(RoleName="SageMakerExecutionRole")["PolicyNames"] == ["JobData"]
    eventually(lambda: agent not in emulator.pids("agent"), 30, "the agent of a forgotten job ends")
    assert Jobs(emulator, count=7).run("print(1)")["TrainingJobStatus"] == "Completed"


def test_what_was_recorded_is_forgotten(emulator: Server) -> None:
    """What happened just before, too; what happens from then on is recorded."""
    trail = emulator.client("cloudtrail")
    emulator.client("iam").list_users()
    assert _post(emulator) == 204
    emulator.client("iam").list_roles()

    def names() -> set[str]:
        return {event["EventName"] for event in trail.lookup_events()["Events"]}

    eventually(lambda: "ListRoles" in names(), 10)
    assert "ListUsers" not in names()


def test_the_command_does_it_too_and_quickly(emulator: Server) -> None:
    """In a tenth of a second, of which the best of five speaks: the disk is not ours alone."""
    took = []
    for n in range(5):
        emulator.client("s3").create_bucket(Bucket=f"again-{n}")
        began = time.perf_counter()
        assert _post(emulator) == 204
        took.append(time.perf_counter() - began)
    assert min(took) < 0.1, took
    emulator.client("s3").create_bucket(Bucket="once-more")
    emulator.salvia("reset")
    assert emulator.client("s3").list_buckets()["Buckets"] == []


def test_a_server_that_checks_its_callers_is_never_emptied(salvia: Server) -> None:
    salvia.client("s3").create_bucket(Bucket="kept-for-good")
    assert _post(salvia) == 404
    refused = salvia.salvia("reset", check=False)
    assert refused.returncode == 1
    assert "--auth off" in refused.stderr
    salvia.client("s3").head_bucket(Bucket="kept-for-good")
