"""A training job's life: each step looks at the world, does one repeatable thing, and returns.

Starting ─▶ Downloading ─▶ Training ─▶ Uploading ─▶ Completed
    └────────────┴────────────┴────────────┴──────▶ Failed
Stopping (asked for, or MaxRuntimeInSeconds passed) ─▶ Stopped | MaxRuntimeExceeded
"""

from __future__ import annotations

from salvia.control import instances
from salvia.control.instances import Instance
from salvia.control.reconcile import Outcome
from salvia.control.reports import PHASES
from salvia.control.world import World
from salvia.core.errors import ServiceError
from salvia.runtimes.base import Handle, InstanceState
from salvia.store.db import Transaction
from salvia.store.documents import Conflict, Document

from . import TRAINING_JOB, ending, launch
from .transitions import MESSAGES, move

RECONCILES = TRAINING_JOB
_POLL = 2.0  # seconds between looks at the agents' processes
_GRACE = 120.0  # SIGTERM to SIGKILL; the guide, "How Amazon SageMaker runs your training image"
_PATIENCE = 60.0  # beyond the grace, for the upload's start, before a stopping agent is ended
_SILENCE = 30.0  # seconds after which an agent that has not reported yet is worth a word
_VISIBLE = ("Downloading", "Training", "Uploading")


async def reconcile(job: Document, world: World) -> Outcome:
    """One idempotent step of a training job towards a terminal status."""
    if job.state in TRAINING_JOB.terminal:
        return Outcome()
    _clear(job)
    try:
        if job.state == "Stopping":
            return await stop(job, world)
        members = instances.of(world.db.read(), job.id, 0)
        # Handles are kept in one transaction: either all have one, or starting was interrupted and is repeated.
        # Those of another node, which died, are lost either way.
        if members and (job.node != world.node or all(member.handle for member in members)):
            return await watch(job, world, members)
        return await place(job, world)
    except Conflict:
        raise
    except Exception as error:
        _say(job, f"{type(error).__name__}: {error}. It is tried again.")
        raise


async def place(job: Document, world: World) -> Outcome:
    """Find the image, check what it was given, build its environment, start the instances."""
    try:
        await launch.launch(job, world)
    except ServiceError as error:
        kind = "InternalServerError" if error.status >= 500 else "ClientError"
        return await finish(job, world, "Failed", f"{kind}: {error.message}")
    except OSError as error:
        return await finish(
            job,
            world,
            "Failed",
            f"InternalServerError: the instances could not be started: {error}. Start the job again.",
        )
    return Outcome(requeue=_POLL)


async def watch(job: Document, world: World, members: list[Instance]) -> Outcome:
    """Show what the agents report; notice a lost one, an end, or that time is up."""
    _show(job, members, world)
    failed = ending.verdict(members, job.spec["ResourceConfig"]["InstanceType"])
    if failed.reason:
        return await finish(job, world, "Failed", failed.reason)
    if all(member.exit for member in members):
        return await finish(job, world, "Completed")
    missing = await _lost(members, world, job)
    if missing:
        return await finish(job, world, "Failed", ending.lost(missing))
    silent = [f"algo-{member.position + 1}" for member in members if member.reported_at is None]
    if silent and world.clock.now() - job.status["SecondaryStatusTransitions"][-1]["StartTime"] > _SILENCE:
        _say(
            job,
            f"Nothing is heard of {', '.join(silent)}. Instances report to {world.settings.url}: can they reach it?",
        )
    started = job.status.get("TrainingStartTime")
    left = None if started is None else started + _limit(job) - world.clock.now()
    trained = all(member.phase in ("Uploading", "Exited") for member in members)  # what is left to do is ours
    if left is not None and left <= 0 and not trained:
        job.state = "Stopping"
        job.status["_MaxRuntimeExceeded"] = True
        job.status["_StopRequestedAt"] = world.clock.now()
        move(job, "Stopping", world.clock.now(), "Stopping the training job: MaxRuntimeInSeconds has passed")
        return Outcome(requeue=0)
    return Outcome(requeue=_POLL if left is None or trained else min(_POLL, left))


async def stop(job: Document, world: World) -> Outcome:
    """Ask every agent to end its program, and wait until all have reported or are gone."""
    known = instances.of(world.db.read(), job.id, 0)
    alive = {member.id for member in known if not member.exit and await _alive(job, member, world)}
    members = instances.of(world.db.read(), job.id, 0)  # again: one that is gone may have reported its end meanwhile
    uploading = [member for member in members if member.phase == "Uploading" and member.id in alive]
    if uploading:
        move(job, "Uploading", world.clock.now())
    over = world.clock.now() > job.status["_StopRequestedAt"] + _GRACE + _PATIENCE and not uploading
    open_ones = [member for member in members if member.id in alive and not member.exit]
    if open_ones and not over:
        for member in open_ones:
            await launch.runtime(job, world).stop(_handle(job, member), _GRACE)
        return Outcome(requeue=_POLL, also=lambda tx: instances.ask_to_stop(tx, job.id))
    _show(job, members, world)
    if job.status.get("_MaxRuntimeExceeded"):
        return await finish(job, world, "Stopped", secondary="MaxRuntimeExceeded")
    return await finish(job, world, "Stopped")


