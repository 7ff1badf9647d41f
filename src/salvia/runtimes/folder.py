"""The folder of one instance: what makes starting it idempotent and finding it again possible.

`alive` is locked (flock) from before the agent is started until it is gone: the agent inherits the open file
from whoever started it, so that the kernel itself answers whether it lives, and no process number that has
been given to somebody else can deceive us. `pid` is written by the agent's own process an instant before it
becomes the agent: where it exists, the instance was started and is never started again.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .base import Handle

SPEC = "SPEC.json"
NEXT = "next.json"  # SPEC of the next job, for an agent that rests
_REMOVED = ".removed-"
_AGENTS_OWN = {"alive", "assigning", "pid", "handle.json", "agent.out", "agent.err", SPEC}


class InstanceFolder:
    """One instance's place on disk. Methods block for microseconds, unless they say more."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def make(self) -> None:
        """Create the folder, for nobody else to read."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            self.path.mkdir(mode=0o700)

    def lock(self) -> int | None:
        """Take the lock, for the caller to close; None while an agent, or somebody starting one, has it."""
        return self._flock(fcntl.LOCK_EX, os.O_RDWR | os.O_CREAT)

    def alive(self) -> bool:
        """Whether somebody holds the lock."""
        try:
            handle = self._flock(fcntl.LOCK_SH, os.O_RDONLY)
        except FileNotFoundError:
            return False
        if handle is None:
            return True
        os.close(handle)
        return False

    def _flock(self, kind: int, flags: int) -> int | None:
        path = self.path / "alive"
        handle = os.open(path, flags | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, kind | fcntl.LOCK_NB)
            # Locked, but is it still the file that others lock, or has it been removed meanwhile?
            if os.fstat(handle).st_ino == path.stat().st_ino:
                return handle
        except BlockingIOError:
            pass
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)
        return None

    def pid(self) -> int | None:
        """The agent's process number, or None when none was started yet. It may be long gone: see `alive`."""
        try:
            text = (self.path / "pid").read_text()
        except OSError:
            return None
        return int(text) if text.endswith("\n") else None

    def signal(self, number: int) -> bool:
        """Send the agent a signal; False when it is gone."""
        pid = self.pid()
        if pid is None:
            return False
        try:
            process = os.pidfd_open(pid)
        except ProcessLookupError:
            return False
        try:
            # Alive now, after the descriptor was opened: so the number was still the agent's when it was.
            if not self.alive():
                return False
            signal.pidfd_send_signal(process, number)
        except ProcessLookupError:
            return False
        finally:
            os.close(process)
        return True

    def kill_agent(self, patience: float = 10.0) -> None:
        """SIGKILL the agent and wait until it is gone, milliseconds as a rule. Raises TimeoutError."""
        deadline = time.monotonic() + patience
        while self.alive():
            self.signal(signal.SIGKILL)
            if time.monotonic() > deadline:
                raise TimeoutError(f"the agent of {self.path.name} (process {self.pid()}) does not die")
            time.sleep(0.002)

    def read_handle(self) -> Handle:
        """The handle that its starter wrote."""
        handle: Handle = json.loads((self.path / "handle.json").read_bytes())
        return handle

    def write(self, name: str, content: Any) -> Path:
        """Write a JSON file that only its owner can read, whole or not at all."""
        path = self.path / name
        fresh = path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(content))
        fresh.replace(path)
        return path

    def assigned(self, token: object) -> bool:
        """Whether the agent was handed a job by this token: it waits to be read, is read, or was the last."""
        for name in (NEXT, SPEC):
            with contextlib.suppress(FileNotFoundError):
                if json.loads((self.path / name).read_bytes()).get("token") == token:
                    return True
        return False

    def token(self) -> str:
        """That of the job that its agent was started for, or was handed; empty where none was ever started."""
        try:
            return str(json.loads((self.path / SPEC).read_bytes()).get("token") or "")
        except (FileNotFoundError, ValueError):
            return ""

    @contextlib.contextmanager
    def assigning(self) -> Iterator[None]:
        """One at a time hands out the next job. Raises FileNotFoundError once the folder is removed."""
        with (self.path / "assigning").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def clear(self) -> None:
        """Delete what a job left, but for what the agent lives by, and its token: that job is not handed out again."""
        token = json.loads((self.path / SPEC).read_bytes()).get("token")
        for entry in list(self.path.iterdir()):
            if entry.name not in _AGENTS_OWN:
                entry.rename(self.path.with_name(f"{_REMOVED}{self.path.name}-{uuid.uuid4().hex[:8]}"))
        self.write(SPEC, {"token": token})
        for leftover in self.path.parent.glob(f"{_REMOVED}{self.path.name}-*"):
            _delete(leftover)

    def last_words(self) -> str:
        """The end of what the agent wrote to its error output."""
        try:
            with (self.path / "agent.err").open("rb") as file:
                file.seek(0, os.SEEK_END)
                file.seek(max(0, file.tell() - 1000))
                return file.read().decode(errors="replace").strip()
        except OSError:
            return ""

    def delete(self) -> None:
        """Remove the folder, and what an interrupted removal left; seconds for many files."""
        with contextlib.suppress(FileNotFoundError):
            self.path.rename(self.path.with_name(f"{_REMOVED}{self.path.name}-{uuid.uuid4().hex[:8]}"))
        for leftover in self.path.parent.glob(f"{_REMOVED}{self.path.name}-*"):
            delete_tree(leftover)


def instances(parent: Path) -> Iterator[InstanceFolder]:
    """Every instance below `parent`."""
    if parent.is_dir():
        for path in sorted(parent.iterdir()):
            if not path.name.startswith("."):
                yield InstanceFolder(path)


def delete_removed(parent: Path, before: float) -> None:
    """Delete what interrupted removals left below `parent`, if it was last changed before that moment."""
    for leftover in parent.glob(f"{_REMOVED}*"):
        with contextlib.suppress(FileNotFoundError):
            if leftover.stat(follow_symlinks=False).st_mtime < before:
                _delete(leftover)


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        delete_tree(path)
    else:
        path.unlink(missing_ok=True)


def delete_tree(path: Path) -> None:
    """Delete a folder that a program filled: nested a million deep, say, or locked (chmod 0).

    Folders in it are moved up beside each other instead of descended into, so that no path grows longer and no
    link is ever followed. Repeating it goes on where it was interrupted.
    """
    top = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        while folders := _empty(top):
            for name in folders:
                with contextlib.suppress(FileNotFoundError):  # another process removes the same
                    _flatten(top, name)
    finally:
        os.close(top)
    with contextlib.suppress(FileNotFoundError):
        path.rmdir()


def _flatten(top: int, name: str) -> None:
    """Delete the folder `name` of `top`, and move those in it to `top`."""
    os.chmod(name, 0o700, dir_fd=top)
    folder = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=top)
    try:
        for below in _empty(folder):
            with contextlib.suppress(FileNotFoundError):
                os.chmod(below, 0o700, dir_fd=folder)
                os.rename(below, uuid.uuid4().hex, src_dir_fd=folder, dst_dir_fd=top)
    finally:
        os.close(folder)
    os.rmdir(name, dir_fd=top)


def _empty(folder: int) -> list[str]:
    """Delete the files of a folder; the names of the folders in it."""
    folders = []
    with os.scandir(folder) as found:
        entries = list(found)
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            folders.append(entry.name)
        else:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(entry.name, dir_fd=folder)
    return folders
