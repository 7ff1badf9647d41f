"""What a training job costs: its usage, as its description says it ran.

"You are billed for the time interval between the value of TrainingStartTime and this time [TrainingEndTime]";
BillableTimeInSeconds × InstanceCount. Source: API_DescribeTrainingJob. What managed spot training waits between two
attempts is not billed; it is kept as what on demand would have cost.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from salvia.control.reconcile import Outcome
from salvia.store import usage
from salvia.store.db import Transaction
from salvia.store.documents import Document
from salvia.store.usage import Use

from . import attempts
from .hosts import groups

_POOL = "pool"


def along(job: Document, outcome: Outcome) -> Outcome:
    """Meter what a step found to have begun or ended, in the transaction that says so."""
    return outcome.along(lambda tx: meter(tx, job)) if _news(job) else outcome


def meter(tx: Transaction, job: Document) -> None:
    """Bring the meters to what the job's description says; what they show already, they show again."""
    for run, paid, since, until in _stretches(job):
        for group in groups(job.spec["ResourceConfig"]):
            name = f"{run}/{group['InstanceGroupName']}"
            if paid or until is None or until > since:
                usage.start(tx, job, name, replace(_use("Training", job, group), paid=paid), since)
            if until is not None:
                usage.end(tx, job.id, until, name)


def settle(job: Document, ended: float) -> None:
    """Its last instances ended: say how long they ran, in the seconds that are on the bill.

    "This field is set only if the training job has one of the terminal statuses": then always, though it never started.
    Source: API_TrainingJobSummary, TrainingEndTime.
    """
    started = job.status.get("TrainingStartTime")
    if started is None:
        job.status["TrainingEndTime"] = ended
        return
    attempts.pause(job, ended)
    ended = max([ended, *(until for _, until in attempts.runs(job).values() if until is not None)])
    job.status["TrainingEndTime"] = ended
    job.status["TrainingTimeInSeconds"] = seconds(started, ended)
    job.status["BillableTimeInSeconds"] = sum(
        seconds(since, until) for since, until in attempts.runs(job).values() if since is not None and until is not None
    )


def keep(tx: Transaction, job: Document) -> None:
    """Its instances are kept in a warm pool, which is billed. Source: API_WarmPoolStatus."""
    (group,) = groups(job.spec["ResourceConfig"])
    usage.start(tx, job, _POOL, _use("WarmPool", job, group), job.status["_Pool"]["since"])


def release(tx: Transaction, job: Document, at: float) -> None:
    """They are kept no more."""
    usage.end(tx, job.id, at, _POOL)


def _news(job: Document) -> bool:
    """Whether something began or ended since the meters were looked at; then they are now."""
    moments = sum(1 + (until is not None) for _, _, _, until in _stretches(job))
    before, job.status["_Metered"] = job.status.get("_Metered", 0), moments
    return bool(moments != before)


def _stretches(job: Document) -> Iterator[tuple[str, bool, float, float | None]]:
    """A name, whether it is paid, from when to when: each attempt, and what spot instances let a job wait for."""
    runs = attempts.runs(job)
    for attempt, (since, until) in runs.items():
        assert since is not None
        yield attempt, True, since, until
    if not job.spec.get("EnableManagedSpotTraining"):
        return
    marks = [*(since for since, _ in runs.values()), job.status.get("TrainingEndTime")]
    for (attempt, (_, since)), until in zip(runs.items(), marks[1:], strict=True):
        if since is not None:
            yield f"after {attempt}", False, since, until


def _use(component: str, job: Document, group: dict[str, Any]) -> Use:
    return Use(
        component,
        group["InstanceType"],
        group["InstanceCount"],
        part=group["InstanceGroupName"],
        volume_gb=job.spec["ResourceConfig"].get("VolumeSizeInGB", 0),
    )


def seconds(since: float, until: float) -> int:
    """As the bill counts them: whole ones, and at least one."""
    return max(1, int(until) - int(since))
