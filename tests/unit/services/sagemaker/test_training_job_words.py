"""Ends and transitions in words. Expectations: API_DescribeTrainingJob (FailureReason, SecondaryStatusTransitions) and
the guide, "How Amazon SageMaker signals algorithm success and failure"."""

from __future__ import annotations

from typing import Any

import pytest

from salvia.control import reports
from salvia.control.instances import Instance
from salvia.services.sagemaker.training_job import ending, transitions
from salvia.store.documents import Document

TAIL = ["epoch 1", "no such column: price", "  "]


JOB = Document(
    "sagemaker:TrainingJob",
    "123456789012",
    "us-east-1",
    "job",
    spec={"ResourceConfig": {"InstanceType": "ml.t", "InstanceCount": 3}},
)


def instance(position: int = 0, at: float = 5.0, **ended: Any) -> Instance:
    said = {"phase": "Exited", "times": {"Exited": at}, "exit": ended}
    return Instance("job", position, 0, "role", "s", "hash", phase="Exited", report=reports.understood(said))


SENTENCES = {
    "success": ({"code": 0}, None),
    "an exit code": (
        {"code": 3, "log_tail": TAIL},
        "AlgorithmError: the program ended with exit code 3. Its last line: no such column: price",
    ),
    "a silent exit": ({"code": 1}, "AlgorithmError: the program ended with exit code 1. It printed nothing."),
    "a failure file": (
        {"code": 1, "failure": "the label column is empty\n", "log_tail": TAIL},
        "AlgorithmError: the label column is empty, exit code: 1",
    ),
    "a signal": (
        {"signal": 9},
        "AlgorithmError: the program was killed by signal 9 (SIGKILL). It printed nothing.",
    ),
    "a signal without a name": (
        {"signal": 40},
        "AlgorithmError: the program was killed by signal 40. It printed nothing.",
    ),
    "memory": (
        {"signal": 9, "oom": True},
        "AlgorithmError: the program ran out of memory: it needed more than ml.t has on this machine. Choose an "
        "instance type with more memory, or train on less data at once.",
    ),
    "the client": (
        {"error": {"code": "ClientError", "message": "There is no bucket x."}},
        "ClientError: There is no bucket x.",
    ),
    "ourselves": (
        {"error": {"code": "InternalError", "message": "The agent failed."}},
        "InternalServerError: The agent failed.",
    ),
    "a good program whose model could not be saved": (
        {"code": 0, "error": {"code": "ClientError", "message": "AccessDenied"}},
        "ClientError: AccessDenied",
    ),
    "an agent that somebody stopped while it fetched data": (
        {},
        "InternalServerError: the instance algo-1 was stopped from outside before its program ran. Try again.",
    ),
}


@pytest.mark.parametrize("what", SENTENCES)
def test_every_end_has_its_sentence(what: str) -> None:
    ended, sentence = SENTENCES[what]
    assert ending.verdict([instance(**ended)], JOB).reason == sentence


def test_the_first_failure_is_the_cause_and_names_its_host() -> None:
    """The others fail because their peer is gone."""
    members = [instance(0, 9.0, code=1), instance(1, 7.0, code=2), instance(2, 1.0, code=0)]
    reason = ending.verdict(members, JOB).reason
    assert reason == "AlgorithmError: the program on algo-2 ended with exit code 2. It printed nothing."


def test_a_reason_is_no_longer_than_the_model_allows() -> None:
    reason = ending.verdict([instance(code=1, failure="x" * 5000)], JOB).reason
    assert reason is not None
    assert len(reason) == 1024


def test_nobody_has_failed_who_still_runs() -> None:
    running = Instance("job", 0, 0, "role", "s", "hash", phase="Training")
    assert ending.verdict([running, instance(1, code=0)], JOB).reason is None


def test_the_first_host_speaks_for_each_metric() -> None:
    one, two = instance(0, code=0), instance(1, code=0)
    one.report["metrics"] = [{"MetricName": "loss", "Value": 1.0, "Timestamp": 5}]
    two.report["metrics"] = [
        {"MetricName": "loss", "Value": 2.0, "Timestamp": 6},
        {"MetricName": "accuracy", "Value": 3.0, "Timestamp": 7},
    ]
    assert ending.final_metrics([one, two]) == [
        {"MetricName": "accuracy", "Value": 3.0, "Timestamp": 7},
        {"MetricName": "loss", "Value": 1.0, "Timestamp": 5},
    ]


@pytest.fixture
def job() -> Document:
    return Document("sagemaker:TrainingJob", "1", "r", "job", status=transitions.first(10.0), modified_at=10.0)


def shown(job: Document) -> list[tuple[Any, ...]]:
    return [(t["Status"], t["StartTime"], t.get("EndTime")) for t in job.status["SecondaryStatusTransitions"]]


def test_a_transition_ends_the_one_before(job: Document) -> None:
    transitions.move(job, "Training", 12.0)
    transitions.move(job, "Completed", 15.0)
    assert shown(job) == [("Starting", 10.0, 12.0), ("Training", 12.0, 15.0), ("Completed", 15.0, 15.0)]
    assert job.status["SecondaryStatus"] == "Completed"
    assert job.modified_at == 15.0


def test_a_repeated_transition_keeps_its_start(job: Document) -> None:
    transitions.move(job, "Downloading", 11.0, "Downloading the training image")
    transitions.move(job, "Downloading", 14.0)
    assert shown(job) == [("Starting", 10.0, 11.0), ("Downloading", 11.0, None)]
    assert job.status["SecondaryStatusTransitions"][-1]["StatusMessage"] == "Downloading input data"


def test_time_never_runs_backwards(job: Document) -> None:
    """Agents' clocks and ours may differ."""
    transitions.move(job, "Training", 12.0)
    transitions.move(job, "Failed", 3.0, "Failed: x")
    assert shown(job)[-2:] == [("Training", 12.0, 12.0), ("Failed", 12.0, 12.0)]


@pytest.mark.parametrize("status", sorted(transitions.MESSAGES))
def test_every_status_has_a_message(job: Document, status: str) -> None:
    transitions.move(job, status, 20.0)
    assert job.status["SecondaryStatusTransitions"][-1]["StatusMessage"]
