"""A training job's life: each step looks at the world, does one repeatable thing, and returns.

Starting ─▶ Downloading ─▶ Training ─▶ Uploading ─▶ Completed
    │            │            │            └──────▶ Failed
    └────────────┴────────────┴─▶ Interrupted | Restarting ─▶ Starting (a further attempt)
Stopping (asked for, or out of time) ─▶ Stopped | MaxRuntimeExceeded | MaxWaitTimeExceeded
"""

from __future__ import annotations

from salvia.control import capacity, components, instances, quotas
from salvia.control.instances import Instance
from salvia.control.reconcile import Outcome
from salvia.control.world import World
from salvia.core.errors import ServiceError
from salvia.runtimes.base import Handle, InstanceState
from salvia.store.db import Transaction
from salvia.store.documents import Conflict, Document

from . import TRAINING_JOB, attempts, billing, ending, launch, pools, progress, room
from .transitions import MESSAGES, move

RECONCILES = TRAINING_JOB
_POLL = 2.0  # seconds between looks at the agents' processes
_GRACE = 120.0  # SIGTERM to SIGKILL; the guide, "How Amazon SageMaker runs your training image"
_PATIENCE = 60.0  # beyond the grace, for the upload's start, before a stopping agent is ended
_SILENCE = 30.0  # seconds after which an agent that has not reported yet is worth a word
_LOOK = 30.0  # seconds between looks of a job that waits for capacity: it is woken when it is first
_LONGEST_PAUSE = 60.0  # seconds before a start that broke is tried again; it doubles from one


async def reconcile(job: Document, world: World) -> Outcome:
    """One idempotent step of a training job towards a terminal status, and what it costs."""
    return billing.along(job, await _step(job, world))


async def _step(job: Document, world: World) -> Outcome:
    if job.state in TRAINING_JOB.terminal:
        return await pools.tend(job, world)
    progress.clear(job)
    try:
        if job.state == "Stopping":
            return await stop(job, world)
        members = attempts.members(job, world.db.read())
        late = _out_of_time(job, world, members)
        if late:
            return late
        if "_InterruptedAt" in job.status:
            return await interrupt(job, world)
        # Handles are kept in one transaction: either all have one, or starting was interrupted and is repeated.
        # Those of another node, which died, are lost either way.
        if members and (job.node != world.node or all(member.handle for member in members)):
            return await watch(job, world, members)
        return await place(job, world)
    except Conflict:
        raise
    except Exception as error:
        progress.say(job, f"{type(error).__name__}: {error}. It is tried again.")
        raise


async def place(job: Document, world: World) -> Outcome:
    """Wait for room, find the image, check what it was given, build its environment, start the instances."""
    try:
        await pools.join(job, world)
        waiting = "_Handles" not in job.status and await room.wait(job, world)
        if waiting:
            return Outcome(requeue=min(_LOOK, *(left for left, _ in _limits(job, world.clock.now()))))
        await launch.launch(job, world)
    except ServiceError as error:
        if error.status < 500:
            kind = error.code if error.code == "CapacityError" else "ClientError"
            return await fail(job, world, f"{kind}: {error.message}")
        return await broke(job, world, f"InternalServerError: {error.message}")
    except OSError as error:
        return await broke(
            job, world, f"InternalServerError: the instances could not be started: {error}. Start the job again."
        )
    return Outcome(requeue=_POLL)


async def watch(job: Document, world: World, members: list[Instance]) -> Outcome:
    """Show what the agents report; notice a lost one, or an end."""
    progress.show(job, members, world)
    found = ending.verdict(members, job)
    if found.reason:
        failed = broke if found.ours else fail
        return await failed(job, world, found.reason)
    if all(member.exit for member in members):
        return await finish(job, world, "Completed")
    missing = await _lost(members, world, job)
    if missing:
        return await broke(job, world, ending.lost(missing))
    silent = [f"algo-{member.position + 1}" for member in members if member.reported_at is None]
    if silent and world.clock.now() - job.status["SecondaryStatusTransitions"][-1]["StartTime"] > _SILENCE:
        progress.say(
            job,
            f"Nothing is heard of {', '.join(silent)}. Instances report to {world.settings.url}: can they reach it?",
        )
    left, _ = min(_limits(job, world.clock.now()))
    return Outcome(requeue=_POLL if _trained(members) else min(_POLL, max(0.0, left)))


