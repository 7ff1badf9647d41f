"""The one writer: atomic units, group commit, several processes on one file. See store/db."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from salvia.store.db import Database, Transaction, alone, carrying
from salvia.store.sqlite import SqliteDatabase

Run = Callable[[Any], Any]
COUNT = "SELECT COUNT(*) AS n FROM metrics"


def add(name: str) -> Callable[[Transaction], str]:
    def work(tx: Transaction) -> str:
        tx.run(
            "INSERT INTO metrics (id, account, region, namespace, name, dimensions, last_at) "
            "VALUES (:name, '1', 'r', 'n', :name, '', 0)",
            {"name": name},
        )
        return name

    return work


def test_a_unit_that_raises_undoes_itself_alone(database: Database, run: Run) -> None:
    def fail(tx: Transaction) -> None:
        add("undone")(tx)
        raise LookupError("no")

    async def scene() -> list[Any]:
        return await asyncio.gather(
            *(database.write(work) for work in (add("a"), fail, add("b"), add("a"))), return_exceptions=True
        )

    a, failed, b, duplicate = run(scene())
    assert (a, b) == ("a", "b")
    assert isinstance(failed, LookupError)
    assert isinstance(duplicate, sqlite3.IntegrityError | asyncpg.UniqueViolationError)
    assert [row["name"] for row in database.read().all("SELECT name FROM metrics ORDER BY name")] == [
        "a",
        "b",
    ]


def test_what_was_written_is_durable_and_readable_once_write_returns(
    open_database: Callable[[], Database], run: Run
) -> None:
    writer, other = open_database(), open_database()
    run(writer.write(add("a")))
    assert other.read().one(COUNT)["n"] == 1  # type: ignore[index]


def test_units_that_queue_meanwhile_share_a_commit(database: Database, run: Run) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def first(tx: Transaction) -> bool:
        begun.set()
        return go_on.wait(10)

    async def scene() -> list[int]:
        waiting = [asyncio.ensure_future(database.write(first))]
        await asyncio.to_thread(begun.wait, 10)
        seen = [
            asyncio.ensure_future(database.write(lambda tx, n=n: (add(f"{n}")(tx), database.read().one(COUNT)["n"])[1]))  # type: ignore[misc, index]
            for n in range(20)
        ]
        await asyncio.sleep(0)
        go_on.set()
        await asyncio.gather(*waiting)
        return await asyncio.gather(*seen)

    assert run(scene()) == [0] * 20, "none of them was committed before the last had run"


def test_two_processes_write_concurrently_and_lose_nothing(open_database: Callable[[], Database], run: Run) -> None:
    one, two = open_database(), open_database()

    async def scene() -> None:
        await asyncio.gather(*(db.write(add(f"{n}-{id(db)}")) for n in range(200) for db in (one, two)))

    run(scene())
    assert one.read().one(COUNT)["n"] == 400  # type: ignore[index]


def test_close_finishes_what_is_queued(open_database: Callable[[], Database], run: Run) -> None:
    database, other = open_database(), open_database()

    async def scene() -> None:
        tasks = [asyncio.ensure_future(database.write(add(f"{n}"))) for n in range(300)]
        await asyncio.sleep(0)
        await asyncio.to_thread(database.close)
        await asyncio.gather(*tasks)

    run(scene())
    assert other.read().one(COUNT)["n"] == 300  # type: ignore[index]


def test_a_write_after_close_is_refused_rather_than_waiting_for_ever(database: Database, run: Run) -> None:
    database.close()
    with pytest.raises(RuntimeError, match="not open"):
        run(database.write(add("late")))
    with pytest.raises(RuntimeError, match="not open"):
        database.read()


def test_a_closed_database_can_be_opened_again(database: Database, run: Run) -> None:
    assert run(database.scan(COUNT))[0]["n"] == 0
    database.close()
    database.start()
    run(database.write(add("a")))
    assert run(database.scan(COUNT))[0]["n"] == 1


def test_a_file_that_is_no_database_is_refused_at_the_start(tmp_path: Path) -> None:
    """And not by a writer thread that is gone, for which every write would wait."""
    (tmp_path / "x.db").write_text("this is no database, but long enough to be looked at" * 10)
    database = SqliteDatabase(tmp_path / "x.db")
    with pytest.raises(sqlite3.DatabaseError):
        database.start()
    database.close()


def test_whoever_stops_waiting_does_not_undo_the_write(database: Database, run: Run) -> None:
    async def scene() -> None:
        task = asyncio.ensure_future(database.write(add("kept")))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await database.write(add("after"))

    run(scene())
    assert database.read().one(COUNT)["n"] == 2  # type: ignore[index]


def test_what_rides_along_is_written_with_each_unit_or_undoes_it(database: Database, run: Run) -> None:
    """Several may ride; a unit that cleans up after a refusal goes alone."""

    def refuse(tx: Transaction) -> None:
        add("undone")(tx)
        raise LookupError("no")

    async def scene() -> None:
        with carrying(add("inner")), carrying(None), carrying(add("outer")):
            await database.write(add("a"))
        with carrying(refuse):
            with pytest.raises(LookupError):
                await database.write(add("b"))
            with alone():
                await database.write(add("c"))
        await database.write(add("d"))

    run(scene())
    names = [row["name"] for row in database.read().all("SELECT name FROM metrics ORDER BY name")]
    assert names == ["a", "c", "d", "inner", "outer"]
