"""Attempts: each is one start of all of a job's instances, under names and tokens of its own.

A job that is interrupted, or whose instance is lost, goes on in a further attempt. What only counts while instances
run (MaxRuntimeInSeconds, billing) is summed over attempts: "MaxRuntimeInSeconds specifies the maximum time for all of
the attempts in total". Source: API_StoppingCondition, API_DescribeTrainingJob.
"""

from __future__ import annotations

from salvia.control import instances
from salvia.control.instances import Instance
from salvia.store.db import Reader
from salvia.store.documents import Document

from .transitions import move


def current(job: Document) -> int:
    """The number of the attempt that runs, from 0."""
    return int(job.status.get("_Attempt", 0))


def members(job: Document, db: Reader) -> list[Instance]:
    """The instances of the attempt that runs."""
    return instances.of(db, job.id, current(job))


def begun(job: Document) -> int:
    """When the attempt began, in whole seconds; no two attempts of a job began in the same."""
    return int(job.status.get("_AttemptAt", job.created_at))


def begin(job: Document, now: float) -> None:
    """Count one more attempt, which starts from nothing: its instances are others."""
    pause(job, now)
    job.status.pop("_Handles", None)
    job.status["_AttemptAt"] = max(int(now), begun(job) + 1)
    job.status["_Attempt"] = current(job) + 1
    move(job, "Starting", now)


def may_retry(job: Document) -> bool:
    """Whether RetryStrategy allows one more attempt. Interruptions of managed spot training do not count."""
    allowed = (job.spec.get("RetryStrategy") or {}).get("MaximumRetryAttempts", 0)
    return int(job.status.get("_Retries", 0)) < int(allowed)


def runs(job: Document) -> dict[str, list[float | None]]:
    """From when to when the instances of each attempt ran, by its number; None while they do."""
    found: dict[str, list[float | None]] = job.status.setdefault("_Runs", {})
    return found


def run(job: Document, at: float) -> None:
    """The instances of this attempt run since `at`."""
    job.status.setdefault("TrainingStartTime", at)
    runs(job).setdefault(str(current(job)), [at, None])


def pause(job: Document, now: float) -> None:
    """They run no more, or at least nobody pays for it."""
    for stretch in runs(job).values():
        if stretch[1] is None:
            stretch[1] = max(now, stretch[0] or 0.0)


def ran(job: Document, now: float) -> float:
    """Seconds for which instances ran, over all attempts."""
    return sum(max(0.0, (now if until is None else until) - (since or 0.0)) for since, until in runs(job).values())
