"""A processing job's life: each step looks at the world, does one repeatable thing, and returns.

InProgress: place ─▶ watch ─▶ Completed | Failed          Stopping (asked for, or out of time) ─▶ Stopped
"""

from __future__ import annotations

from salvia.control import capacity, endings
from salvia.control.instances import Instance
from salvia.control.reconcile import Outcome
from salvia.control.world import World
from salvia.core.errors import ServiceError
from salvia.store import usage
from salvia.store.db import Transaction
from salvia.store.documents import Conflict, Document
from salvia.store.usage import Use

from . import PROCESSING_JOB, launch

RECONCILES = PROCESSING_JOB
_POLL = 2.0  # seconds between looks at the agents' processes
_LOOK = 30.0  # seconds between looks of a job that waits for capacity: it is woken when it is first
_PATIENCE = 60.0  # beyond the grace, for what is uploaded, before an agent that does not end is ended
_LONGEST = 1024  # characters of a FailureReason, and of an ExitMessage


async def reconcile(job: Document, world: World) -> Outcome:
    """One idempotent step of a processing job towards a terminal status."""
    if job.state in PROCESSING_JOB.terminal:
        return Outcome()
    job.status.pop("FailureReason", None)  # it said what held the job up, and may hold no more
    try:
        if job.state == "Stopping":
            return await stop(job, world)
        crew = launch.crew(job, world)
        members = crew.members()
        return await (watch(job, world, members) if crew.started(members) else place(job, world))
    except Conflict:
        raise
    except Exception as error:
        job.status["FailureReason"] = f"{type(error).__name__}: {error}. It is tried again."[:_LONGEST]
        raise


async def place(job: Document, world: World) -> Outcome:
    """Wait for room, find the image, build its environment, start the instances."""
    try:
        cluster = job.spec["ProcessingResources"]["ClusterConfig"]
        wanted = capacity.instances({cluster["InstanceType"]: cluster["InstanceCount"]})
        waiting = await capacity.wait(job, world, world.runtimes["process"], wanted)
        if waiting:
            job.status["FailureReason"] = waiting  # there is no other member that could say it
            return Outcome(requeue=_LOOK)
        await launch.launch(job, world)
    except ServiceError as error:
        kind = "ClientError" if error.status < 500 else "InternalServerError"
        kind = error.code if error.code == "CapacityError" else kind
        return await finish(job, world, "Failed", f"{kind}: {error.message}")
    except OSError as error:
        reason = f"InternalServerError: the instances could not be started: {error}. Start the job again."
        return await finish(job, world, "Failed", reason)
    return Outcome(requeue=_POLL)


async def watch(job: Document, world: World, members: list[Instance]) -> Outcome:
    """Wait until the program has succeeded on every instance, or failed on one, or one is lost, or its time is over."""
    crew = launch.crew(job, world)
    began = crew.began(members, "ProcessingStartTime")
    failed = [member for member in members if member.exit and not endings.succeeded(member.exit)]
    if failed:
        return await finish(job, world, "Failed", _reason(job, failed, alone=len(members) == 1))
    if all(member.exit for member in members):
        return await finish(job, world, "Completed")
    lost = await crew.lost(members)
    if lost:
        reason = (
            f"InternalServerError: the instance algo-{lost.position + 1} was lost: its agent ended without reporting "
            "how. Start the job again."
        )
        return await finish(job, world, "Failed", reason)
    ran = all(member.phase in ("Uploading", "Exited") for member in members)  # what is left to do is ours
    left = _POLL if ran else _left(job, world)
    if left <= 0:
        job.state = "Stopping"
        job.status["_StopRequestedAt"] = world.clock.now()
        job.status["_OutOfTime"] = True
        return Outcome(requeue=0)
    return Outcome(requeue=min(_POLL, left), also=(lambda tx: _meter(tx, job)) if began else None)


async def stop(job: Document, world: World) -> Outcome:
    """End the job's programs, then the job."""
    late = world.clock.now() > job.status["_StopRequestedAt"] + launch.GRACE + _PATIENCE
    crew = launch.crew(job, world)
    asked = None if late else await crew.end(launch.GRACE)
    if asked:
        return Outcome(requeue=_POLL, also=asked)
    crew.began(crew.members(), "ProcessingStartTime")
    limit = job.spec["StoppingCondition"]["MaxRuntimeInSeconds"]
    over = f"MaxRuntimeInSeconds ({limit}) has passed." if job.status.get("_OutOfTime") else None
    return await finish(job, world, "Stopped", over)


async def finish(job: Document, world: World, state: str, reason: str | None = None) -> Outcome:
    """Remove the instances, then write the end: a crash between the two repeats the first."""
    crew = launch.crew(job, world)
    stuck = await crew.remove()
    if stuck:
        job.status["FailureReason"] = stuck[:_LONGEST]
        return Outcome(requeue=_POLL)
    closed = crew.close(state, reason, "ProcessingEndTime")
    # "the content of the ExitMessage from each processing container is concatenated, then truncated"
    message = "".join((member.exit or {}).get("message") or "" for member in crew.members())[:_LONGEST]
    if message:
        job.status["ExitMessage"] = message

    def also(tx: Transaction) -> None:
        _meter(tx, job)
        closed(tx)

    return Outcome(also=also)


def _reason(job: Document, failed: list[Instance], *, alone: bool) -> str:
    """What failed first is the cause; the others fail because their peer is gone."""
    first = min(failed, key=lambda member: member.report.get("times", {}).get("Exited", 0.0))
    kind = job.spec["ProcessingResources"]["ClusterConfig"]["InstanceType"]
    return endings.reason(first.exit or {}, f"algo-{first.position + 1}", kind, "work", alone=alone)


def _left(job: Document, world: World) -> float:
    """The seconds that its program may still run. Source: API_ProcessingStoppingCondition."""
    since = job.status.get("ProcessingStartTime", world.clock.now())
    return float(since + job.spec["StoppingCondition"]["MaxRuntimeInSeconds"] - world.clock.now())


def _meter(tx: Transaction, job: Document) -> None:
    """An instance is paid from its start to the job's end."""
    cluster = job.spec["ProcessingResources"]["ClusterConfig"]
    started, ended = job.status.get("ProcessingStartTime"), job.status.get("ProcessingEndTime")
    if started is not None:
        use = Use("Processing", cluster["InstanceType"], cluster["InstanceCount"], volume_gb=cluster["VolumeSizeInGB"])
        usage.start(tx, job, "", use, started)
    if ended is not None:
        usage.end(tx, job.id, ended)
