"""A database file with the schema, and loops to use it from."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from salvia.store.db import Database
from salvia.store.schema import upgrade


@pytest.fixture
def open_database(tmp_path: Path) -> Iterator[Callable[[], Database]]:
    """Open the file once more, as another process would."""
    upgrade(tmp_path / "salvia.db")
    opened: list[Database] = []

    def again() -> Database:
        database = Database(tmp_path / "salvia.db")
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
