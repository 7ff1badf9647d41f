"""Which database: a file is SQLite's, a URL PostgreSQL's."""

from __future__ import annotations

from pathlib import Path

from .db import Database


def database(location: Path | str) -> Database:
    """The database at `location`, not opened yet. Drivers are imported where they are used."""
    if isinstance(location, Path):
        from .sqlite import SqliteDatabase

        return SqliteDatabase(location)
    from .postgresql import PostgresDatabase

    return PostgresDatabase(location)
