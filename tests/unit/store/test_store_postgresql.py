"""What PostgreSQL adds: other writers, a network, a server that goes and comes. See store/postgresql."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from tests.postgresql import Cluster

from salvia.settings import Settings
from salvia.store.db import Transaction
from salvia.store.postgresql import CommitUnknown, PostgresDatabase
from salvia.store.schema import upgrade

Run = Callable[[Any], Any]
COUNT = "SELECT COUNT(*) AS n, SUM(seen_at) AS total FROM nodes"


@pytest.fixture
def url(postgresql: Cluster) -> str:
    url = postgresql.url()
    upgrade(url)
    return url


@pytest.fixture
def opened(url: str) -> Iterator[Callable[[], PostgresDatabase]]:
    databases: list[PostgresDatabase] = []

    def again() -> PostgresDatabase:
        database = PostgresDatabase(url)
        database.start()
        databases.append(database)
        return database

    yield again
    for database in databases:
        database.close()


def put(name: str) -> Callable[[Transaction], int]:
    return lambda tx: tx.run("INSERT INTO nodes (id, seen_at) VALUES (:id, 0)", {"id": name})


def test_what_a_unit_read_is_still_true_when_it_writes(opened: Callable[[], PostgresDatabase], run: Run) -> None:
    """Two writers that read a number and write its successor: under READ COMMITTED alone, some would be lost."""
    databases = opened(), opened()
    run(databases[0].write(put("counter")))

    def add(tx: Transaction) -> None:
        row = tx.one("SELECT seen_at FROM nodes WHERE id = 'counter'")
        assert row is not None
        tx.run("UPDATE nodes SET seen_at = :n WHERE id = 'counter'", {"n": row["seen_at"] + 1})

    async def scene() -> None:
        async def one(database: PostgresDatabase) -> None:
            for _ in range(60):
                await database.write(add)

        await asyncio.gather(*(one(database) for database in databases for _ in range(3)))

    run(scene())
    assert databases[0].read().one(COUNT)["total"] == 360  # type: ignore[index]


def test_a_read_leaves_the_loop_to_others(opened: Callable[[], PostgresDatabase], run: Run) -> None:
    """Promised: nothing blocks the event loop."""

    async def scene() -> int:
        database = opened()
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0.01)
                ticks += 1

        async def read() -> None:
            database.read().one("SELECT pg_sleep(0.5)")

        ticking = asyncio.create_task(tick())
        await asyncio.create_task(read())
        ticking.cancel()
        return ticks

    assert run(scene()) > 20


def test_reads_work_wherever_they_are_made(opened: Callable[[], PostgresDatabase], run: Run) -> None:
    """Before any loop, in a coroutine that no task factory saw, on a thread, amid a write."""
    database = opened()
    assert database.read().one("SELECT 1 AS n")["n"] == 1  # type: ignore[index]

    async def scene() -> list[Any]:
        inline = database.read().one("SELECT 2 AS n")
        thread = await asyncio.to_thread(lambda: database.read().one("SELECT 3 AS n"))
        write = await database.write(lambda tx: database.read().one("SELECT 4 AS n"))
        return [row["n"] for row in (inline, thread, write) if row]

    assert run(scene()) == [2, 3, 4]


def test_a_cancelled_read_leaves_no_broken_connection(opened: Callable[[], PostgresDatabase], run: Run) -> None:
    async def scene() -> list[Any]:
        database = opened()

        async def read(sql: str) -> Any:
            return database.read().one(sql)

        slow = [asyncio.create_task(read("SELECT pg_sleep(30)")) for _ in range(12)]
        await asyncio.sleep(0.2)
        for task in slow:
            task.cancel()
        ended = await asyncio.gather(*slow, return_exceptions=True)
        assert all(isinstance(error, asyncio.CancelledError) for error in ended)
        rows = await asyncio.gather(*(asyncio.create_task(read("SELECT 1 AS n")) for _ in range(20)))
        return [row["n"] for row in rows]

    assert run(scene()) == [1] * 20


def test_a_refused_read_is_raised_and_harms_no_other(opened: Callable[[], PostgresDatabase], run: Run) -> None:
    database = opened()
    with pytest.raises(asyncpg.UndefinedTableError):
        database.read().one("SELECT * FROM nowhere")
    assert database.read().one("SELECT 1 AS n")["n"] == 1  # type: ignore[index]


def test_a_commit_whose_fate_is_unknown_is_an_error(
    opened: Callable[[], PostgresDatabase], run: Run, url: str, postgresql: Cluster
) -> None:
    """The connection breaks while the server commits: said, and never repeated in silence."""
    name = url.rpartition("/")[2]
    postgresql.execute(
        "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN IF NEW.id = 'deadly' THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; RETURN NEW; END $$",
        name,
    )
    postgresql.execute(
        "CREATE CONSTRAINT TRIGGER die AFTER INSERT ON nodes DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION die()",
        name,
    )
    database = opened()
    with pytest.raises(CommitUnknown, match="may be there or not"):
        run(database.write(put("deadly")))
    assert run(database.write(put("next"))) == 1
    assert [row["id"] for row in database.read().all("SELECT id FROM nodes")] == ["next"]


def test_a_connection_that_breaks_amid_a_unit_writes_nothing(opened: Callable[[], PostgresDatabase], run: Run) -> None:
    database = opened()

    def broken(tx: Transaction) -> None:
        put("half")(tx)
        tx.run("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        run(database.write(broken))
    assert run(database.write(put("whole"))) == 1
    assert database.read().one(COUNT)["n"] == 1  # type: ignore[index]


def test_a_writer_that_hangs_is_not_waited_for_for_ever(
    opened: Callable[[], PostgresDatabase], run: Run, url: str
) -> None:
    """One that was stopped amid its transaction loses it after ten seconds; the others go on."""
    one, two = opened(), opened()

    def hang(tx: Transaction) -> None:
        put("hung")(tx)
        time.sleep(14)
        put("late")(tx)

    async def scene() -> tuple[Any, Any, float]:
        hanging = asyncio.ensure_future(one.write(hang))
        await asyncio.sleep(0.5)
        begun = time.monotonic()
        wrote = await two.write(put("other"))
        waited = time.monotonic() - begun
        return (await asyncio.gather(hanging, return_exceptions=True))[0], wrote, waited

    hung, wrote, waited = run(scene())
    assert isinstance(hung, Exception)
    assert wrote == 1
    assert waited < 13
    assert [row["id"] for row in two.read().all("SELECT id FROM nodes")] == ["other"]


def test_a_unix_socket_and_sqlalchemys_scheme_will_do(url: str, postgresql: Cluster) -> None:
    for other in (
        url.replace("postgresql:", "postgresql+asyncpg:"),
        f"postgresql://salvia:{postgresql.password}@/{url.rpartition('/')[2]}?host={postgresql.folder}"
        f"&port={postgresql.port}",
    ):
        database = PostgresDatabase(other)
        database.start()
        assert database.read().one("SELECT current_database()::text AS name")["name"] in url  # type: ignore[index]
        database.close()


def test_a_server_that_is_not_there_is_said_at_the_start() -> None:
    database = PostgresDatabase("postgresql://nobody:secret@127.0.0.1:1/none")
    with pytest.raises(OSError, match="refused"):
        database.start()


@pytest.mark.parametrize(
    ("database", "shown"),
    [
        ("postgresql://ann:secret@db.example:5433/ml", "postgresql://ann@db.example:5433/ml"),
        ("postgresql+asyncpg://ann:secret@db/ml?password=secret", "postgresql://ann@db/ml"),
        ("postgresql://ann:secret@/ml?host=/run/postgresql", "postgresql://ann@/ml on /run/postgresql"),
        ("sqlite:////data/x.db", "sqlite:////data/x.db"),
        ("", "sqlite:////home/salvia.db"),
    ],
)
def test_people_see_the_database_without_its_password(database: str, shown: str) -> None:
    settings = Settings(Path("/home"), database=database)
    assert settings.shown_database == shown
    assert "secret" not in repr(settings)
