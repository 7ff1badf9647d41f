"""A process's journal: events as lines of a file until they are in the database.

One write() a line, before the answer: what the kernel has taken outlives the process. A file is closed and its lines
stored together; its name is stored with them, so that a file found again is not stored twice. The file of a process
that died is unlocked, and others take it over.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import logging
import os
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path

import orjson

from salvia.store import events
from salvia.store.db import Database, Reader, Transaction
from salvia.store.events import Event, Subscriber

_log = logging.getLogger("salvia.audit")
_SOON = 0.1  # seconds until lines are stored
_AGAIN = 60.0  # between looks for files that nobody stores
_SUFFIX = ".journal"

Subscribers = Callable[[Reader], Iterable[Subscriber]]


class Journal:
    """The journal of this process, in a folder that it shares with others'. Opened by its first line."""

    def __init__(self, folder: Path, db: Database, subscribers: Subscribers) -> None:
        self._folder = folder
        self._db = db
        self._subscribers = subscribers
        self._file: int | None = None
        self._path = folder
        self._stored: list[str] = []  # names of files that are gone, to be forgotten by the database too
        self._storing: set[asyncio.Task[None]] = set()

    def append(self, event: Event, *, noted: bool = False) -> None:
        """Write one line. `noted`: the change left a note, which the event replaces. Raises OSError."""
        line = f"[{event.text},{orjson.dumps(event.checked).decode()},{'true' if noted else 'false'}]\n".encode()
        if self._file is None:
            self._open()
        assert self._file is not None
        if os.write(self._file, line) != len(line):
            self._file = None  # half a line must be a file's last
            raise OSError(errno.ENOSPC, f"An event did not fit into {self._path}.")

    async def commit(self, event: Event) -> None:
        """Store one event durably, at once."""
        await self._db.write(lambda tx: events.insert(tx, [event], self._subscribers(tx)))

    async def run(self) -> None:
        """Store what processes left that are no more, and what could not be stored when it should have been."""
        while True:
            try:
                await self.adopt()
            except Exception:
                _log.exception("events stay in the journal", extra={"event": "journal-failed"})
            await asyncio.sleep(_AGAIN)

    def forget(self) -> None:
        """Drop what is not stored yet: the server is being emptied."""
        if self._file is not None:
            self._path.unlink(missing_ok=True)
            self._file = None  # whoever was to store it closes it

    async def close(self) -> None:
        """Store what there is. What cannot be stored now is safe where it is: others adopt it."""
        if self._storing:
            await asyncio.wait(self._storing)

    async def adopt(self) -> None:
        """Store the lines of every file that nobody holds."""
        for path in await asyncio.to_thread(lambda: sorted(self._folder.glob(f"*{_SUFFIX}"))):
            # Whoever holds the lock sees to the file.
            with contextlib.suppress(FileNotFoundError, BlockingIOError), path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                await self._store(path)

    def _open(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self._folder / f"{uuid.uuid4()}.new"
        self._file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX)
        self._path = fresh.with_suffix(_SUFFIX)
        fresh.rename(self._path)  # from here on others see it: locked
        task = asyncio.create_task(self._store_soon(self._file, self._path))
        self._storing.add(task)
        task.add_done_callback(self._storing.discard)

    async def _store_soon(self, file: int, path: Path) -> None:
        await asyncio.sleep(_SOON)
        if self._file == file:
            self._file = None  # the next line opens another
        try:
            await self._store(path)
        except FileNotFoundError:  # forgotten
            pass
        except Exception:  # the database is away, say: `run` tries again
            _log.exception("events stay in the journal", extra={"event": "journal-failed"})
        finally:
            os.close(file)  # and with it the lock

    async def _store(self, path: Path) -> None:
        lines = await asyncio.to_thread(_read, path)
        gone = self._stored

        def work(tx: Transaction) -> None:
            events.end_journals(tx, gone)
            if events.begin_journal(tx, path.name):
                events.insert(tx, [event for event, _ in lines], self._subscribers(tx))
                events.settle(tx, [event.id for event, noted in lines if noted])

        await self._db.write(work)
        path.unlink(missing_ok=True)
        self._stored = [path.name]


def _read(path: Path) -> list[tuple[Event, bool]]:
    lines = path.read_bytes().split(b"\n")[:-1]  # what follows the last line break was never answered for
    return [(Event(record, checked), noted) for record, checked, noted in map(orjson.loads, lines)]
