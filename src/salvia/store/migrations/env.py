"""Alembic's entry: run the migrations on one connection, in one transaction."""

from alembic import context
from sqlalchemy import create_engine, event

from salvia.store.metadata import METADATA, load

load()
engine = create_engine(context.config.get_main_option("sqlalchemy.url") or "")
if engine.dialect.name == "sqlite":
    # sqlite3 opens no transaction for DDL by itself: a migration that was killed would leave half a schema.
    event.listen(engine, "connect", lambda connection, _: setattr(connection, "isolation_level", None))
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=METADATA, render_as_batch=True, transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
