"""The controller process: reconcilers, and the runtimes they reach."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from functools import partial

from salvia.app import close, compose, until_signalled
from salvia.control import instances, timekeeping
from salvia.control.reconcile import Worker
from salvia.control.world import World
from salvia.runtimes.process import ProcessRuntime
from salvia.settings import Settings

_SWEEP = 600.0  # seconds between clean-ups: expired sessions and log events, blobs that no object names
_LEFT = 600.0  # seconds that a folder in the runtime's is left alone: nobody is that long about a start
_log = logging.getLogger("salvia.controller")


async def work(settings: Settings, index: int) -> None:
    """Reconcile until SIGTERM. What runs, runs on: the next controller of this `index` adopts it at once."""
    world = compose(settings)
    runtime = ProcessRuntime(settings.home / "runtime", home=settings.home)
    world.runtimes = {runtime.name: runtime}
    worker = Worker(world, hashlib.sha256(f"{world.node}/{index}".encode()).hexdigest()[:8])
    world.hints.listen(worker.wake)
    beside = [asyncio.create_task(_sweep(world)), asyncio.create_task(timekeeping.follow(world))]
    stop = until_signalled()
    running = asyncio.create_task(worker.run())
    await asyncio.wait({running, asyncio.create_task(stop.wait())}, return_when=asyncio.FIRST_COMPLETED)
    for task in beside:
        task.cancel()
    await asyncio.gather(*beside, return_exceptions=True)
    await worker.stop()
    await running
    await close(world)


async def _sweep(world: World) -> None:
    """Let every room throw away what nobody can see any more. Several controllers may do so at once."""
    while True:
        await timekeeping.passed(world, _SWEEP)
        for runtime in world.runtimes.values():
            try:
                removed = await runtime.sweep(partial(instances.wanted, world), _LEFT)
                if removed:
                    extra = {"event": "instances-swept", "runtime": runtime.name, "instances": removed}
                    _log.warning("instances that nobody knows of were removed", extra=extra)
            except Exception:
                _log.exception("sweep failed", extra={"event": "sweep-failed", "sweep": runtime.name})
        for sweep in world.dispatch.hooks["sweep"]:
            try:
                await sweep(world)
            except Exception:
                _log.exception("sweep failed", extra={"event": "sweep-failed", "sweep": sweep.__module__})
