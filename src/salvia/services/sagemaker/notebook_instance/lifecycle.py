"""A notebook instance's life: each step looks at the world, does one repeatable thing, and returns.

Pending: start ─▶ InService: serve ─▶ Stopping (asked for, or idle) ─▶ Stopped        Updating ─▶ Stopped
"""

from __future__ import annotations

from collections.abc import Callable

from salvia.control import capacity, jupyter, quotas
from salvia.control.jupyter import Seen, State
from salvia.control.reconcile import Outcome
from salvia.control.world import World
from salvia.core.errors import ServiceError
from salvia.store import sites
from salvia.store.db import Transaction
from salvia.store.documents import Conflict, Document

from . import NOTEBOOK_INSTANCE, billing, checks, launch

RECONCILES = NOTEBOOK_INSTANCE
_POLL = 2.0  # seconds between looks at the agent's process
_LOOK = 30.0  # seconds between looks of one that waits for capacity: it is woken when it is first
_SCRIPT = 300.0  # "scripts cannot run for longer than 5 minutes": the guide, lifecycle configurations
_CRASHES = 3  # times in a row that what died is started again
_LONG = 600.0  # seconds in service after which what died before is forgotten
_LONGEST = 1024  # characters of a FailureReason


async def reconcile(notebook: Document, world: World) -> Outcome:
    """One idempotent step of a notebook instance."""
    step = {
        "Pending": start,
        "InService": serve,
        "Stopping": stop,
        "Updating": settle,
        "Deleting": delete,
    }.get(notebook.state)
    if step is None:
        return Outcome()
    try:
        return await step(notebook, world)
    except Conflict:
        raise
    except Exception as error:
        _say(notebook, f"{type(error).__name__}: {error}. It is tried again.")
        raise


async def start(notebook: Document, world: World) -> Outcome:
    """Wait for room, start the instance, wait until it serves."""
    notebook.status.pop("FailureReason", None)  # it said what held it up, and may hold no more
    seen = await jupyter.look(notebook, world)
    if seen.state is State.DEAD:
        return await _died(notebook, world, seen)
    try:
        plan = launch.plan(notebook, world)
        if seen.state is State.BEGUN:
            wanted = capacity.instances({notebook.spec["InstanceType"]: 1})
            waiting = await capacity.wait(notebook, world, world.runtimes["process"], wanted)
            if waiting:
                _say(notebook, waiting)
                return Outcome(requeue=_LOOK)
            await jupyter.start(notebook, world, plan)
            return Outcome(requeue=_POLL)
    except (ServiceError, OSError) as error:
        return await fail(notebook, world, getattr(error, "message", None) or str(error))
    now = world.clock.now()
    if seen.state is State.STARTING:
        left = (seen.since or now) + _SCRIPT - now if seen.phase in ("OnCreate", "OnStart") else _POLL
        if left <= 0:
            return await fail(notebook, world, _too_long(notebook, seen.phase))
        return Outcome(requeue=min(_POLL, left + 0.01))
    host = notebook.status["_Host"]
    notebook.state = "InService"
    notebook.modified_at = max(notebook.modified_at, now)
    notebook.status |= {
        "_Created": True,
        "_Site": jupyter.site(notebook, world, plan),
        "Url": world.settings.hosted(host).partition("://")[2],
    }
    return Outcome(requeue=_POLL, also=lambda tx: billing.run(tx, notebook, seen.since or now))


async def serve(notebook: Document, world: World) -> Outcome:
    """Notice an instance that died, or that nobody works in."""
    seen = await jupyter.look(notebook, world)
    if seen.state is not State.SERVING:
        return await _died(notebook, world, seen)
    minutes = checks.idle_minutes(notebook.tags)
    if minutes is None:
        minutes = world.settings.notebook_idle
    ending = jupyter.idle(notebook, world, seen, minutes, "Stopping")
    if ending is None:
        return Outcome(requeue=_POLL)
    _say(notebook, f"Stopped: no kernel and no terminal was at work for {minutes} minutes. Start it again.")
    return ending


