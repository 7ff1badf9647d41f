"""Migrations: from nothing to the schema that the tables declare."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from salvia.store import metadata, schema


def test_head_is_the_newest_migration() -> None:
    """`upgrade` compares with HEAD before it imports Alembic: a migration forgotten there would never be applied."""
    scripts = ScriptDirectory(str(Path(schema.__file__).parent / "migrations"))
    assert scripts.get_heads() == [schema.HEAD]


def test_the_migrated_schema_is_the_declared_one(tmp_path: Path) -> None:
    schema.upgrade(tmp_path / "salvia.db")
    metadata.load()
    engine = sqlalchemy.create_engine(f"sqlite:///{tmp_path}/salvia.db")
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata.METADATA)
    engine.dispose()
    assert differences == []


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
    with pytest.raises(sqlalchemy.exc.OperationalError):
        schema.upgrade(path)
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    assert {name for (name,) in names} <= {"s3_parts", "alembic_version"}
    connection.execute("DROP TABLE s3_parts")
    connection.close()
    schema.upgrade(path)
    assert schema.current(path) == schema.HEAD
