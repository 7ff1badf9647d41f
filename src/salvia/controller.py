"""The controller process: reconcilers, and the runtimes they reach."""

from __future__ import annotations

import asyncio

from salvia.app import close, compose, until_signalled
from salvia.control.reconcile import Worker
from salvia.runtimes.process import ProcessRuntime
from salvia.settings import Settings


async def work(settings: Settings) -> None:
    """Reconcile until SIGTERM. What runs, runs on: the next controller adopts it."""
    world = compose(settings)
    runtime = ProcessRuntime(settings.home / "runtime", home=settings.home)
    world.runtimes = {runtime.name: runtime}
    worker = Worker(world)
    world.hints.listen(worker.wake)
    stop = until_signalled()
    running = asyncio.create_task(worker.run())
    await asyncio.wait({running, asyncio.create_task(stop.wait())}, return_when=asyncio.FIRST_COMPLETED)
    await worker.stop()
    await running
    close(world)
