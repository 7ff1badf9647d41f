"""What is remembered is forgotten by every commit that may have changed it, and by no other."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from salvia.store import documents, leases
from salvia.store.db import Reader
from salvia.store.documents import Document
from salvia.store.remembered import changed_by
from salvia.store.schema import upgrade
from salvia.store.sqlite import SqliteDatabase


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[SqliteDatabase, SqliteDatabase]]:
    """The same file, as two processes have it open."""
    path = tmp_path / "salvia.db"
    upgrade(path)
    both = SqliteDatabase(path), SqliteDatabase(path)
    for each in both:
        each.start()
    yield both
    for each in both:
        each.close()


def _document(kind: str, name: str) -> Document:
    return Document(kind=kind, account="1", region="", name=name, arn=f"arn:{name}", spec={"n": 0}, due_at=0.0)


def test_a_change_of_an_identity_is_seen_at_once_in_every_process(two: tuple[SqliteDatabase, SqliteDatabase]) -> None:
    here, there = two
    role = _document("iam:Role", "r")

    async def play() -> list[object]:
        await here.write(lambda tx: documents.insert(tx, role))
        seen = []
        for n in range(3):
            seen += [
                db.recall("role", lambda reader: documents.by_arn(reader, "arn:r").spec["n"])  # type: ignore[union-attr]
                for db in two
            ]
            role.spec["n"] = n + 1
            await there.write(lambda tx: documents.update(tx, role))
        return seen

    assert asyncio.run(play()) == [0, 0, 1, 1, 2, 2]


def test_what_jobs_do_makes_nobody_forget(two: tuple[SqliteDatabase, SqliteDatabase]) -> None:
    here, there = two
    reads = []

    async def play() -> None:
        job = _document("sagemaker:TrainingJob", "j")
        here.recall("key", lambda reader: reads.append(1))
        await there.write(lambda tx: documents.insert(tx, job))
        [claimed] = await there.write(lambda tx: leases.claim(tx, tx.now(), 15, 10))
        await there.write(lambda tx: leases.renew(tx, claimed, 99.0))
        await there.write(lambda tx: leases.write_back(tx, claimed))
        await there.write(lambda tx: leases.wake(tx, job.id, 1.0))
        here.recall("key", lambda reader: reads.append(1))

    asyncio.run(play())
    assert reads == [1]


_KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from salvia.store import documents
from salvia.store.age import Age
from salvia.store.sqlite import SqliteDatabase
setattr(Age, sys.argv[2], lambda self: os.kill(os.getpid(), signal.SIGKILL))
db = SqliteDatabase(Path(sys.argv[1]))
db.start()
role = documents.by_arn(db.read(), "arn:r")
role.spec["n"] = 1
asyncio.run(db.write(lambda tx: documents.update(tx, role)))
"""


@pytest.mark.parametrize(("at", "stored"), [("begin", 0), ("end", 1)])
def test_a_process_killed_amid_its_commit_leaves_nobody_with_what_was(
    two: tuple[SqliteDatabase, SqliteDatabase], at: str, stored: int
) -> None:
    """Whether its commit is durable or not: `kill -9` before and after it."""
    here, there = two

    def told() -> object:
        return here.recall("role", lambda reader: documents.by_arn(reader, "arn:r").spec["n"])  # type: ignore[union-attr]

    asyncio.run(there.write(lambda tx: documents.insert(tx, _document("iam:Role", "r"))))
    assert told() == 0
    killed = subprocess.run([sys.executable, "-c", _KILLED, str(here.path), at], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert told() == told() == stored
    job = _document("sagemaker:TrainingJob", "j")
    asyncio.run(there.write(lambda tx: documents.insert(tx, job)))  # what is quiet settles it, too
    reads: list[int] = []
    for _ in range(2):
        here.recall("key", lambda reader: reads.append(1))
    assert (told(), reads) == (stored, [1])


def test_what_is_forgotten_while_it_is_read_is_not_remembered(two: tuple[SqliteDatabase, SqliteDatabase]) -> None:
    """A permission is read in several steps, and may be taken between two of them."""
    here, there = two

    def twice(reader: Reader) -> object:
        first = documents.by_arn(reader, "arn:r").spec["n"]  # type: ignore[union-attr]
        role.spec["n"] += 1
        asyncio.run(there.write(lambda tx: documents.update(tx, role)))
        here.recall("another", lambda reader: None)
        return first

    role = _document("iam:Role", "r")
    asyncio.run(there.write(lambda tx: documents.insert(tx, role)))
    assert [here.recall("role", twice) for _ in range(3)] == [0, 1, 2]


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO iam_keys (id) VALUES (:id)",
        "UPDATE documents SET name = :name, version = version + 1 WHERE id = :id",
        "DELETE FROM documents WHERE id = :id",
        "DELETE FROM a_table_of_tomorrow",
        "WITH x AS (SELECT 1) DELETE FROM events",
        "PRAGMA writable_schema = 1",
    ],
)
def test_what_is_not_known_to_be_harmless_counts(sql: str) -> None:
    assert changed_by(sql, {"id": "1", "kind": "iam:Role"})
