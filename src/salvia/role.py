"""What a fork of the supervisor becomes: a gateway or a controller.

Whoever imports this has loaded everything that either needs.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import uvloop

from salvia import controller, gateway
from salvia.process import Lock, log_to
from salvia.settings import Settings


def play(settings: Settings, role: str, index: int, listener: socket.socket) -> int:
    """Be a gateway, which serves on `listener`, or a controller, until SIGTERM; returns the exit code."""
    with contextlib.suppress(OSError):
        Path("/proc/self/comm").write_text(f"salvia-{role}")  # for `ps` and `top`
    lock = Lock(settings.run / f"{role}-{index}.lock")
    if not lock.take():
        return 75
    log_to(settings.home / "log" / f"{role}-{index}.log")
    if role == "gateway":
        work = gateway.serve(settings, listener, index)
    else:
        listener.close()
        work = controller.work(settings, index)
    with _profiled(), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            runner.run(work)
        except Exception:
            logging.getLogger("salvia").exception("ended", extra={"event": "process-failed", "role": role})
            return 1
    return 0


@contextlib.contextmanager
def _profiled() -> Iterator[None]:
    """The process's CPU profile, where SALVIA_PROFILE names a folder: for whoever makes Salvia faster."""
    folder = os.environ.get("SALVIA_PROFILE")
    if not folder:
        yield
        return
    import cProfile

    profile = cProfile.Profile()
    profile.enable()
    try:
        yield
    finally:
        profile.disable()
        profile.dump_stats(Path(folder) / f"{os.getpid()}.prof")
