"""The schema: `upgrade` brings a database of any released version to this one, by migrations, and makes new ones."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

HEAD = "0019"
_VERSION = "SELECT version_num FROM alembic_version"


def current(location: Path | str) -> str | None:
    """The schema version of a database; None for a new one."""
    return _of_file(location) if isinstance(location, Path) else asyncio.run(_of_server(location))


def _of_file(path: Path) -> str | None:
    if not path.exists():
        return None
    connection = sqlite3.connect(path)
    try:
        row = connection.execute(_VERSION).fetchone()
    except sqlite3.OperationalError:
        return None
    finally:
        connection.close()
    return row[0] if row else None


async def _of_server(url: str) -> str | None:
    import asyncpg

    from .postgresql import connect

    connection = await connect(url)
    try:
        encoding = await connection.fetchval("SHOW server_encoding")
        if encoding != "UTF8":
            raise ValueError(f"its encoding is {encoding}; create it with ENCODING 'UTF8'")
        version: str | None = await connection.fetchval(_VERSION)
        return version
    except asyncpg.UndefinedTableError:
        return None
    finally:
        await connection.close()


def upgrade(location: Path | str, to: str = HEAD) -> None:
    """Apply what is missing. Alembic is imported only for a database that is there: it costs a third of a second."""
    found = current(location)
    if found == to:
        return
    if isinstance(location, Path):
        location.parent.mkdir(parents=True, exist_ok=True)
    if found is None and to == HEAD:
        from .creation import create

        create(location, HEAD)
    else:
        _migrate(location, to)
    if isinstance(location, Path):
        location.chmod(0o600)


def _migrate(location: Path | str, to: str) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["location"] = location
    command.upgrade(config, to)
