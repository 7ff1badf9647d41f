"""What each of Salvia's processes is: a role, a lock that it holds while it lives, a log file.

The lock file names the pid; that the lock is held proves that the pid is still ours, which a pid alone never does.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import logging.handlers
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

_TRIES = 50
_RESERVED = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class _JsonLines(logging.Formatter):
    """One event a line: time, level, event, and what the event carries."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{record.msecs:03.0f}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **{name: value for name, value in vars(record).items() if name not in _RESERVED},
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


@dataclass(frozen=True, slots=True)
class Process:
    """A running process of Salvia."""

    role: str
    pid: int


class CannotStart(Exception):
    """Salvia cannot come up; the message is for a person."""


class Lock:
    """An advisory lock on a file; held until the process ends, however it ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = None if not path.parent.exists() else path.open("a+")

    def take(self) -> bool:
        """True when nobody else holds it; the file then names this process."""
        if self._file is None:
            return False
        for _ in range(_TRIES):
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(0.01)  # `holder`, which only looks, has it for microseconds
        else:
            return False
        self._file.seek(0)
        self._file.truncate()
        self._file.write(str(os.getpid()))
        self._file.flush()
        return True

    def release(self) -> None:
        """Let go of it before the process ends."""
        if self._file is not None:
            self._file.close()


def holder(path: Path) -> int | None:
    """The pid that holds the lock at `path`; None when nobody does."""
    try:
        with path.open("r") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(file.read() or 0) or None
    except (FileNotFoundError, ValueError):
        return None
    return None


def running(run: Path) -> list[Process]:
    """The supervisor, gateways and controllers of a data directory that are alive."""
    found = []
    for path in sorted(run.glob("*.lock")):
        pid = holder(path)
        if pid:
            found.append(Process(path.stem.rpartition("-")[0] or path.stem, pid))
    return found


def end(pid: int, grace: float, *, alive: Path) -> None:
    """SIGTERM, then SIGKILL after `grace` seconds; returns when the lock at `alive` is free."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while holder(alive) == pid:
        if time.monotonic() > deadline:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


def alone(patience: float = 5.0) -> bool:
    """Return when this process has no other thread, or after so many seconds; whether it has none.

    A thread that was joined may be on its way out still and hold locks of OpenSSL's: a fork would find them held for
    ever. Where there is no /proc, nobody can see it.
    """
    deadline = time.monotonic() + patience
    while len(list(Path("/proc/self/task").glob("*"))) > 1:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.001)
    return True


def log_to(path: Path) -> None:
    """Send this process's log to `path`, bounded to a few files."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = logging.handlers.RotatingFileHandler(path, maxBytes=10_000_000, backupCount=3)
    file.setFormatter(_JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[file], force=True)
