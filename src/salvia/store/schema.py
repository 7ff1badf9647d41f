"""The schema, by migrations: `upgrade` brings a database of any released version to this one."""

from __future__ import annotations

import sqlite3
from pathlib import Path

HEAD = "0002"


def current(path: Path) -> str | None:
    """The schema version of a database file; None for a new one."""
    if not path.exists():
        return None
    connection = sqlite3.connect(path)
    try:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.OperationalError:
        return None
    finally:
        connection.close()
    return row[0] if row else None


def upgrade(path: Path) -> None:
    """Apply what is missing. Alembic is imported only when something is: it costs a third of a second."""
    if current(path) == HEAD:
        return
    from alembic import command
    from alembic.config import Config

    path.parent.mkdir(parents=True, exist_ok=True)
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("sqlalchemy.url", f"sqlite:///{path}".replace("%", "%%"))
    command.upgrade(config, "head")
    path.chmod(0o600)
