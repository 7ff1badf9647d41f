"""A new database gets the newest schema at once, without a step for each version that ever was.

What SQLAlchemy must be told for either way, this one or Alembic's (`migrations/env.py`), is told here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, NullPool, String, Text, create_engine, event, inspect, text
from sqlalchemy.ext.compiler import compiles

from .metadata import METADATA, load

_LOCK = 7259  # held by the one replica that makes or changes the schema
_VERSION = "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"


@compiles(String, "postgresql")
@compiles(Text, "postgresql")
def _ordered_by_bytes(kind: String, compiler: Any, **options: Any) -> str:
    """Text compares by its bytes, as in SQLite: listings, tokens and ranges follow from no locale."""
    plain = compiler.visit_VARCHAR(kind, **options) if kind.length else "TEXT"
    return plain if kind.collation else f'{plain} COLLATE "C"'


def create(location: Path | str, version: str) -> None:
    """Make all tables, unless somebody else just has."""

    def work(connection: Connection) -> None:
        if not inspect(connection).has_table("alembic_version"):
            METADATA.create_all(connection, checkfirst=False)
            connection.exec_driver_sql(_VERSION)
            connection.execute(text("INSERT INTO alembic_version VALUES (:version)"), {"version": version})

    alone(location, work)


def alone(location: Path | str, work: Callable[[Connection], None]) -> None:
    """Run `work` in one transaction, while nobody else changes the schema."""
    load()
    if isinstance(location, Path):
        engine = _file_engine(location)
        with engine.begin() as connection:
            work(connection)
        engine.dispose()
    else:
        asyncio.run(_on_server(location, work))


def _file_engine(path: Path) -> Engine:
    """sqlite3 opens no transaction for DDL by itself: what is killed half-way would leave half a schema."""
    engine = create_engine(f"sqlite:///{path}")
    event.listen(engine, "connect", lambda connection, _: setattr(connection, "isolation_level", None))
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


async def _on_server(url: str, work: Callable[[Connection], None]) -> None:
    """The same on PostgreSQL, whose driver is asynchronous."""
    from sqlalchemy.ext.asyncio import create_async_engine

    from .postgresql import connect

    engine = create_async_engine("postgresql+asyncpg://", async_creator=lambda: connect(url), poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        await connection.run_sync(work)
    await engine.dispose()
