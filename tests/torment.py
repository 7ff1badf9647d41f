"""kill -9, again and again: what tests of what survives have in common."""

from __future__ import annotations

import os
import random
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.conftest import Server


@contextmanager
def tormented(server: Server, seed: int, pause: tuple[float, float] = (0.1, 4.0)) -> Iterator[None]:
    """Within it, every controller of the server is killed `pause` seconds after it was started, and so is the next.

    Some die before they have begun to work, which takes a second or two on a busy machine, others amid it.
    """
    over, chance = threading.Event(), random.Random(seed)

    def torment() -> None:
        while not over.wait(0.05):
            victims = server.pids("controller")
            if victims and not over.wait(chance.uniform(*pause)):
                kill(*victims)

    tormentor = threading.Thread(target=torment)
    tormentor.start()
    try:
        yield
    finally:
        over.set()
        tormentor.join()


def kill(*pids: int) -> None:
    """SIGKILL, to those that are still there."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def leftovers(server: Server, kind: str) -> list[Path]:
    """The folders of instances: `e`ndpoints', `t`ransform jobs'."""
    return list((server.home / "runtime" / "instances").glob(f"{kind}*"))


def peers(pid: int, port: int) -> set[int]:
    """The ports from which a process' connections to its `port` come."""
    inodes = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            inodes.add(str(descriptor.readlink()).removeprefix("socket:[").rstrip("]"))
    found = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, *rest = line.split()
        if rest[6] in inodes and int(local.partition(":")[2], 16) == port:
            found.add(int(remote.partition(":")[2], 16))
    return found
