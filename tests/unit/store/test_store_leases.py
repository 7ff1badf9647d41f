"""Leases: who works on what. Expectations: the docstrings of store/leases."""

from __future__ import annotations

import asyncio
import contextlib
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from salvia.store import documents, leases, schema
from salvia.store.db import Database
from salvia.store.documents import Conflict, Document

Run = Callable[[Any], Any]


def put(database: Database, run: Run, name: str = "a", due_at: float | None = 0.0) -> Document:
    made = Document("sagemaker:Thing", "1", "r", name, due_at=due_at)
    run(database.write(lambda tx: documents.insert(tx, made)))
    return made


def claim(database: Database, run: Run, now: float = 10, limit: int = 10) -> list[Document]:
    found: list[Document] = run(database.write(lambda tx: leases.claim(tx, now, 15, limit)))
    return found


def test_a_document_is_claimed_by_one_of_two_controllers(open_database: Callable[[], Database], run: Run) -> None:
    one, two = open_database(), open_database()
    for number in range(40):
        put(one, run, f"{number}")

    async def scene() -> list[list[Document]]:
        return await asyncio.gather(
            *(db.write(lambda tx: leases.claim(tx, 10, 15, 7)) for _ in range(4) for db in (one, two))
        )

    claimed = [found.name for group in run(scene()) for found in group]
    assert sorted(claimed, key=int) == [f"{n}" for n in range(40)]


def test_a_dead_worker_s_leases_are_given_up_by_name(database: Database, run: Run) -> None:
    """No other worker's are: its documents stay leased."""
    for name in "abc":
        put(database, run, name)
    for worker in ("worker-1", "worker-2"):
        [claimed] = run(database.write(lambda tx, worker=worker: leases.claim(tx, 10, 15, 1, "", worker)))
        assert claimed.lock_token.startswith(worker)
        assert len(claimed.lock_token) == 36
    run(database.write(lambda tx: leases.abandon(tx, "worker-1")))
    assert len(claim(database, run)) == 2
    run(database.write(lambda tx: leases.abandon(tx, "worker-2")))
    assert len(claim(database, run)) == 1


def test_what_is_not_due_is_not_claimed(database: Database, run: Run) -> None:
    put(database, run, "later", 11.0)
    put(database, run, "never", None)
    assert claim(database, run, now=10) == []
    assert leases.next_due(database.read(), 10) == 11.0
    assert [found.name for found in claim(database, run, now=11)] == ["later"]
    assert leases.next_due(database.read(), 11) is None


def test_the_longest_due_are_claimed_first(database: Database, run: Run) -> None:
    for name, due in (("b", 2.0), ("a", 1.0), ("c", 3.0)):
        put(database, run, name, due)
    assert {found.name for found in claim(database, run, limit=2)} == {"a", "b"}


def test_a_renewed_lease_is_kept_and_an_expired_one_taken_over(open_database: Callable[[], Database], run: Run) -> None:
    one, two = open_database(), open_database()
    put(one, run)
    (mine,) = claim(one, run, now=10)
    assert claim(two, run, now=24) == []
    assert run(one.write(lambda tx: leases.renew(tx, mine, 40))) is True
    assert claim(two, run, now=26) == []
    (theirs,) = claim(two, run, now=41)
    assert run(one.write(lambda tx: leases.renew(tx, mine, 60))) is False
    mine.state = "Mine"
    with pytest.raises(Conflict):
        run(one.write(lambda tx: leases.write_back(tx, mine)))
    with pytest.raises(Conflict):
        run(one.write(lambda tx: leases.keep(tx, mine)))
    theirs.state, theirs.due_at = "Theirs", None
    run(two.write(lambda tx: leases.write_back(tx, theirs)))
    assert documents.by_id(one.read(), mine.id).state == "Theirs"  # type: ignore[union-attr]


def test_releasing_a_lost_lease_does_not_release_the_new_one(database: Database, run: Run) -> None:
    put(database, run)
    (mine,) = claim(database, run, now=10)
    claim(database, run, now=30)
    run(database.write(lambda tx: leases.release(tx, mine)))
    assert claim(database, run, now=31) == []


def test_a_wake_during_work_makes_write_back_a_conflict_and_the_document_due_again(
    database: Database, run: Run
) -> None:
    put(database, run)
    (mine,) = claim(database, run, now=10)
    run(database.write(lambda tx: leases.wake(tx, mine.id, 12)))
    mine.due_at = None
    with pytest.raises(Conflict):
        run(database.write(lambda tx: leases.write_back(tx, mine)))
    run(database.write(lambda tx: leases.release(tx, mine)))
    assert [found.id for found in claim(database, run, now=12)] == [mine.id]


def test_an_intermediate_state_is_kept_under_the_lease(database: Database, run: Run) -> None:
    put(database, run)
    (mine,) = claim(database, run, now=10)
    mine.state = "Half"
    run(database.write(lambda tx: leases.keep(tx, mine)))
    assert claim(database, run, now=11) == []
    mine.state, mine.due_at = "Whole", None
    run(database.write(lambda tx: leases.write_back(tx, mine)))
    assert documents.by_id(database.read(), mine.id).state == "Whole"  # type: ignore[union-attr]


def test_no_statement_of_leasing_looks_through_every_document(tmp_path: Path) -> None:
    """A hundred thousand jobs at rest must cost those at work nothing."""
    schema.upgrade(tmp_path / "salvia.db")
    with contextlib.closing(sqlite3.connect(tmp_path / "salvia.db")) as connection:
        for name, sql in vars(leases).items():
            if isinstance(sql, str) and sql.lstrip().startswith(("SELECT", "UPDATE")):
                values = dict.fromkeys(re.findall(r":(\w+)", sql), 1)
                plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
                assert not any(step.startswith("SCAN documents") for step in plan), (name, plan)
