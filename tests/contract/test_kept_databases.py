"""A database of each released schema, migrated and read. See tools/keep-schema."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import asyncpg
import pytest
from tests import kept
from tests.conftest import Server, free_port
from tests.postgresql import Cluster

from salvia.store import schema

SCHEMAS = sorted((Path(__file__).parents[1] / "data" / "schemas").glob("*.sql"))


@pytest.fixture
def open_home(tmp_path: Path) -> Callable[..., Server]:
    """A server on a data directory that an earlier version left."""

    def make(*options: str) -> Server:
        return Server(tmp_path, free_port(), options)

    return make


@pytest.mark.parametrize("sql", SCHEMAS, ids=lambda sql: sql.stem)
def test_a_kept_database_is_migrated_and_readable(sql: Path, tmp_path: Path, open_home: Callable[..., Server]) -> None:
    """Promised: migrations go forward from every released version."""
    with closing(sqlite3.connect(tmp_path / "salvia.db")) as database:
        database.executescript(sql.read_text())
    server = open_home()
    server.up()
    try:
        kept.check(server)
    finally:
        server.down()
    assert schema.current(tmp_path / "salvia.db") == schema.HEAD


@pytest.mark.parametrize("sql", SCHEMAS, ids=lambda sql: sql.stem)
def test_so_is_one_on_postgresql(
    sql: Path, tmp_path: Path, open_home: Callable[..., Server], postgresql: Cluster
) -> None:
    """The same rows in the same schema there."""
    url = postgresql.url()
    schema.upgrade(url, to=sql.stem)
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript(sql.read_text())
        asyncio.run(copy(database, url))
    server = open_home("--database", url)
    server.up()
    try:
        kept.check(server)
    finally:
        server.down()
    assert schema.current(url) == schema.HEAD


async def copy(database: sqlite3.Connection, url: str) -> None:
    """Every row of every table, parents first."""
    connection = await asyncpg.connect(url)
    names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    for name in sorted(names, key=lambda name: name == "s3_parts"):
        rows = database.execute(f"SELECT * FROM {name}")
        if name != "alembic_version":
            columns = [column[0] for column in rows.description]
            await connection.copy_records_to_table(name, records=rows.fetchall(), columns=columns)
    await connection.close()


def test_a_database_of_a_later_version_is_refused_with_a_sentence(
    open_home: Callable[..., Server], postgresql: Cluster
) -> None:
    url = postgresql.url()
    schema.upgrade(url)
    postgresql.execute("UPDATE alembic_version SET version_num = '9999'", url.rpartition("/")[2])
    refused = open_home("--database", url).salvia("up", "--database", url, check=False)
    assert refused.returncode == 1
    assert "of no later version" in refused.stderr
    assert postgresql.password not in refused.stderr
