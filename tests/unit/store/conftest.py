"""A database with the schema, of either kind, and loops to use it from."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from salvia.store import engine
from salvia.store.db import Database
from salvia.store.schema import upgrade


@pytest.fixture(params=["sqlite", "postgresql"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Where an empty database is, or may be."""
    if request.param == "sqlite":
        return tmp_path / "salvia.db"
    url: str = request.getfixturevalue("postgresql").url()
    return url


@pytest.fixture
def open_database(location: Path | str) -> Iterator[Callable[[], Database]]:
    """Open the database once more, as another process would."""
    upgrade(location)
    opened: list[Database] = []

    def again() -> Database:
        database = engine.database(location)
        database.start()
        opened.append(database)
        return database

    yield again
    for database in opened:
        database.close()


@pytest.fixture
def database(open_database: Callable[[], Database]) -> Database:
    return open_database()


@pytest.fixture
def run() -> Iterator[Callable[[Any], Any]]:
    with asyncio.Runner() as runner:
        yield runner.run
