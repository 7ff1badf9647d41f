"""Composition: the one place where rooms, stores and runtimes are put together, for each kind of process."""

from __future__ import annotations

import asyncio
import secrets
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from salvia.control import timekeeping
from salvia.control.audit import Journal
from salvia.control.dispatch import Dispatch, discover
from salvia.control.hints import Hints, Notifications, Wakes
from salvia.control.world import World
from salvia.core import files
from salvia.core.clock import Clock
from salvia.images.catalogue import Catalogue
from salvia.images.image import default_folder
from salvia.objectstore.base import ObjectStore
from salvia.objectstore.filesystem import FilesystemStore
from salvia.objectstore.location import Location
from salvia.objectstore.remote import RemoteStore
from salvia.settings import Settings
from salvia.store.db import Database, Transaction
from salvia.store.engine import database

if TYPE_CHECKING:
    from salvia.protocol.proxy.authority import Authority


def authority(settings: Settings) -> Authority:
    """The data directory's certificate authority: its key and certificate are one file, which never is half there."""
    from salvia.protocol.proxy.authority import (  # a tenth of a second, which controllers do not need
        Authority,
        new_authority,
    )

    path = settings.home / "ca.key"
    try:
        return Authority(files.create_once(path, new_authority))
    except ValueError as error:
        raise ValueError(
            f"{path} does not hold a key and a certificate, as Salvia wrote them. Restore it, or delete it: a new "
            "authority is made then, and clients need `salvia env` again."
        ) from error


def server_secret(home: Path) -> bytes:
    """The key that instance tokens are made with; created once, readable by its owner alone."""
    return files.create_once(home / "secret.key", lambda: secrets.token_bytes(32))


def node(settings: Settings) -> str:
    """The name of this data directory among those that share a database; empty where it has its own."""
    if not settings.shared:
        return ""
    return files.create_once(settings.home / "node", lambda: secrets.token_hex(8).encode()).decode()


async def agree(settings: Settings) -> None:
    """Use the secret of all who share this database: the first one's stands, and each keeps a copy."""
    if not settings.shared:
        return
    own = server_secret(settings.home)

    def work(tx: Transaction) -> bytes:
        sql = "INSERT INTO secrets (name, value) VALUES ('server', :value) ON CONFLICT (name) DO NOTHING"
        tx.run(sql, {"value": own})
        row = tx.one("SELECT value FROM secrets WHERE name = 'server'")
        assert row is not None
        return bytes(row["value"])

    db = database(settings.location)
    db.start()
    try:
        agreed = await db.write(work)
    finally:
        db.close()
    if agreed != own:
        files.replace(settings.home / "secret.key", agreed)


def catalogue(home: Path) -> Catalogue:
    """The images that come with Salvia, and those of one's own in the data directory."""
    return Catalogue(default_folder(), home / "containers")


def objects(settings: Settings) -> ObjectStore:
    """Where bytes live: a folder of the data directory, or a bucket of another S3."""
    if not settings.object_store or settings.object_store.startswith("file:///"):
        return FilesystemStore(settings.objects)
    return RemoteStore(Location.parse(settings.object_store))


def compose(settings: Settings) -> World:
    """Everything but the runtimes, opened and wired. Needs the schema to be there."""
    db = database(settings.location)
    db.start()
    world = World(
        settings=settings,
        db=db,
        clock=Clock(),
        objects=objects(settings),
        catalogue=catalogue(settings.home),
        dispatch=Dispatch(discover()),
        hints=hints(settings, db),
        secret=server_secret(settings.home),
        node=node(settings),
    )
    if timekeeping.is_virtual(world):
        world.clock.reach(timekeeping.ahead(db.read()))
    world.journal = Journal(settings.home / "audit", db, lambda reader: world.providers.trails(reader))
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
    """What the first start leaves behind: authority, account, its administrator, the default role. Repeatable."""
    from salvia.protocol.proxy import trust

    bundle = trust.bundle(authority(settings).certificate, settings.ca_bundle)
    files.replace(settings.ca_bundle, bundle.encode())
    await agree(settings)
    world = compose(settings)
    try:
        for hook in world.dispatch.hooks["bootstrap"]:
            await hook(world)
    finally:
        await close(world)


async def close(world: World) -> None:
    """Finish writes and let go of files."""
    for finish in (world.objects.close, *world.closers):
        await finish()
    world.hints.close()
    world.db.close()


def until_signalled() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set."""
    event = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, event.set)
    return event