async def stop(job: Document, world: World) -> Outcome:
    """End the job's programs, then the job."""
    waiting = await _end_programs(job, world, job.status["_StopRequestedAt"])
    if waiting:
        return waiting
    progress.show(job, attempts.members(job, world.db.read()), world)
    return await finish(job, world, "Stopped", secondary=job.status.get("_StopsAs"))


async def interrupt(job: Document, world: World) -> Outcome:
    """Managed spot training loses its instances: end the programs, then start the job again.

    Source: the guide, "Managed spot training lifecycle": … Training, Interrupted, Starting, Downloading, Training …
    """
    waiting = await _end_programs(job, world, job.status["_InterruptedAt"])
    if waiting:
        return waiting
    members = attempts.members(job, world.db.read())
    if members and not any((member.exit or {}).get("stopped") for member in members):
        # The interruption came too late for its programs: they had ended by themselves.
        found = ending.verdict(members, job)
        if found.reason and not found.ours:
            return await fail(job, world, found.reason)
        if not found.reason and all(member.exit for member in members):
            return await finish(job, world, "Completed")
    stuck = await _remove(job, world)
    if stuck:
        return stuck
    del job.status["_InterruptedAt"]
    attempts.begin(job, world.clock.now())
    return Outcome(requeue=0, also=lambda tx: instances.revoke(tx, job.id))


async def broke(job: Document, world: World, reason: str) -> Outcome:
    """What failed was ours: try once more, if RetryStrategy allows it.

    Source: API_RetryStrategy, "the number of times to retry the job when the job fails due to an InternalServerError".
    """
    if not attempts.may_retry(job):
        return await fail(job, world, reason)
    stuck = await _remove(job, world)
    if stuck:
        return stuck
    started = bool(attempts.members(job, world.db.read()))
    retries = job.status["_Retries"] = int(job.status.get("_Retries", 0)) + 1
    allowed = job.spec["RetryStrategy"]["MaximumRetryAttempts"]
    now = world.clock.now()
    move(job, "Restarting", now, f"Restarting the training job, retry {retries} of {allowed}: {reason}"[:1024])
    attempts.begin(job, now)
    pause = 0.0 if started else min(_LONGEST_PAUSE, 2.0 ** (retries - 1))
    return Outcome(requeue=pause, also=lambda tx: instances.revoke(tx, job.id))


async def fail(job: Document, world: World, reason: str) -> Outcome:
    """The job is over, for this reason."""
    return await finish(job, world, "Failed", reason)


async def finish(
    job: Document, world: World, state: str, reason: str | None = None, *, secondary: str | None = None
) -> Outcome:
    """Remove the instances, or let them rest, then write the end: a crash between the two repeats the first."""
    members = attempts.members(job, world.db.read())
    healthy = not (reason or "").startswith("InternalServerError")
    kept = healthy and await pools.keep(job, members, world)
    stuck = None if kept else await _remove(job, world)
    if stuck:
        return stuck
    now = world.clock.now()
    job.state = state
    if reason:
        job.status["FailureReason"] = reason
    metrics = ending.final_metrics(members)
    if metrics:
        job.status["FinalMetricDataList"] = metrics
    gone = progress.moments(job, members, "Exited", world)
    billing.settle(job, max(gone) if gone and len(gone) == len(members) else now)
    move(job, secondary or state, now, reason and f"{state}: {reason}"[:1024])

    returned = [job.status.pop("_Claims", {}), {} if kept else job.status.pop("_PoolClaims", {})]

    def also(tx: Transaction) -> None:
        instances.revoke(tx, job.id)
        for claims in returned:
            quotas.give_back(tx, job.account, job.region, claims)
        if kept:
            pools.offer(tx, job)
        else:
            capacity.give_back(tx, job.id, world.clock.wall())
        components.ended(tx, job, now)

    return Outcome(requeue=0 if kept else None, also=also)


