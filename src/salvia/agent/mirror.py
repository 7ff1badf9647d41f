"""A folder of /opt/ml that S3 gets: while the program runs, or once it has ended.

Every host has the same place for it: nothing is added to names, as AWS documents, so hosts that write must choose names
of their own. What is deleted here stays in S3.

Sources: API reference, CheckpointConfig, ProcessingS3Output; developer guide, "Use Checkpoints in Amazon SageMaker".
"""

# pathlib takes 10 ms to import, for which a job would wait.

from __future__ import annotations

import errno
import os
import stat
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from ..core.client import ClientError
from .failure import JobError, not_stored
from .sources import Source
from .tree import Entry, is_text, members, shown

_PERIOD = 1.0  # seconds between looks at the folder; what has not changed since the last is at rest
_EASE = 10  # times as long as a look took is waited until the next: many files must not cost a core
_BLOCK = 1 << 20

_State = tuple[int, int, int]  # size, time of change and number of a file


class Storage(Protocol):
    """S3 as the job's role sees it."""

    @property
    def role(self) -> str:
        """The ARN of the role."""

    def put(self, bucket: str, key: str, path: str) -> None:
        """Upload a file, in parts when it is large. Raises ClientError with S3's code."""


class Mirror:
    """Uploads what is below the folder of `source`: once it is `finish`ed, and from `start` on what changes.

    While it follows, a file goes up when it has not changed between two looks, from a copy in the folder `spool` that
    is known to be of one moment: a file that is being written never replaces a good one. `say(line)` tells the job's
    log what is left out, `trouble(sentence)` its owner what goes wrong and is tried again.
    """

    def __init__(
        self,
        storage: Storage,
        source: Source,
        ml: str,
        spool: str,
        say: Callable[[str], None],
        trouble: Callable[[str], None],
    ) -> None:
        self._storage, self._source, self._ml, self._trouble = storage, source, ml, trouble
        self._copy = os.path.join(spool, "-".join(source.folder))
        self._said: set[str] = set()
        self._say = say
        self._seen: dict[str, _State] = {}
        self._stored: dict[str, _State] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mirror", daemon=True)

    def start(self) -> None:
        """Follow the folder; what is in it now, S3 has."""
        for entry in members(self._ml, self._source.folder, self._say_once):
            self._stored[entry.name] = self._seen[entry.name] = _state(entry.status)
        self._thread.start()

    def finish(self) -> None:
        """Upload everything that S3 lacks; for when the program has ended. Raises JobError."""
        self._over.set()
        if self._thread.ident is not None:  # it was started
            self._thread.join()
        self._look(final=True)

    def _run(self) -> None:
        pause = _PERIOD
        while not self._over.wait(pause):
            began = time.monotonic()
            try:
                self._look(final=False)
            except JobError as error:
                self._trouble(f"{error.message} It is tried again.")
            pause = max(_PERIOD, (time.monotonic() - began) * _EASE)

    def _look(self, *, final: bool) -> None:
        seen = {}
        for entry in members(self._ml, self._source.folder, self._say_once):
            if not stat.S_ISREG(entry.status.st_mode):
                continue
            if self._over.is_set() and not final:
                return
            state = seen[entry.name] = _state(entry.status)
            rests = final or state == self._seen.get(entry.name)
            if rests and state != self._stored.get(entry.name) and self._store(entry, final):
                self._stored[entry.name] = state
        self._seen = seen
        self._stored = {name: state for name, state in self._stored.items() if name in seen}

    def _store(self, entry: Entry, final: bool) -> bool:
        """Upload a file; False when it is gone, is being written, or cannot be a key."""
        name = "/".join(("/opt/ml", *self._source.folder, shown(entry.name)))
        if not is_text(entry.name):
            self._say_once(f"{name} is not uploaded: a key must be UTF-8, and its name is not.")
            return False
        try:
            with entry.open() as file:
                if final:  # nobody writes any more
                    return self._put(entry.name, f"/dev/fd/{file.fileno()}")
                before = os.fstat(file.fileno())
                with open(self._copy, "wb") as copy:
                    while block := file.read(_BLOCK):
                        copy.write(block)
                if _state(before) != _state(os.fstat(file.fileno())):
                    return False
            return self._put(entry.name, self._copy)
        except FileNotFoundError:
            return False
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            cause = "the disk of the instance is full" if full else str(error)
            raise JobError("ClientError", f"Upload failed: {name} could not be read: {cause}.") from error
        finally:
            with suppress(FileNotFoundError):
                os.unlink(self._copy)

    def _put(self, name: str, path: str) -> bool:
        source = self._source
        try:
            self._storage.put(source.bucket, source.prefix + name, path)
        except ClientError as error:
            raise not_stored(
                error, self._storage.role, source.bucket, source.prefix + name, source.prefix, source.member
            ) from error
        return True

    def _say_once(self, line: str) -> None:
        if line not in self._said:
            self._said.add(line)
            self._say(line)


def _state(status: os.stat_result) -> _State:
    return status.st_size, status.st_mtime_ns, status.st_ino
