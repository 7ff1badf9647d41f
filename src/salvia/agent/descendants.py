"""The processes below this one, and an end to all of them.

Everything is read from /proc; where there is none (macOS), only direct children are known to the kernel's
`wait`, and process groups do the rest.
"""

# pathlib takes 10 ms to import, for which a job would wait.

from __future__ import annotations

import os
import signal
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress

_SANDBOXES = frozenset({"bwrap", "unshare"})
_PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Make processes whose parent died children of this process, so that none escapes `end_all`."""
    try:
        import ctypes

        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        pass  # not Linux


def main_process(pid: int) -> int | None:
    """The process that the user's program began as, below the sandbox `pid` if that is one.

    None while the sandbox is still being set up. A signal to the sandbox itself would end it and, with it,
    the program unwarned.
    """
    table = _table()
    while pid in table and table[pid].name in _SANDBOXES:
        below = [process for process in table.values() if process.parent == pid]
        if not below:
            return None
        pid = min(below, key=lambda process: (process.started, process.pid)).pid
    return pid


def end_all(patience: float = 10.0) -> bool:
    """Kill and reap every process below this one; False when some would not die within `patience` seconds."""
    until = time.monotonic() + patience
    while True:
        for pid in descendants(os.getpid()):
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return True
        if time.monotonic() > until:
            return False
        time.sleep(0.002)


def descendants(root: int) -> list[int]:
    """The pids below `root`, children before grandchildren."""
    children = defaultdict(list)
    for process in _table().values():
        children[process.parent].append(process.pid)
    found = list(children[root])
    for pid in found:
        found.extend(children[pid])
    return found


class _Process:
    __slots__ = ("name", "parent", "pid", "started")

    def __init__(self, stat: str) -> None:
        # The name may hold spaces and parentheses; what follows the last ")" does not (proc(5)).
        head, _, tail = stat.rpartition(")")
        number, _, self.name = head.partition(" (")
        fields = tail.split()
        self.pid, self.parent, self.started = int(number), int(fields[1]), int(fields[19])


def _table() -> dict[int, _Process]:
    return {process.pid: process for process in _processes()}


def _processes() -> Iterator[_Process]:
    try:
        entries = os.listdir("/proc")
    except OSError:
        return
    for entry in entries:
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as file:
                    yield _Process(file.read())
            except (OSError, ValueError, IndexError):
                continue  # it ended meanwhile
