"""Alembic's entry: run the migrations on one connection, in one transaction."""

from alembic import context
from sqlalchemy import create_engine

from salvia.store.metadata import METADATA, load

load()
engine = create_engine(context.config.get_main_option("sqlalchemy.url") or "")
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=METADATA, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
