"""A transform job's life: each step looks at the world, does one repeatable thing, and returns.

InProgress: place ─▶ watch ─▶ Completed | Failed          Stopping ─▶ Stopped
             ▲         │
             └─────────┘ a further attempt, when what failed was ours

An object's output is stored whole or not at all, under the same key: to do one again changes nothing.
"""

from __future__ import annotations

from salvia.control import capacity, hosting, instances
from salvia.control.instances import Instance
from salvia.control.reconcile import Outcome
from salvia.control.world import World
from salvia.core.errors import ServiceError
from salvia.store import usage
from salvia.store.db import Transaction
from salvia.store.documents import Conflict, Document
from salvia.store.usage import Use

from . import TRANSFORM_JOB, ending, launch

RECONCILES = TRANSFORM_JOB
_POLL = 2.0  # seconds between looks at the agents' processes
_LOOK = 30.0  # seconds between looks of a job that waits for capacity: it is woken when it is first
_PATIENCE = 15.0  # beyond the grace, before an agent that does not end is ended
_ATTEMPTS = 3


async def reconcile(job: Document, world: World) -> Outcome:
    """One idempotent step of a transform job towards a terminal status."""
    if job.state in TRANSFORM_JOB.terminal:
        return Outcome()
    job.status.pop("FailureReason", None)  # it said what held the job up, and may hold no more
    try:
        if job.state == "Stopping":
            return await _end(job, world) or await finish(job, world, "Stopped")
        crew = launch.crew(job, world)
        members = crew.members()
        return await (watch(job, world, members) if crew.started(members) else place(job, world))
    except Conflict:
        raise
    except Exception as error:
        job.status["FailureReason"] = f"{type(error).__name__}: {error}. It is tried again."[:1024]
        raise


async def place(job: Document, world: World) -> Outcome:
    """Wait for room, find the images, build their environments, start the instances."""
    try:
        resources = job.spec["TransformResources"]
        wanted = capacity.instances({resources["InstanceType"]: resources["InstanceCount"]})
        waiting = await capacity.wait(job, world, world.runtimes["process"], wanted)
        if waiting:
            job.status["FailureReason"] = waiting  # there is no other member that could say it
            return Outcome(requeue=_LOOK)
        await launch.launch(job, world)
    except ServiceError as error:
        if error.status < 500:
            kind = error.code if error.code == "CapacityError" else "ClientError"
            return await finish(job, world, "Failed", f"{kind}: {error.message}")
        return await again(job, world, f"InternalServerError: {error.message}")
    except OSError as error:
        return await again(job, world, f"InternalServerError: the instances could not be started: {error}.")
    return Outcome(requeue=_POLL)


async def watch(job: Document, world: World, members: list[Instance]) -> Outcome:
    """Wait until every instance has done its share, whatever became of the others', or one is lost."""
    crew = launch.crew(job, world)
    began = crew.began(members, "TransformStartTime")
    lost = await crew.lost(members)
    if lost:
        reason = f"InternalServerError: instance {lost.position + 1} was lost: its agent ended without reporting how."
        return await again(job, world, reason)
    places = list(launch.places(job))
    drivers = [member for member in members if places[member.position].drives]
    others = [member for member in members if not places[member.position].drives]
    over = all(member.exit for member in drivers)
    # A further container that ends before the requests do takes them with it; afterwards it is told to.
    failed = [member for member in drivers if member.exit and not ending.succeeded(member)]
    failed += [member for member in others if member.exit and not over]
    if not over and not any(member.exit for member in others):
        return Outcome(requeue=_POLL, also=(lambda tx: _meter(tx, job)) if began else None)
    if not failed:
        return await _end(job, world) or await finish(job, world, "Completed")
    if all(ending.ours(member) for member in failed):
        return await again(job, world, ending.reason(failed))
    return await finish(job, world, "Failed", ending.reason(failed))


async def again(job: Document, world: World, reason: str) -> Outcome:
    """What failed was ours: begin anew with other instances, unless that was tried often enough."""
    if launch.attempt(job) + 1 >= _ATTEMPTS:
        return await finish(job, world, "Failed", reason)
    stuck = await _remove(job, world)
    if stuck:
        return stuck
    job.status["_Attempt"] = launch.attempt(job) + 1
    return Outcome(requeue=0, also=lambda tx: instances.revoke(tx, job.id))


async def finish(job: Document, world: World, state: str, reason: str | None = None) -> Outcome:
    """Remove the instances, then write the end: a crash between the two repeats the first."""
    stuck = await _remove(job, world)
    if stuck:
        return stuck
    closed = launch.crew(job, world).close(state, reason, "TransformEndTime")

    def also(tx: Transaction) -> None:
        _meter(tx, job)
        closed(tx)

    return Outcome(also=also)


def _meter(tx: Transaction, job: Document) -> None:
    """API_DescribeTransformJob: "billed for the time interval between" TransformStartTime and TransformEndTime."""
    resources = job.spec["TransformResources"]
    started, ended = job.status.get("TransformStartTime"), job.status.get("TransformEndTime")
    if started is not None:
        usage.start(tx, job, "", Use("Transform", resources["InstanceType"], resources["InstanceCount"]), started)
    if ended is not None:
        usage.end(tx, job.id, ended)


async def _end(job: Document, world: World) -> Outcome | None:
    """Ask every agent to end its program, and wait until all have reported or are gone; None once they have."""
    now = world.clock.now()
    late = now > job.status.setdefault("_StopRequestedAt", now) + hosting.GRACE + _PATIENCE
    asked = None if late else await launch.crew(job, world).end(hosting.GRACE)
    return Outcome(requeue=_POLL, also=asked) if asked else None


async def _remove(job: Document, world: World) -> Outcome | None:
    """Remove the attempt's instances; while one cannot be removed, an outcome that says so and tries again."""
    stuck = await launch.crew(job, world).remove()
    if not stuck:
        return None
    job.status["FailureReason"] = stuck[:1024]
    return Outcome(requeue=_POLL)
