"""The controller process: reconcilers, and the runtimes they reach."""

from __future__ import annotations

import asyncio
import hashlib
import logging

from salvia.app import close, compose, until_signalled
from salvia.control import timekeeping
from salvia.control.reconcile import Worker
from salvia.control.world import World
from salvia.runtimes.process import ProcessRuntime
from salvia.settings import Settings

_SWEEP = 600.0  # seconds between clean-ups: expired sessions and log events, blobs that no object names
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
        for sweep in world.dispatch.hooks["sweep"]:
            try:
                await sweep(world)
            except Exception:
                _log.exception("sweep failed", extra={"event": "sweep-failed", "sweep": sweep.__module__})
