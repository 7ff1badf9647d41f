"""Names kept in memory say what the table says, whatever happens to it."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from salvia.store import documents, names
from salvia.store.db import Transaction
from salvia.store.documents import Document
from salvia.store.names import Place
from salvia.store.schema import upgrade
from salvia.store.sqlite import SqliteDatabase

PLACE = Place("Thing", "123456789012", "us-east-1")
LIKE = (
    "SELECT name FROM documents WHERE kind = :kind AND account = :account AND region = :region "
    "AND LOWER(name) LIKE :like"
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    upgrade(tmp_path / "salvia.db")
    return tmp_path / "salvia.db"


@pytest.fixture
def database(path: Path) -> Iterator[SqliteDatabase]:
    opened = SqliteDatabase(path)
    opened.start()
    yield opened
    opened.close()


@pytest.fixture
def make(database: SqliteDatabase, run: Callable[[Any], Any]) -> Callable[..., list[Document]]:
    """Create documents of these names, in one place or another."""

    def made(*wanted: str, place: Place = PLACE) -> list[Document]:
        new = [Document(**place._asdict(), name=name) for name in wanted]

        def insert(tx: Transaction) -> None:
            for document in new:
                documents.insert(tx, document)

        run(database.write(insert))
        return new

    return made


def in_table(database: SqliteDatabase, text: str) -> set[str]:
    """What the table itself says."""
    rows = database.read().all(LIKE, {**PLACE._asdict(), "like": f"%{text.lower()}%"})
    return {row["name"] for row in rows}


def test_finds_what_the_table_finds(
    database: SqliteDatabase, make: Callable[..., list[Document]], run: Callable[[Any], Any], monkeypatch: Any
) -> None:
    """Documents come and go, in this place and in others, and their numbers are given again; pieces are small."""
    monkeypatch.setattr(names, "_PIECE", 64)
    choice = random.Random(20)
    kept: list[Document] = []
    for step in range(120):
        fresh = [f"{choice.choice(['Row', 'job', 'ÄB'])}-{step}-{number}" for number in range(choice.randrange(4))]
        kept += make(*fresh, place=choice.choice([PLACE, PLACE, Place("Other", "", "")]))
        if kept and choice.random() < 0.4:
            last = -1 if choice.random() < 0.7 else choice.randrange(len(kept))
            gone = kept.pop(last)
            run(database.write(lambda tx, gone=gone: documents.delete(tx, gone.id)))
        if choice.random() < 0.7:
            text = choice.choice(["ROW-1", "b-", str(step), "-2", "no-such", "äb", "w-3"])
            found = run(database.names(PLACE, text))
            assert found is not None
            there = {document.name for document in kept if document.kind == "Thing"}
            assert set(found) & there == in_table(database, text), text


def test_a_vacuum_may_number_rows_anew(
    path: Path, database: SqliteDatabase, make: Callable[..., list[Document]], run: Callable[[Any], Any]
) -> None:
    """SQLite's documentation of VACUUM: rowids may change where no column is an INTEGER PRIMARY KEY."""
    first, *_ = make("a-1", "a-2", "a-3")
    assert sorted(run(database.names(PLACE, "a-"))) == ["a-1", "a-2", "a-3"]
    run(database.write(lambda tx: documents.delete(tx, first.id)))
    sqlite3.connect(path, isolation_level=None).execute("VACUUM")

    make("a-4")

    assert "a-4" in run(database.names(PLACE, "A-4"))


def test_many_names_are_for_the_table_to_find(
    database: SqliteDatabase, make: Callable[..., list[Document]], run: Callable[[Any], Any]
) -> None:
    make(*(f"many-{number}" for number in range(300)))

    assert run(database.names(PLACE, "many")) is None
    assert len(run(database.names(PLACE, "many-29"))) == 11


def test_a_name_of_two_lines_is_not_lost(
    database: SqliteDatabase, make: Callable[..., list[Document]], run: Callable[[Any], Any]
) -> None:
    make("one", "two\nlines")

    assert run(database.names(PLACE, "one")) is None


def test_more_names_than_are_kept_are_for_the_table_to_find(
    database: SqliteDatabase, make: Callable[..., list[Document]], run: Callable[[Any], Any], monkeypatch: Any
) -> None:
    monkeypatch.setattr(names, "_MOST_BYTES", 20)
    make("a-name-of-12", "another-one-")

    assert run(database.names(PLACE, "another")) is None
    make("a-third")
    assert run(database.names(PLACE, "third")) is None
