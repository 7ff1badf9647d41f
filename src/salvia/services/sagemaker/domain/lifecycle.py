"""An app's life: each step looks at the world, does one repeatable thing, and returns."""

from __future__ import annotations

from salvia.control import capacity, jupyter, quotas
from salvia.control.jupyter import State
from salvia.control.reconcile import Outcome
from salvia.control.world import World
from salvia.core.errors import ServiceError
from salvia.store import documents, leases, sites
from salvia.store.db import Transaction
from salvia.store.documents import Conflict, Document

from . import APP, billing, launch

RECONCILES = APP
_POLL = 2.0  # seconds between looks at the agent's process
_LOOK = 30.0  # seconds between looks of one that waits for capacity: it is woken when it is first
_SCRIPT = 300.0  # the guide, "Lifecycle configurations": "a limit of 5 minutes"
_SHOWN = 86_400.0  # seconds for which what is gone is shown
_LONGEST = 1024  # characters of a FailureReason


async def reconcile(app: Document, world: World) -> Outcome:
    """One idempotent step of an app."""
    step = {"Pending": start, "InService": serve, "Deleting": stop, "Deleted": forget}.get(app.state)
    if step is None:
        return Outcome()
    try:
        return await step(app, world)
    except Conflict:
        raise
    except Exception as error:
        _say(app, f"{type(error).__name__}: {error}. It is tried again.")
        raise


async def start(app: Document, world: World) -> Outcome:
    """Wait for room, start the instance, wait until it serves."""
    app.status.pop("FailureReason", None)  # it said what held it up, and may hold no more
    seen = await jupyter.look(app, world)
    if seen.state is State.DEAD:
        return await _finish(app, world, "Failed", seen.reason)
    try:
        plan = launch.plan(app, world)
        if seen.state is State.BEGUN:
            wanted = capacity.instances({app.spec["ResourceSpec"]["InstanceType"]: 1})
            waiting = await capacity.wait(app, world, world.runtimes["process"], wanted)
            if waiting:
                _say(app, waiting)
                return Outcome(requeue=_LOOK)
            await world.db.write(lambda tx: _stay(tx, app, world))
            await jupyter.start(app, world, plan)
            return Outcome(requeue=_POLL)
    except (ServiceError, OSError) as error:
        return await _finish(app, world, "Failed", getattr(error, "message", None) or str(error))
    now = world.clock.now()
    if seen.state is State.STARTING:
        left = (seen.since or now) + _SCRIPT - now if seen.phase == launch.ON_START else _POLL
        if left <= 0:
            stream = launch.stream(app, seen.phase)
            reason = (
                f"the lifecycle configuration took longer than 5 minutes. Its log is {stream} of {launch.LOG_GROUP}."
            )
            return await _finish(app, world, "Failed", reason)
        return Outcome(requeue=min(_POLL, left + 0.01))
    app.state = "InService"
    app.status["_Site"] = jupyter.site(app, world, plan)
    return Outcome(requeue=_POLL, also=lambda tx: billing.run(tx, app, seen.since or now))


async def serve(app: Document, world: World) -> Outcome:
    """Notice an app that died, or that nobody works in."""
    seen = await jupyter.look(app, world)
    if seen.state is not State.SERVING:
        return await _finish(app, world, "Failed", seen.reason)
    minutes = app.status["_Idle"] or world.settings.notebook_idle
    ending = jupyter.idle(app, world, seen, minutes, "Deleting")
    if ending is None:
        return Outcome(requeue=_POLL)
    _say(app, f"Shut down: no kernel and no terminal was at work for {minutes} minutes. Its files are kept.")
    return ending


async def stop(app: Document, world: World) -> Outcome:
    """End the server; the space keeps its files."""
    gone, asked = await jupyter.end(app, world, app.status["_StopRequestedAt"])
    if not gone:
        return Outcome(requeue=_POLL, also=asked)
    return await _finish(app, world, "Deleted")


async def forget(app: Document, world: World) -> Outcome:
    """What has been gone for a day is shown no more."""
    left = app.modified_at + _SHOWN - world.clock.now()
    return Outcome(requeue=left) if left > 0 else Outcome(delete=True)


async def _finish(app: Document, world: World, state: str, reason: str = "") -> Outcome:
    """Remove the instance, then write the end: a crash between the two repeats the first."""
    seen = await jupyter.look(app, world)
    stuck = await jupyter.remove(app, world)
    if stuck:
        _say(app, stuck)
        return Outcome(requeue=_POLL)
    now = world.clock.now()
    at = min(seen.ended or now, now)
    app.state = state
    app.modified_at = max(app.modified_at, now)
    if reason:
        _say(app, f"{reason[:1].upper()}{reason[1:]}")
    app.status.pop("_Site", None)
    claims = app.status.pop("_Claims", {})

    def also(tx: Transaction) -> None:
        billing.rest(tx, app, at)
        jupyter.forget(tx, app)
        quotas.give_back(tx, app.account, app.region, claims)
        capacity.give_back(tx, app.id, world.clock.wall())
        if state == "Deleted":
            sites.release(tx, app.id)

    return Outcome(requeue=_SHOWN if state == "Deleted" else None, also=also)


def _stay(tx: Transaction, app: Document, world: World) -> None:
    """From now on the space's files are on this node."""
    space = documents.by_id(tx, app.owner)
    if space is not None and space.node != world.node:
        leases.pin(tx, space, world.node)


def _say(app: Document, reason: str) -> None:
    app.status["FailureReason"] = reason[:_LONGEST]
