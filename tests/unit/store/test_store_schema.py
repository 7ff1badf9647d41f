"""Migrations: from nothing to the schema that the tables declare."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import create_async_engine
from tests.postgresql import Cluster

from salvia.store import alchemy, creation, metadata, schema
from salvia.store.postgresql import PostgresDatabase

MIGRATE = [sys.executable, "-c", "import os; from salvia.store.schema import upgrade; upgrade(os.environ['URL'])"]


def test_head_is_the_newest_migration() -> None:
    """`upgrade` compares with HEAD before it imports Alembic: a migration forgotten there would never be applied."""
    scripts = ScriptDirectory(str(Path(schema.__file__).parent / "migrations"))
    assert scripts.get_heads() == [schema.HEAD]


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_what_makes_a_new_database_is_written_down(dialect: str) -> None:
    """A first start reads it: tools/schema writes it anew after each change of a table."""
    assert (creation.DATA / f"{dialect}.sql").read_text() == alchemy.script(dialect)


def differences(connection: sqlalchemy.Connection) -> list[object]:
    metadata.load()
    return list(compare_metadata(MigrationContext.configure(connection), metadata.METADATA))


@pytest.mark.parametrize("first", ["0001", schema.HEAD], ids=["migrated", "new"])
def test_the_schema_is_the_declared_one(tmp_path: Path, first: str) -> None:
    """Of a database that went through every version, and of one that never saw an older."""
    schema.upgrade(tmp_path / "salvia.db", first)
    schema.upgrade(tmp_path / "salvia.db")
    engine = sqlalchemy.create_engine(f"sqlite:///{tmp_path}/salvia.db")
    with engine.connect() as connection:
        found = differences(connection)
    engine.dispose()
    assert found == []


@pytest.mark.parametrize("first", ["0001", schema.HEAD], ids=["migrated", "new"])
def test_so_it_is_on_postgresql(postgresql: Cluster, run: Callable[[Any], Any], first: str) -> None:
    url = postgresql.url()
    schema.upgrade(url, first)
    schema.upgrade(url)

    async def compare() -> list[object]:
        engine = create_async_engine(url.replace(":", "+asyncpg:", 1))
        async with engine.connect() as connection:
            found = await connection.run_sync(differences)
        await engine.dispose()
        return found

    assert run(compare()) == []


def test_text_compares_by_its_bytes_whatever_the_locale(postgresql: Cluster, run: Callable[[Any], Any]) -> None:
    """As in SQLite: listings and their tokens depend on no server's collation."""
    postgresql.execute("CREATE DATABASE locale LOCALE_PROVIDER icu ICU_LOCALE 'en-US' TEMPLATE template0")
    schema.upgrade(postgresql.at("locale"))
    database = PostgresDatabase(postgresql.at("locale"))
    database.start()
    sql = "INSERT INTO nodes (id, seen_at) VALUES (:id, 0)"
    run(database.write(lambda tx: tx.many(sql, [{"id": name} for name in ("b", "a", "B", "_", "é")])))
    found = [row["id"] for row in database.read().all("SELECT id FROM nodes ORDER BY id")]
    database.close()
    assert found == ["B", "_", "a", "b", "é"]


def test_replicas_that_start_at_once_migrate_once(postgresql: Cluster) -> None:
    url = postgresql.url()
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: subprocess.run(MIGRATE, env={**os.environ, "URL": url}, check=True), range(3)))
    assert schema.current(url) == schema.HEAD


def test_upgrading_is_repeatable_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "100% new" / "salvia.db"
    assert schema.current(path) is None
    schema.upgrade(path)
    schema.upgrade(path)
    assert schema.current(path) == schema.HEAD
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_migration_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    """Else a server killed at its first start would find tables there for ever after."""
    path = tmp_path / "salvia.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE s3_parts (in_the_way TEXT)")
    with pytest.raises(sqlite3.OperationalError, match="s3_parts already exists"):
        schema.upgrade(path)
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    assert {name for (name,) in names} <= {"s3_parts", "alembic_version"}
    connection.execute("DROP TABLE s3_parts")
    connection.close()
    schema.upgrade(path)
    assert schema.current(path) == schema.HEAD