async def stop(notebook: Document, world: World) -> Outcome:
    """End the server; the volume stays."""
    gone, asked = await jupyter.end(notebook, world, notebook.status["_StopRequestedAt"])
    if not gone:
        return Outcome(requeue=_POLL, also=asked)
    return await _finish(notebook, world, "Stopped")


async def settle(notebook: Document, world: World) -> Outcome:
    """What was asked for is written already; from now on it is what there is."""
    notebook.state = "Stopped"
    now = world.clock.now()
    notebook.modified_at = max(notebook.modified_at, now)
    return Outcome(also=billing.keeping(notebook, now))


async def delete(notebook: Document, world: World) -> Outcome:
    """The volume first, then the instance's name."""
    stuck = await jupyter.remove(notebook, world)
    if stuck:
        _say(notebook, stuck)
        return Outcome(requeue=_POLL)
    await jupyter.delete_volume(world, notebook.id)

    def also(tx: Transaction) -> None:
        jupyter.forget(tx, notebook)
        sites.release(tx, notebook.id)

    return Outcome(delete=True, also=also)


async def fail(notebook: Document, world: World, reason: str) -> Outcome:
    """It cannot run, for this reason."""
    return await _finish(notebook, world, "Failed", f"{reason[:1].upper()}{reason[1:]}")


async def _died(notebook: Document, world: World, seen: Seen) -> Outcome:
    """What served is started again, a few times in a row; what never did has failed."""
    if notebook.state != "InService":
        return await fail(notebook, world, seen.reason)
    now = world.clock.now()
    since = notebook.status.get("_CrashedAt", now)
    crashes = int(notebook.status.get("_Crashes", 0)) if now - since < _LONG else 0
    if crashes >= _CRASHES:
        return await fail(notebook, world, f"It died {crashes + 1} times in a row. {seen.reason}")
    stuck = await jupyter.remove(notebook, world)
    if stuck:
        _say(notebook, stuck)
        return Outcome(requeue=_POLL)
    ended = _ended(notebook, world, seen.ended or now)
    notebook.state = "Pending"
    notebook.status["_Crashes"] = crashes + 1
    notebook.status["_CrashedAt"] = now
    return Outcome(requeue=0, also=ended)


async def _finish(notebook: Document, world: World, state: str, reason: str | None = None) -> Outcome:
    """Remove the instance, then write the end: a crash between the two repeats the first."""
    seen = await jupyter.look(notebook, world)
    stuck = await jupyter.remove(notebook, world)
    if stuck:
        _say(notebook, stuck)
        return Outcome(requeue=_POLL)
    now = world.clock.now()
    ended = _ended(notebook, world, seen.ended or now)
    notebook.state = state
    notebook.modified_at = max(notebook.modified_at, now)
    if reason:
        _say(notebook, reason)
    claims = notebook.status.pop("_Claims", {})

    def also(tx: Transaction) -> None:
        ended(tx)
        quotas.give_back(tx, notebook.account, notebook.region, claims)
        capacity.give_back(tx, notebook.id, world.clock.wall())

    return Outcome(also=also)


def _ended(notebook: Document, world: World, at: float) -> Callable[[Transaction], None]:
    """The instance of this attempt is no more; the next start is another."""
    run = billing.resting(notebook, min(at, world.clock.now()))
    notebook.status.pop("_Site", None)
    jupyter.again(notebook)

    def also(tx: Transaction) -> None:
        run(tx)
        jupyter.forget(tx, notebook)

    return also


def _too_long(notebook: Document, step: str) -> str:
    """Source: AWS's re:Post, "Why does my lifecycle configuration script time out?": its sentence."""
    name = notebook.spec.get("NotebookInstanceLifecycleConfigName")
    config = notebook.arn.replace(
        f"notebook-instance/{notebook.name.lower()}", f"notebook-instance-lifecycle-config/{str(name).lower()}"
    )
    return (
        f"Notebook Instance Lifecycle Config '{config}' for Notebook Instance '{notebook.arn}' took longer than 5 "
        f"minutes. Its log is the stream {launch.stream(notebook, step)} of {launch.LOG_GROUP}. What takes longer, run "
        "in the background: nohup … &."
    )


def _say(notebook: Document, reason: str) -> None:
    notebook.status["FailureReason"] = reason[:_LONGEST]
