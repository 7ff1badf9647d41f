"""Composition: the one place where rooms, stores and runtimes are put together, for each kind of process."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import uuid
from collections.abc import Callable
from pathlib import Path

from salvia.control import timekeeping
from salvia.control.dispatch import Dispatch, discover
from salvia.control.hints import Hints, Notifications, Wakes
from salvia.control.world import World
from salvia.core.clock import Clock
from salvia.images.catalogue import Catalogue, default_folder
from salvia.objectstore.filesystem import FilesystemStore
from salvia.settings import Settings
from salvia.store.db import Database
from salvia.store.engine import database


def kept(path: Path, make: Callable[[], bytes]) -> bytes:
    """The content of a file of one's own that is made once, by whoever comes first."""
    if not path.exists():
        fresh = path.with_suffix(f".{os.getpid()}.new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(make())
            file.flush()
            os.fsync(file.fileno())
        # A link appears whole or not at all, and takes nobody's place: an empty key would be one that all can guess.
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(fresh)
        fresh.unlink()
    return path.read_bytes()


def server_secret(settings: Settings, database: Database) -> bytes:
    """The key that instance tokens are made with: a file's, or the database's where several servers share it."""
    if not settings.shared:
        return kept(settings.home / "secret.key", lambda: secrets.token_bytes(32))
    row = database.read().one("SELECT value FROM secrets WHERE name = 'server'")
    if row is None:
        raise RuntimeError("The servers' secret is not in the database: `salvia up` puts it there.")
    return bytes(row["value"])


async def agree(settings: Settings) -> None:
    """Make the secret that all who share this database use: the first one's stands."""
    if not settings.shared:
        return
    value = secrets.token_bytes(32)
    sql = "INSERT INTO secrets (name, value) VALUES ('server', :value) ON CONFLICT (name) DO NOTHING"
    db = database(settings.location)
    db.start()
    try:
        await db.write(lambda tx: tx.run(sql, {"value": value}))
    finally:
        db.close()


def catalogue(home: Path) -> Catalogue:
    """The images that come with Salvia, and those of one's own in the data directory."""
    return Catalogue(default_folder(), home / "containers")


def compose(settings: Settings) -> World:
    """Everything but the runtimes, opened and wired. Needs the schema to be there."""
    db = database(settings.location)
    db.start()
    world = World(
        settings=settings,
        db=db,
        clock=Clock(),
        objects=FilesystemStore(settings.objects),
        catalogue=catalogue(settings.home),
        dispatch=Dispatch(discover()),
        hints=hints(settings, db),
        secret=server_secret(settings, db),
        node=kept(settings.home / "node", lambda: str(uuid.uuid4()).encode()).decode() if settings.shared else "",
    )
    if timekeeping.is_virtual(world):
        world.clock.reach(timekeeping.ahead(db.read()))
    for provide in world.dispatch.hooks["provide"]:
        provide(world)
    return world


def hints(settings: Settings, db: Database) -> Wakes:
    """How processes wake each other: on one machine through sockets, else through the database."""
    if not settings.shared:
        return Hints(settings.run / "hints")
    from salvia.store.postgresql import PostgresDatabase

    assert isinstance(db, PostgresDatabase)
    return Notifications(db)


async def bootstrap(settings: Settings) -> None:
    """What the first start leaves behind: the account, its administrator, the default role. Repeatable."""
    await agree(settings)
    world = compose(settings)
    try:
        for hook in world.dispatch.hooks["bootstrap"]:
            await hook(world)
    finally:
        close(world)


def close(world: World) -> None:
    """Finish writes and let go of files."""
    world.hints.close()
    world.db.close()


def until_signalled() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set."""
    event = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, event.set)
    return event