def _out_of_time(job: Document, world: World, members: list[Instance]) -> Outcome | None:
    """Begin to stop a job whose time is over, unless what is left to do is ours."""
    now = world.clock.now()
    left, member = min(_limits(job, now))
    if left > 0 or _trained(members):
        return None
    job.state = "Stopping"
    exceeded = f"{member.removesuffix('InSeconds')}Exceeded"
    job.status["_StopsAs"] = exceeded if exceeded in MESSAGES else None
    job.status["_StopRequestedAt"] = now
    move(job, "Stopping", now, f"Stopping the training job: {member} has passed")
    return Outcome(requeue=0)


def _limits(job: Document, now: float) -> list[tuple[float, str]]:
    """The seconds left of each limit, and its name. Source: API_StoppingCondition."""
    condition = job.spec["StoppingCondition"]
    limits = [(condition["MaxRuntimeInSeconds"] - attempts.ran(job, now), "MaxRuntimeInSeconds")]
    if job.spec.get("EnableManagedSpotTraining"):
        limits.append((job.created_at + condition["MaxWaitTimeInSeconds"] - now, "MaxWaitTimeInSeconds"))
    if job.status["SecondaryStatus"] == "Pending" and "MaxPendingTimeInSeconds" in condition and room.accelerated(job):
        since = job.status["SecondaryStatusTransitions"][-1]["StartTime"]
        limits.append((since + condition["MaxPendingTimeInSeconds"] - now, "MaxPendingTimeInSeconds"))
    return limits


def _trained(members: list[Instance]) -> bool:
    return bool(members) and all(member.phase in ("Uploading", "Exited") for member in members)


async def _end_programs(job: Document, world: World, since: float) -> Outcome | None:
    """Ask every agent to end its program, and wait until all have reported or are gone; None once they have."""
    known = attempts.members(job, world.db.read())
    alive = {member.id for member in known if not member.exit and await _alive(job, member, world)}
    members = attempts.members(job, world.db.read())  # again: one that is gone may have reported its end meanwhile
    uploading = [member for member in members if member.phase == "Uploading" and member.id in alive]
    if uploading and job.state == "Stopping":
        move(job, "Uploading", world.clock.now())
    over = world.clock.now() > since + _GRACE + _PATIENCE and not uploading
    open_ones = [member for member in members if member.id in alive and not member.exit]
    if not open_ones or over:
        return None
    for member in open_ones:
        await launch.runtime(job, world).stop(_handle(job, member), _GRACE)
    return Outcome(requeue=_POLL, also=lambda tx: instances.ask_to_stop(tx, job.id))


async def _remove(job: Document, world: World) -> Outcome | None:
    """Remove the attempt's instances; while one cannot be removed, an outcome that says so and tries again."""
    runtime = launch.runtime(job, world)
    handles = [_handle(job, member) for member in attempts.members(job, world.db.read())]
    for number, handle in enumerate(handles or job.status.get("_Handles", ()), 1):
        try:
            await runtime.remove(handle)
        except OSError as error:  # a process waits in the kernel for a disk, say: the job ends when it does
            progress.say(job, f"algo-{number} cannot be removed yet: {error}.")
            return Outcome(requeue=_POLL)
    return None


async def _lost(members: list[Instance], world: World, job: Document) -> Instance | None:
    gone = [member for member in members if not member.exit and not await _alive(job, member, world)]
    if not gone:
        return None
    # An agent that has just reported its end and left is not lost: look at its row once more.
    fresh = {member.id: member for member in attempts.members(job, world.db.read())}
    return next((fresh[member.id] for member in gone if not fresh[member.id].exit), None)


async def _alive(job: Document, member: Instance, world: World) -> bool:
    handle = _handle(job, member)
    return await world.runtimes[handle["runtime"]].poll(handle) is InstanceState.RUNNING


def _handle(job: Document, member: Instance) -> Handle:
    """Its handle; where a controller was killed before it kept one, that which a start has for certain."""
    return member.handle or launch.handle(job, member.position)
