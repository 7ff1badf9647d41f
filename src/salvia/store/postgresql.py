"""PostgreSQL: gateways and controllers on several machines share one.

All writers take one advisory lock for the length of their transaction, as SQLite's BEGIN IMMEDIATE does: whoever
holds it sees what all before it committed, and nobody changes what it has read. Reads are not held up by it.

Reads are made on a few connections of the event loop, which does not stand still meanwhile (`bridge`). Where there
is no bridged task around a read (at the start, on a thread) it waits for a loop of its own on another thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

import asyncpg
import uvloop

from . import bridge
from .db import OURS, Database, Parameters, Reader, Row, Writer
from .named import numbered

T = TypeVar("T")
_log = logging.getLogger("salvia.store")
_LOCK = 7258  # the writers' advisory lock
_CHANNEL = "salvia"  # of hints
_READERS = 6  # connections of one event loop; PostgreSQL allows 100 altogether by default
_PATIENCE = 10.0  # seconds for a server that restarts
_SETTINGS = {
    "application_name": "salvia",
    # A writer that was stopped amid a transaction must not keep all the others waiting for ever.
    "lock_timeout": "30000",
    "idle_in_transaction_session_timeout": "10000",
    "default_transaction_isolation": "read committed",
    "synchronous_commit": "on",  # an acknowledged write is on the disk, whatever the server's default is
    "jit": "off",
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}
_BROKEN = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # its connection broke between two of its steps
    asyncpg.OperatorInterventionError,  # the server is shut down, or comes up again
    asyncpg.TooManyConnectionsError,
    OSError,
)


class CommitUnknown(Exception):
    """The connection broke while a write was committed: it is stored, or it is not."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__(
            f"The connection to PostgreSQL broke during a commit ({type(cause).__name__}: {cause}): what was to be "
            "written may be there or not. Look before you repeat it."
        )


async def connect(url: str) -> asyncpg.Connection:
    """A new connection, set up as every process must have it."""
    connection = await asyncpg.connect(
        url.replace("postgresql+asyncpg:", "postgresql:", 1),
        server_settings=_SETTINGS,
        statement_cache_size=512,
        max_cached_statement_lifetime=0,
    )
    # Sums of whole numbers are `numeric`, which has no limit; ours do.
    await connection.set_type_codec("numeric", encoder=str, decoder=_number, schema="pg_catalog", format="text")
    return connection


def _number(text: str) -> int | float:
    return int(text) if text.lstrip("-").isdigit() else float(text)


def _bound(sql: str, parameters: Parameters | None) -> tuple[Any, ...]:
    """The arguments of asyncpg's calls: the statement and its values."""
    text, names = numbered(sql)
    return (text, *(parameters[name] for name in names)) if parameters else (text,)


class _Pool:
    """The reading connections of the running event loop; they end before it does."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._room = asyncio.Semaphore(_READERS)
        self._free: list[asyncpg.Connection] = []
        self._loop = asyncio.get_running_loop()
        self._open = self._loop.create_task(self._stay())

    async def _stay(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            while self._free:
                self._free.pop().terminate()

    def close(self) -> None:
        """Let go of every connection; from any thread."""
        with contextlib.suppress(RuntimeError):  # its event loop was closed before
            self._loop.call_soon_threadsafe(self._open.cancel)

    async def ask(self, method: str, statement: tuple[Any, ...]) -> Any:
        """Call `method` of a connection. A read can be repeated, and is when the server was restarted meanwhile."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                return await self._ask(method, statement)
            except _BROKEN:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.1)

    async def _ask(self, method: str, statement: tuple[Any, ...]) -> Any:
        async with self._room:
            connection = await self._take()
            try:
                answer = await getattr(connection, method)(*statement)
            except asyncpg.PostgresError:
                self._free.append(connection)
                raise
            except BaseException:  # cancelled, say: the query may still run
                connection.terminate()
                raise
            self._free.append(connection)
            return answer

    async def _take(self) -> asyncpg.Connection:
        while self._free:
            connection = self._free.pop()
            if not connection.is_closed():
                return connection
        return await connect(self._url)


class _Reader(Reader):
    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database

    def one(self, sql: str, parameters: Parameters | None = None) -> Row | None:
        row: Row | None = self._database.ask("fetchrow", _bound(sql, parameters))
        return row

    def all(self, sql: str, parameters: Parameters | None = None) -> list[Row]:
        rows: list[Row] = self._database.ask("fetch", _bound(sql, parameters))
        return rows

    def now(self) -> float:
        return _now(self)


