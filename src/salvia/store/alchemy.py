"""What SQLAlchemy must be told to write a schema down or migrate one; a server that finds today's has no need of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, NullPool, String, Text, create_engine, event, make_url
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateIndex, CreateTable

from .creation import LOCK
from .metadata import METADATA, load


@compiles(String, "postgresql")
@compiles(Text, "postgresql")
def _ordered_by_bytes(kind: String, compiler: Any, **options: Any) -> str:
    """Text compares by its bytes, as in SQLite: listings, tokens and ranges follow from no locale."""
    plain = compiler.visit_VARCHAR(kind, **options) if kind.length else "TEXT"
    return plain if kind.collation else f'{plain} COLLATE "C"'


def script(dialect: str) -> str:
    """The statements that make every table on a database of this kind."""
    load()
    kind = make_url(f"{dialect}://").get_dialect()()
    statements: list[CreateTable | CreateIndex] = []
    for table in METADATA.sorted_tables:
        indexes = sorted(table.indexes, key=lambda index: str(index.name))
        statements += [CreateTable(table), *(CreateIndex(index) for index in indexes)]
    texts = (str(statement.compile(dialect=kind)).strip() for statement in statements)
    lines = [line.rstrip() for text in texts for line in f"{text};".splitlines()]
    return "\n".join(lines) + "\n"


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
        await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
        await connection.run_sync(work)
    await engine.dispose()
