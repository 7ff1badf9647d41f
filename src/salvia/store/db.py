"""One database, one writer thread, group commit.

    write(work) ──▶ queue ──▶ writer thread: BEGIN IMMEDIATE
                                 SAVEPOINT work₁ … SAVEPOINT workₙ   whatever has queued meanwhile
                              COMMIT (one fsync) ──▶ every waiter resumes

A write returns after its commit is on the disk. Reads by an index run inline: they take microseconds, and a
thread's hand-over costs more. What may be long goes through `scan`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
Row = sqlite3.Row
Parameters = Mapping[str, Any]

_log = logging.getLogger("salvia.store")
_GROUP = 128  # how many units share a commit at most; beyond it the first would wait too long
_BUSY_MS = 30_000
_REMEMBERED = 10_000  # answers, until nobody writes any more

# What is to be written with every unit of the task at hand, and only if the unit is: the audit trail's own note.
RIDER: ContextVar[Callable[[Transaction], None] | None] = ContextVar("rider", default=None)


class Reader:
    """Queries on one connection. SQL takes `:named` parameters and is portable to PostgreSQL."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def one(self, sql: str, parameters: Parameters | None = None) -> Row | None:
        """The first row, or None."""
        row: Row | None = self._connection.execute(sql, parameters or {}).fetchone()
        return row

    def all(self, sql: str, parameters: Parameters | None = None) -> list[Row]:
        """Every row."""
        return self._connection.execute(sql, parameters or {}).fetchall()

    def version(self) -> object:
        """What differs from its last value once anybody else has committed anything."""
        return self._connection.execute("PRAGMA data_version").fetchone()[0]


class Transaction(Reader):
    """A unit of work: all of it becomes durable, or none."""

    def run(self, sql: str, parameters: Parameters | None = None) -> int:
        """Execute a statement; returns the number of rows it changed."""
        return self._connection.execute(sql, parameters or {}).rowcount

    def many(self, sql: str, parameters: Sequence[Parameters]) -> None:
        """Execute a statement once for each of `parameters`."""
        self._connection.executemany(sql, parameters)

    def tables(self) -> list[str]:
        """The names of all tables, but for that which holds the schema's version."""
        rows = self.all("SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'alembic_version'")
        return [row["name"] for row in rows if not row["name"].startswith("sqlite_")]


class _Unit:
    __slots__ = ("error", "future", "loop", "result", "work")

    def __init__(self, work: Callable[[Transaction], Any], loop: asyncio.AbstractEventLoop) -> None:
        self.work = work
        self.loop = loop
        self.future: asyncio.Future[Any] = loop.create_future()
        self.result: Any = None
        self.error: BaseException | None = None

    def settle(self) -> None:
        def resolve() -> None:
            if self.future.done():
                return
            if self.error is not None:
                self.future.set_exception(self.error)
            else:
                self.future.set_result(self.result)

        try:
            self.loop.call_soon_threadsafe(resolve)
        except RuntimeError:  # the loop closed while the commit was under way: nobody waits any more
            _log.debug("write settled after its event loop closed")


class Database:
    """A SQLite file. Several processes may hold it open at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._reader: Reader | None = None
        self._queue: queue.SimpleQueue[_Unit | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._scanners = threading.local()
        self._open: list[sqlite3.Connection] = []
        self._memory: dict[Hashable, Any] = {}
        self._as_of: object = None

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
        self._open.append(connection)
        return connection

    def start(self) -> None:
        """Open the reader and start the writer."""
        self._reader = Reader(self.connect())
        # Connected here, so that what goes wrong is raised to whoever starts us rather than ending the thread.
        connection = self.connect()
        self._thread = threading.Thread(
            target=self._write_forever, args=(connection,), name="salvia-writer", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Finish what is queued and close every connection."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None
        for connection in self._open:
            connection.close()
        self._open.clear()
        self._scanners = threading.local()
        self._reader = None

    def read(self) -> Reader:
        """For reads by an index, on the calling thread."""
        if self._reader is None:
            raise RuntimeError("The database is not open.")
        return self._reader

    def recall(self, key: Hashable, find: Callable[[Reader], T]) -> T:
        """What `find` reads, remembered until anything is committed, here or in another process."""
        reader = self.read()
        version = reader.version()  # before the reading: what is read later is no older
        if version != self._as_of or len(self._memory) >= _REMEMBERED:
            self._memory.clear()
            self._as_of = version
        if key not in self._memory:
            self._memory[key] = find(reader)
        found: T = self._memory[key]
        return found

    async def scan(self, sql: str, parameters: Parameters | None = None) -> list[Row]:
        """Every row of a query that may be long, read on a thread."""
        return await asyncio.to_thread(self._scan, sql, parameters or {})

    def _scan(self, sql: str, parameters: Parameters) -> list[Row]:
        reader = getattr(self._scanners, "reader", None)
        if reader is None:
            reader = self._scanners.reader = Reader(self.connect())
        found: list[Row] = reader.all(sql, parameters)
        return found

    async def write(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` as one atomic unit; returns its result once the commit is durable.

        An exception undoes this unit alone and is raised here.
        """
        if self._thread is None:
            raise RuntimeError("The database is not open.")
        rider = RIDER.get()
        unit = _Unit(work if rider is None else _carrying(rider, work), asyncio.get_running_loop())
        self._queue.put(unit)
        result: T = await asyncio.shield(unit.future)
        return result

    def _write_forever(self, connection: sqlite3.Connection) -> None:
        transaction = Transaction(connection)
        while True:
            unit = self._queue.get()
            if unit is None:
                return
            group = [unit]
            stop = False
            try:
                connection.execute("BEGIN IMMEDIATE")
                self._apply(connection, transaction, unit)
                while len(group) < _GROUP:
                    try:
                        more = self._queue.get_nowait()
                    except queue.Empty:
                        break
                    if more is None:
                        stop = True
                        break
                    group.append(more)
                    self._apply(connection, transaction, more)
                connection.execute("COMMIT")
            except sqlite3.Error as error:
                _log.error("commit failed", extra={"event": "commit-failed", "cause": str(error)})
                with contextlib.suppress(sqlite3.Error):
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                for member in group:
                    member.error = member.error or error
            for member in group:
                member.settle()
            if stop:
                return

    @staticmethod
    def _apply(connection: sqlite3.Connection, transaction: Transaction, unit: _Unit) -> None:
        connection.execute("SAVEPOINT unit")
        try:
            unit.result = unit.work(transaction)
        except BaseException as error:
            unit.error = error
            connection.execute("ROLLBACK TO unit")
        connection.execute("RELEASE unit")


def _carrying(rider: Callable[[Transaction], None], work: Callable[[Transaction], T]) -> Callable[[Transaction], T]:
    def both(transaction: Transaction) -> T:
        result = work(transaction)
        rider(transaction)
        return result

    return both
