"""Waiters return with the event; plain calls are never held.

boto3's waiter sleeps 120 s between two looks at a training job, the AWS CLI's `wait` as long (botocore's waiter model).
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from botocore.exceptions import WaiterError
from tests.conftest import Jobs, Server, eventually

_SOON = 0.3  # seconds; the best of three, since a busy machine is late by itself
_ANSWER = re.compile(r'^([\d-]+ [\d:,]+) - .*connectionpool.*"POST / HTTP/1.1" 200', re.MULTILINE)


def _ended_at(description: dict[str, Any]) -> float:
    """When its status became what the waiter waits for; its instances had ended a moment before."""
    return float(description["SecondaryStatusTransitions"][-1]["StartTime"].timestamp())


def test_the_waiter_of_a_job_returns_with_its_end(jobs: Jobs) -> None:
    """With its defaults: the job is over long before the waiter's second look."""
    late = []
    for _ in range(3):
        name = jobs.start("import time; time.sleep(2)")
        jobs.sagemaker.get_waiter("training_job_completed_or_stopped").wait(TrainingJobName=name)
        late.append(time.time() - _ended_at(jobs.describe(name)))
    # The description has the end's time in milliseconds; the commit comes after it.
    assert min(late) < _SOON + 0.2, late


def test_aws_wait_returns_with_the_end(jobs: Jobs, salvia: Server) -> None:
    """By the command's own log of when it was answered: how long it then takes to leave is not the server's matter."""
    late = []
    for _ in range(3):
        name = jobs.start("import time; time.sleep(2)")
        wait = ["sagemaker", "wait", "training-job-completed-or-stopped", "--training-job-name", name, "--debug"]
        answers = _ANSWER.findall(salvia.aws(wait).stderr)
        answered = datetime.strptime(answers[-1], "%Y-%m-%d %H:%M:%S,%f").astimezone().timestamp()
        late.append(answered - _ended_at(jobs.describe(name)))
    assert min(late) < _SOON + 0.2, late


def test_a_failed_job_ends_the_wait_as_a_failure(jobs: Jobs) -> None:
    """`Failed` is the waiter's failure state."""
    name = jobs.start("import time; time.sleep(1); raise SystemExit(3)")
    with pytest.raises(WaiterError, match="Failed"):
        jobs.sagemaker.get_waiter("training_job_completed_or_stopped").wait(TrainingJobName=name)


def test_a_job_that_is_not_there_ends_the_wait_at_once(jobs: Jobs) -> None:
    """ValidationException is a failure to this waiter."""
    began = time.monotonic()
    with pytest.raises(WaiterError):
        jobs.sagemaker.get_waiter("training_job_completed_or_stopped").wait(TrainingJobName="never-was")
    assert time.monotonic() - began < 2


def test_a_waiter_for_what_is_made_meanwhile(salvia: Server) -> None:
    """iam's `role_exists` goes on while GetRole says NoSuchEntity."""
    iam = salvia.client("iam")
    seen: list[float] = []

    def wait() -> None:
        iam.get_waiter("role_exists").wait(RoleName="awaited")
        seen.append(time.monotonic())

    waiting = threading.Thread(target=wait)
    waiting.start()
    time.sleep(0.5)
    assert not seen
    trust = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam.create_role(RoleName="awaited", AssumeRolePolicyDocument=document)
    made = time.monotonic()
    waiting.join(30)
    assert seen[0] - made < _SOON + 0.2


def test_a_plain_call_is_never_held(jobs: Jobs) -> None:
    """DescribeTrainingJob of a job under way."""
    name = jobs.start("import time; time.sleep(3)")
    jobs.reaches(name, "Training")
    began = time.monotonic()
    assert jobs.describe(name)["TrainingJobStatus"] == "InProgress"
    assert time.monotonic() - began < 1


def test_a_server_that_goes_down_holds_nobody(make_server: Callable[..., Server]) -> None:
    """`salvia down` waits for no waiter."""
    server = make_server()
    jobs = Jobs(server)
    name = jobs.start("import time; time.sleep(60)")
    jobs.reaches(name, "Training")
    waiter = jobs.sagemaker.get_waiter("training_job_completed_or_stopped")
    over: list[BaseException] = []

    def wait() -> None:
        try:
            waiter.wait(TrainingJobName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 1})
        except WaiterError as error:
            over.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    eventually(lambda: waiting.is_alive(), 5)
    time.sleep(0.5)
    jobs.sagemaker.stop_training_job(TrainingJobName=name)
    began = time.monotonic()
    server.salvia("down")
    assert time.monotonic() - began < 8
    waiting.join(10)
    assert not waiting.is_alive()
