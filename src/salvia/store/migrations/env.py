"""Alembic's entry: run the migrations on one connection, in one transaction."""

import asyncio
from pathlib import Path
from typing import Any

from alembic import context
from sqlalchemy import Connection, Engine, NullPool, String, Text, create_engine, event
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.ext.compiler import compiles

from salvia.store.metadata import METADATA, load

_LOCK = 7259  # held by the one replica that migrates


@compiles(String, "postgresql")
@compiles(Text, "postgresql")
def _ordered_by_bytes(kind: String, compiler: Any, **options: Any) -> str:
    """Text compares by its bytes, as in SQLite: listings, tokens and ranges follow from no locale."""
    plain = compiler.visit_VARCHAR(kind, **options) if kind.length else "TEXT"
    return plain if kind.collation else f'{plain} COLLATE "C"'


def migrate(connection: Connection) -> None:
    """Bring one database to the newest version."""
    with connection.begin():
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        context.configure(connection=connection, target_metadata=METADATA, render_as_batch=True, transactional_ddl=True)
        with context.begin_transaction():
            context.run_migrations()


def file_engine(path: Path) -> Engine:
    """sqlite3 opens no transaction for DDL by itself: a migration that was killed would leave half a schema."""
    engine = create_engine(f"sqlite:///{path}")
    event.listen(engine, "connect", lambda connection, _: setattr(connection, "isolation_level", None))
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


async def migrate_server(url: str) -> None:
    """The same on PostgreSQL, whose driver is asynchronous."""
    from salvia.store.postgresql import connect

    engine = create_async_engine("postgresql+asyncpg://", async_creator=lambda: connect(url), poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()


load()
location = context.config.attributes["location"]
if isinstance(location, Path):
    engine = file_engine(location)
    with engine.connect() as connection:
        migrate(connection)
    engine.dispose()
else:
    asyncio.run(migrate_server(location))
