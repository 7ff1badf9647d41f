"""A new database gets the newest schema at once, without a step for each version that ever was.

The statements are written down, by tools/schema from the declared tables: to work them out at each first start would
take SQLAlchemy a second.
"""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

DATA = Path(__file__).parent / "data"
LOCK = 7259  # held by the one replica that makes or changes the schema
_VERSION = "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"


def create(location: Path | str, version: str) -> None:
    """Make all tables, in one transaction, unless somebody else just has."""
    if isinstance(location, Path):
        _in_file(location, version)
    else:
        asyncio.run(_on_server(location, version))


def _in_file(path: Path, version: str) -> None:
    """sqlite3 opens no transaction for DDL by itself: what is killed half-way would leave half a schema."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
            for statement in (DATA / "sqlite.sql").read_text().split(";\n"):
                connection.execute(statement)
            connection.execute(_VERSION)
            connection.execute("INSERT INTO alembic_version VALUES (?)", (version,))
        connection.execute("COMMIT")


async def _on_server(url: str, version: str) -> None:
    from .postgresql import connect

    connection = await connect(url)
    try:
        async with connection.transaction():
            await connection.execute(f"SELECT pg_advisory_xact_lock({LOCK})")
            if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
                await connection.execute((DATA / "postgresql.sql").read_text())
                await connection.execute(_VERSION)
                await connection.execute("INSERT INTO alembic_version VALUES ($1)", version)
    finally:
        await connection.close()