async def finish(
    job: Document, world: World, state: str, reason: str | None = None, *, secondary: str | None = None
) -> Outcome:
    """Remove the instances, then write the end: a crash between the two repeats the removal, which harms nothing."""
    members = instances.of(world.db.read(), job.id, 0)
    runtime = launch.runtime(job, world)
    for member in members:
        try:
            await runtime.remove(_handle(job, member))
        except OSError as error:  # a process waits in the kernel for a disk, say: the job ends when it does
            _say(job, f"algo-{member.position + 1} cannot be removed yet: {error}.")
            return Outcome(requeue=_POLL)
    now = world.clock.now()
    job.state = state
    if reason:
        job.status["FailureReason"] = reason
    metrics = ending.final_metrics(members)
    if metrics:
        job.status["FinalMetricDataList"] = metrics
    started = job.status.get("TrainingStartTime")
    if started is not None:
        job.status["TrainingEndTime"] = now
        job.status["TrainingTimeInSeconds"] = job.status["BillableTimeInSeconds"] = max(1, round(now - started))
    move(job, secondary or state, now, reason and f"{state}: {reason}"[:1024])

    def also(tx: Transaction) -> None:
        instances.revoke(tx, job.id)

    return Outcome(also=also)


def _show(job: Document, members: list[Instance], world: World) -> None:
    """The job is where its slowest instance is; each phase starts when the first instance entered it."""
    if not members:
        return
    slowest = min(PHASES.index(member.phase) for member in members)
    for phase in _VISIBLE:
        times = [
            _virtual(job, world, member.report["times"][phase])
            for member in members
            if phase in member.report.get("times", {})
        ]
        if PHASES.index(phase) <= slowest and times:
            if "TrainingStartTime" not in job.status:
                job.status["TrainingStartTime"] = min(times)
            if job.state != "Stopping" and _before(job, phase):
                move(job, phase, max(times) if phase == "Training" else min(times))
    _show_troubles(job, members)


def _show_troubles(job: Document, members: list[Instance]) -> None:
    """What goes wrong without ending the job (logs or metrics that the role may not write) is said where it shows."""
    troubles = dict.fromkeys(member.report["message"] for member in members if member.report.get("message"))
    last = job.status["SecondaryStatusTransitions"][-1]
    if troubles and last["Status"] in MESSAGES:
        last["StatusMessage"] = f"{MESSAGES[last['Status']]} {' '.join(troubles)}"


def _virtual(job: Document, world: World, reported: float) -> float:
    """A moment of an agent's wall clock as virtual time; neither before the job was there nor in the future."""
    now = world.clock.now()
    return max(job.created_at, min(now, reported + now - world.clock.wall()))


def _say(job: Document, trouble: str) -> None:
    """Say in the current transition what holds the job up."""
    last = job.status["SecondaryStatusTransitions"][-1]
    last["StatusMessage"] = f"{MESSAGES[last['Status']]} {trouble}"[:1024]
    job.status["_Trouble"] = True


def _clear(job: Document) -> None:
    if job.status.pop("_Trouble", None):
        last = job.status["SecondaryStatusTransitions"][-1]
        last["StatusMessage"] = MESSAGES[last["Status"]]


def _before(job: Document, phase: str) -> bool:
    current = job.status["SecondaryStatus"]
    return current not in PHASES or PHASES.index(current) < PHASES.index(phase)


async def _lost(members: list[Instance], world: World, job: Document) -> Instance | None:
    gone = [member for member in members if not member.exit and not await _alive(job, member, world)]
    if not gone:
        return None
    # An agent that has just reported its end and left is not lost: look at its row once more.
    fresh = {member.id: member for member in instances.of(world.db.read(), job.id, 0)}
    return next((fresh[member.id] for member in gone if not fresh[member.id].exit), None)


async def _alive(job: Document, member: Instance, world: World) -> bool:
    handle = _handle(job, member)
    return await world.runtimes[handle["runtime"]].poll(handle) is InstanceState.RUNNING


def _handle(job: Document, member: Instance) -> Handle:
    """Its handle; where a controller was killed before it kept one, that which a start has for certain."""
    return member.handle or launch.handle(job, member.position)


def _limit(job: Document) -> float:
    return float(job.spec["StoppingCondition"]["MaxRuntimeInSeconds"])