class _Writer(Writer):
    """Lives on the writer's thread, in a bridged task of a loop of its own.

    What brackets a unit is sent along with the next statement: it would double the round trips.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._open: asyncpg.Connection | None = None
        self._brackets: list[str] = []

    def one(self, sql: str, parameters: Parameters | None = None) -> Row | None:
        self._flush()
        row: Row | None = bridge.wait(self._connection.fetchrow(*_bound(sql, parameters)))
        return row

    def all(self, sql: str, parameters: Parameters | None = None) -> list[Row]:
        self._flush()
        rows: list[Row] = bridge.wait(self._connection.fetch(*_bound(sql, parameters)))
        return rows

    def now(self) -> float:
        return _now(self)

    def run(self, sql: str, parameters: Parameters | None = None) -> int:
        self._flush()
        tag: str = bridge.wait(self._connection.execute(*_bound(sql, parameters)))
        count = tag.rpartition(" ")[2]  # `UPDATE 3`, `INSERT 0 1`
        return int(count) if count.isdigit() else -1

    def many(self, sql: str, parameters: Sequence[Parameters]) -> None:
        self._flush()
        text, names = numbered(sql)
        bridge.wait(self._connection.executemany(text, [[values[name] for name in names] for values in parameters]))

    def tables(self) -> list[str]:
        rows = self.all("SELECT tablename::text AS name FROM pg_tables WHERE schemaname = current_schema()")
        return [row["name"] for row in rows if row["name"] not in OURS]

    @property
    def _connection(self) -> asyncpg.Connection:
        assert self._open is not None
        return self._open

    def begin(self) -> None:
        deadline = time.monotonic() + _PATIENCE
        self._brackets.clear()
        while True:
            try:
                if self._open is None or self._open.is_closed():
                    self._open = bridge.wait(connect(self._url))
                bridge.wait(self._connection.execute(f"BEGIN; SELECT pg_advisory_xact_lock({_LOCK})"))
                return
            except _BROKEN:
                self.rollback()
                if time.monotonic() > deadline:
                    raise
                bridge.wait(asyncio.sleep(0.1))

    def savepoint(self) -> None:
        self._brackets.append("SAVEPOINT unit")

    def undo(self) -> None:
        self._brackets.append("ROLLBACK TO unit")

    def release(self) -> None:
        self._brackets.append("RELEASE unit")

    def commit(self) -> None:
        self._flush()
        try:
            tag = bridge.wait(self._connection.execute("COMMIT"))
        except _BROKEN as error:
            raise CommitUnknown(error) from error
        if tag != "COMMIT":
            raise RuntimeError(f"PostgreSQL answered {tag} to COMMIT: nothing was written.")

    def rollback(self) -> None:
        """By letting the connection go: it may be amid anything."""
        if self._open is not None:
            self._open.terminate()

    def _flush(self) -> None:
        if self._brackets:
            brackets = "; ".join(self._brackets)
            self._brackets.clear()
            bridge.wait(self._connection.execute(brackets))


def _now(reader: Reader) -> float:
    row = reader.one("SELECT extract(epoch FROM clock_timestamp())::float8 AS now")
    assert row is not None
    moment: float = row["now"]
    return moment


class _Aside:
    """An event loop on a thread of its own, for those who have none or must not leave theirs."""

    def __init__(self) -> None:
        self._loop: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()
        self._thread = threading.Thread(target=self._run, name="salvia-reader", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        async def until_closed() -> None:
            closed = asyncio.Event()
            self._loop.set_result((asyncio.get_running_loop(), closed))
            await closed.wait()

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(until_closed())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """What `work` returns; the calling thread waits."""
        return asyncio.run_coroutine_threadsafe(work, self._loop.result()[0]).result()

    def close(self) -> None:
        loop, closed = self._loop.result()
        loop.call_soon_threadsafe(closed.set)
        self._thread.join()


class PostgresDatabase(Database):
    """A PostgreSQL database, by its URL."""

    group = 60  # beyond 64 subtransactions PostgreSQL keeps their states on disk

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url
        self._pools: dict[asyncio.AbstractEventLoop, _Pool] = {}
        self._aside: _Aside | None = None
        self._listening: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        self._aside = _Aside()
        try:
            self.ask("fetchrow", ("SELECT 1",))
        except BaseException:
            self.close()
            raise
        self._start_writing(self._write_alone)
        with contextlib.suppress(RuntimeError):  # nothing runs yet: whoever reads then waits
            asyncio.get_running_loop().set_task_factory(bridge.task)

    def _write_alone(self) -> None:
        async def forever() -> None:
            writer = _Writer(self._url)
            self._write_forever(writer)
            writer.rollback()

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.get_loop().set_task_factory(bridge.task)
            runner.run(forever())

    def close(self) -> None:
        self._end_writing()
        for task in self._listening:
            task.cancel()
        self._listening.clear()
        pools, self._pools = self._pools, {}
        for pool in pools.values():
            pool.close()
        if self._aside is not None:
            self._aside.close()
            self._aside = None

    def read(self) -> Reader:
        if self._aside is None:
            raise RuntimeError("The database is not open.")
        return _Reader(self)

    async def scan(self, sql: str, parameters: Parameters | None = None) -> list[Row]:
        rows: list[Row] = await self._ask("fetch", _bound(sql, parameters))
        return rows

    def ask(self, method: str, statement: tuple[Any, ...]) -> Any:
        """Read, from wherever: by leaving a bridged task alone meanwhile, else by waiting for another thread."""
        if bridge.inside():
            return bridge.wait(self._ask(method, statement))
        assert self._aside is not None
        return self._aside.run(self._ask(method, statement))

    async def _ask(self, method: str, statement: tuple[Any, ...]) -> Any:
        loop = asyncio.get_running_loop()
        pool = self._pools.get(loop)
        if pool is None:
            pool = self._pools[loop] = _Pool(self._url)
        return await pool.ask(method, statement)

    async def notify(self) -> None:
        """Wake whoever listens, on whichever machine."""
        await self._ask("execute", (f"NOTIFY {_CHANNEL}",))

    def listen(self, wake: Callable[[], None]) -> None:
        """Call `wake` on the running loop whenever somebody notifies, and when notifications may have been missed."""
        task = asyncio.get_running_loop().create_task(self._listen(wake))
        self._listening.add(task)
        task.add_done_callback(self._listening.discard)

    async def _listen(self, wake: Callable[[], None]) -> None:
        while True:
            with contextlib.suppress(*_BROKEN):
                connection = await connect(self._url)
                gone = asyncio.Event()
                connection.add_termination_listener(lambda _, gone=gone: gone.set())
                try:
                    await connection.add_listener(_CHANNEL, lambda *_: wake())
                    wake()
                    await gone.wait()
                finally:
                    connection.terminate()
            await asyncio.sleep(1.0)
