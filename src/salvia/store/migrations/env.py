"""Alembic's entry: run the migrations on one connection, in one transaction."""

from alembic import context
from sqlalchemy import Connection

from salvia.store.alchemy import alone
from salvia.store.metadata import METADATA


def migrate(connection: Connection) -> None:
    """Bring one database to the newest version."""
    context.configure(connection=connection, target_metadata=METADATA, render_as_batch=True, transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()


alone(context.config.attributes["location"], migrate)
