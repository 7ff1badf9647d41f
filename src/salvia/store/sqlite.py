"""SQLite: a file, WAL, every commit synced. Reads run inline: they take microseconds, a thread's hand-over more."""

from __future__ import annotations

import asyncio
import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from .age import Age
from .db import OURS, Database, Parameters, Reader, Row, Writer
from .names import Names, Place
from .remembered import changed_by

T = TypeVar("T")
_BUSY_MS = 30_000
# Bytes, all that SQLite allows: whatever another process commits drops what SQLite has read, but not what is mapped.
_MAPPED = 1 << 31
_UNKNOWN = object()
_NAMED = 128 << 20  # bytes of names that are kept
_REMEMBERED = 10_000  # answers, until nobody writes any more


class _Reader(Reader):
    def __init__(self, connection: sqlite3.Connection, wall: Callable[[], float]) -> None:
        self._connection = connection
        self._wall = wall

    def now(self) -> float:
        return self._wall()  # whoever shares a file shares a machine

    def one(self, sql: str, parameters: Parameters | None = None) -> Row | None:
        row: Row | None = self._connection.execute(sql, parameters or {}).fetchone()
        return row

    def all(self, sql: str, parameters: Parameters | None = None) -> list[Row]:
        rows: list[Any] = self._connection.execute(sql, parameters or {}).fetchall()
        return rows


class _Writer(_Reader, Writer):
    """`turn` is a file that whoever writes locks: the kernel wakes the next at once, SQLite would sleep and look."""

    def __init__(self, connection: sqlite3.Connection, wall: Callable[[], float], turn: int, age: Age) -> None:
        super().__init__(connection, wall)
        self._turn = turn
        self._age = age
        self._changed = False  # what processes remember

    def run(self, sql: str, parameters: Parameters | None = None) -> int:
        self._changed = self._changed or changed_by(sql, parameters or {})
        return self._connection.execute(sql, parameters or {}).rowcount

    def many(self, sql: str, parameters: Sequence[Parameters]) -> None:
        self._changed = self._changed or any(changed_by(sql, each) for each in parameters)
        self._connection.executemany(sql, parameters)

    def tables(self) -> list[str]:
        rows = self.all("SELECT name FROM sqlite_master WHERE type = 'table'")
        return [row["name"] for row in rows if row["name"] not in OURS and not row["name"].startswith("sqlite_")]

    def begin(self) -> None:
        self._changed = False
        fcntl.flock(self._turn, fcntl.LOCK_EX)
        self._age.settle()
        self._connection.execute("BEGIN IMMEDIATE")

    def savepoint(self) -> None:
        self._connection.execute("SAVEPOINT unit")

    def undo(self) -> None:
        self._connection.execute("ROLLBACK TO unit")

    def release(self) -> None:
        self._connection.execute("RELEASE unit")

    def commit(self) -> None:
        if self._changed:
            (version,) = self._connection.execute("PRAGMA user_version").fetchone()
            self._connection.execute(f"PRAGMA user_version = {(version + 1) % 2**31}")
            self._age.begin()
        try:
            self._connection.execute("COMMIT")
        finally:
            if self._changed:
                self._age.end()
        fcntl.flock(self._turn, fcntl.LOCK_UN)

    def rollback(self) -> None:
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        finally:
            fcntl.flock(self._turn, fcntl.LOCK_UN)


class SqliteDatabase(Database):
    """A SQLite file. `wall` is the machine's clock."""

    inline = True

    def __init__(self, path: Path, wall: Callable[[], float] = time.time) -> None:
        super().__init__()
        self.path = path
        self._wall = wall
        self._reader: Reader | None = None
        self._turn: int | None = None
        self._scanners = threading.local()
        self._open: list[sqlite3.Connection] = []
        self._memory: dict[Hashable, Any] = {}
        self._names: dict[Place, Names] = {}
        self._age: Age | None = None
        self._as_of: int | None = None
        self._version: object = None

    def connect(self) -> sqlite3.Connection:
        """A new connection, set up as every process must have it."""
        connection = sqlite3.connect(
            self.path,
            timeout=_BUSY_MS / 1000,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=512,
        )
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA temp_store=MEMORY")
        connection.execute(f"PRAGMA mmap_size={_MAPPED}")
        self._open.append(connection)
        return connection

    def start(self) -> None:
        self._reader = _Reader(self.connect(), self._wall)
        self._turn = os.open(
            self.path.with_name(f"{self.path.name}-turn"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        self._age = Age(self._turn)
        writer = _Writer(self.connect(), self._wall, self._turn, self._age)
        self._start_writing(lambda: self._write_forever(writer))

    def close(self) -> None:
        self._end_writing()
        if self._turn is not None:
            os.close(self._turn)
            self._turn = self._age = None
        for connection in self._open:
            connection.close()
        self._open.clear()
        self._scanners = threading.local()
        self._reader = None

    def read(self) -> Reader:
        if self._reader is None:
            raise RuntimeError("The database is not open.")
        return self._reader

    def recall(self, key: Hashable, find: Callable[[Reader], T]) -> T:
        reader = self.read()
        assert self._age is not None
        age = self._age.now()  # before: what is read later is no older
        if age != self._as_of:
            self._look(reader, age)
        memory = self._memory  # if it is forgotten while `find` reads, so is what that found
        found = memory.get(key, _UNKNOWN)
        if found is _UNKNOWN:
            if len(memory) >= _REMEMBERED:
                memory.clear()
            found = memory[key] = find(reader)
        return found  # type: ignore[no-any-return]

    def _look(self, reader: Reader, age: int) -> None:
        """Forget what was remembered if it has changed since.

        `user_version` is part of the database, and counted by the commits that change what is remembered
        (`remembered`).
        """
        version = reader.one("PRAGMA user_version")[0]  # type: ignore[index]
        if version != self._version:
            self._memory = {}
            self._version = version
        self._as_of = age if age % 2 == 0 else None

    async def scan(self, sql: str, parameters: Parameters | None = None) -> list[Row]:
        return await asyncio.to_thread(self._scan, sql, parameters or {})

    def _scan(self, sql: str, parameters: Parameters) -> list[Row]:
        return self._scanner().all(sql, parameters)

    async def names(self, place: Place, text: str) -> list[str] | None:
        if sum(names.size for names in self._names.values()) > _NAMED:
            self._names = {}
        names = self._names.setdefault(place, Names(place))
        return await asyncio.to_thread(lambda: names.containing(self._scanner(), text))

    def _scanner(self) -> Reader:
        """This thread's own reader."""
        reader: Reader | None = getattr(self._scanners, "reader", None)
        if reader is None:
            reader = self._scanners.reader = _Reader(self.connect(), self._wall)
        return reader
