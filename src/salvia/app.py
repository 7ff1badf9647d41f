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
from salvia.control.hints import Hints
from salvia.control.world import World
from salvia.core import files
from salvia.core.clock import Clock
from salvia.images.catalogue import Catalogue, default_folder
from salvia.objectstore.base import ObjectStore
from salvia.objectstore.filesystem import FilesystemStore
from salvia.objectstore.location import Location
from salvia.objectstore.remote import RemoteStore
from salvia.settings import Settings
from salvia.store.db import Database

if TYPE_CHECKING:
    from salvia.protocol.proxy.authority import Authority


def server_secret(home: Path) -> bytes:
    """The key that instance tokens are made with; created once, readable by its owner alone."""
    return files.create_once(home / "secret.key", lambda: secrets.token_bytes(32))


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


def catalogue(home: Path) -> Catalogue:
    """The images that come with Salvia, and those of one's own in the data directory."""
    return Catalogue(default_folder(), home / "containers")


def objects(settings: Settings) -> ObjectStore:
    """Where bytes live: a folder of the data directory, or a bucket of another S3."""
    if not settings.object_store:
        return FilesystemStore(settings.home / "objects")
    return RemoteStore(Location.parse(settings.object_store))


def compose(settings: Settings) -> World:
    """Everything but the runtimes, opened and wired. Needs the schema to be there."""
    database = Database(settings.database_path)
    database.start()
    world = World(
        settings=settings,
        db=database,
        clock=Clock(),
        objects=objects(settings),
        catalogue=catalogue(settings.home),
        dispatch=Dispatch(discover()),
        hints=Hints(settings.run / "hints"),
        secret=server_secret(settings.home),
    )
    if timekeeping.is_virtual(world):
        world.clock.reach(timekeeping.ahead(database.read()))
    world.journal = Journal(settings.home / "audit", database, lambda db: world.providers.trails(db))
    for provide in world.dispatch.hooks["provide"]:
        provide(world)
    return world


async def bootstrap(settings: Settings) -> None:
    """What the first start leaves behind: authority, account, its administrator, the default role. Repeatable."""
    from salvia.protocol.proxy import trust

    bundle = trust.bundle(authority(settings).certificate, settings.ca_bundle)
    files.replace(settings.ca_bundle, bundle.encode())
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
