"""One writer thread, group commit: what SQLite and PostgreSQL have in common.

    write(work) ──▶ queue ──▶ writer thread: begin, alone among all writers of the database
                                 savepoint work₁ … savepoint workₙ   whatever has queued meanwhile
                              commit (one fsync) ──▶ every waiter resumes

One transaction writes at a time, whatever the database and however many processes there are: what a unit reads stays
true until it commits. A write returns after its commit is on the disk. Reads by an index are plain calls; what may be
long goes through `scan`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from .names import Place

T = TypeVar("T")
Parameters = Mapping[str, Any]

OURS = frozenset({"alembic_version", "gateways", "nodes", "secrets"})  # tables that hold no resources
_log = logging.getLogger("salvia.store")

# What is to be written with every unit of the task at hand, and only if the unit is: the audit trail's own note.
RIDER: ContextVar[Callable[[Transaction], None] | None] = ContextVar("rider", default=None)


@contextlib.contextmanager
def carrying(write: Callable[[Transaction], None] | None) -> Iterator[None]:
    """Let every unit of the block carry one more write, beside what rides along already; it may refuse by raising."""
    before = RIDER.get()
    token = RIDER.set(before if write is None else write if before is None else _carrying(before, write))
    try:
        yield
    finally:
        RIDER.reset(token)


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Let nothing ride along with the units of the block: they clean up after a unit that was refused."""
    token = RIDER.set(None)
    try:
        yield
    finally:
        RIDER.reset(token)


class Row(Protocol):
    """One row of an answer, its columns by name or position."""

    def __getitem__(self, column: str | int, /) -> Any: ...

    def __iter__(self) -> Iterator[Any]: ...

    def keys(self) -> Iterable[str]:
        """The names of its columns."""


class Reader(ABC):
    """Queries on one connection. SQL takes `:named` parameters and is portable between the databases."""

    @abstractmethod
    def one(self, sql: str, parameters: Parameters | None = None) -> Row | None:
        """The first row, or None."""

    @abstractmethod
    def all(self, sql: str, parameters: Parameters | None = None) -> list[Row]:
        """Every row."""

    @abstractmethod
    def now(self) -> float:
        """The database's own time, the same for whoever shares it; seconds since the epoch."""


class Transaction(Reader):
    """A unit of work: all of it becomes durable, or none."""

    @abstractmethod
    def run(self, sql: str, parameters: Parameters | None = None) -> int:
        """Execute a statement; returns the number of rows it changed."""

    @abstractmethod
    def many(self, sql: str, parameters: Sequence[Parameters]) -> None:
        """Execute a statement once for each of `parameters`."""

    @abstractmethod
    def tables(self) -> list[str]:
        """The names of all tables that hold resources."""


class Writer(Transaction):
    """The one connection that writes, and the brackets of its group commits."""

    @abstractmethod
    def begin(self) -> None:
        """Begin a transaction, once no other process is in one. Connects again where that is needed."""

    @abstractmethod
    def savepoint(self) -> None:
        """Begin a unit."""

    @abstractmethod
    def undo(self) -> None:
        """Take back what the unit has done so far."""

    @abstractmethod
    def release(self) -> None:
        """End the unit."""

    @abstractmethod
    def commit(self) -> None:
        """Make the transaction durable. When this raises, what became of it is not known."""

    @abstractmethod
    def rollback(self) -> None:
        """Give the transaction up."""


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


class Database(ABC):
    """A database that several processes may have open at once."""

    group = 128  # how many units share a commit at most; beyond it the first would wait too long
    inline = False  # whether reads take microseconds anywhere, and `recall` remembers

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[_Unit | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    @abstractmethod
    def start(self) -> None:
        """Connect, and start the writer. Raises what goes wrong, rather than ending a thread."""

    @abstractmethod
    def close(self) -> None:
        """Finish what is queued and close every connection."""

    @abstractmethod
    def read(self) -> Reader:
        """For reads by an index, as plain calls."""

    @abstractmethod
    async def scan(self, sql: str, parameters: Parameters | None = None) -> list[Row]:
        """Every row of a query that may be long; others go on meanwhile."""

    async def names(self, place: Place, text: str) -> list[str] | None:
        """The names of a place's documents that contain `text`, whatever its case; None: only a scan can tell.

        Some may be of documents that are gone.
        """
        return None

    def recall(self, key: Hashable, find: Callable[[Reader], T]) -> T:
        """What `find` reads; it may be remembered as long as nobody, here or elsewhere, can have changed it."""
        return find(self.read())

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

    def _start_writing(self, forever: Callable[[], None]) -> None:
        self._thread = threading.Thread(target=forever, name="salvia-writer", daemon=True)
        self._thread.start()

    def _end_writing(self) -> None:
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None

    def _write_forever(self, writer: Writer) -> None:
        while True:
            unit = self._queue.get()
            if unit is None:
                return
            group = [unit]
            stop = False
            try:
                writer.begin()
                _apply(writer, unit)
                while len(group) < self.group:
                    try:
                        more = self._queue.get_nowait()
                    except queue.Empty:
                        break
                    if more is None:
                        stop = True
                        break
                    group.append(more)
                    _apply(writer, more)
                writer.commit()
            except Exception as error:
                _log.error(
                    "commit failed", extra={"event": "commit-failed", "cause": f"{type(error).__name__}: {error}"}
                )
                with contextlib.suppress(Exception):
                    writer.rollback()
                for member in group:
                    member.error = member.error or error
            for member in group:
                member.settle()
            if stop:
                return


def _apply(writer: Writer, unit: _Unit) -> None:
    writer.savepoint()
    try:
        unit.result = unit.work(writer)
    except BaseException as error:
        unit.error = error
        writer.undo()
    writer.release()


def _carrying(rider: Callable[[Transaction], None], work: Callable[[Transaction], T]) -> Callable[[Transaction], T]:
    def both(transaction: Transaction) -> T:
        result = work(transaction)
        rider(transaction)
        return result

    return both
