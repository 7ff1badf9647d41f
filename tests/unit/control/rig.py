"""Worlds on one database file, as several processes would hold it: for tests of `control` and SageMaker's rooms."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

from salvia import protocol
from salvia.control.call import Call
from salvia.control.dispatch import Dispatch
from salvia.control.hints import Hints
from salvia.control.resource import Resource
from salvia.control.world import World
from salvia.core.caller import service_caller
from salvia.core.clock import Clock
from salvia.protocol import models
from salvia.settings import Settings
from salvia.store.schema import upgrade
from salvia.store.sqlite import SqliteDatabase

ACCOUNT = "123456789012"
REGION = "us-east-1"

THING = Resource(
    noun="Thing",
    key="ThingName",
    arn="thing/{ThingName}",
    state="ThingStatus",
    terminal=frozenset({"Completed", "Failed"}),
    summary=("ThingName", "ThingArn", "CreationTime", "ThingStatus"),
    operations=frozenset({"Describe", "List", "Delete"}),
)


class Rig:
    """`world()` opens the database once more; `close` ends all of them. `wall` is the clock that tests turn."""

    def __init__(
        self, folder: Path, modules: Iterable[ModuleType] = (), wall: Callable[[], float] | None = None
    ) -> None:
        self.folder = folder
        self.now = 1_800_000_000.0
        self.modules = list(modules)
        self._wall = wall or (lambda: self.now)
        self._worlds: list[World] = []
        upgrade(folder / "salvia.db")

    def world(self) -> World:
        database = SqliteDatabase(self.folder / "salvia.db", self._wall)
        database.start()
        dispatch = Dispatch(self.modules)
        dispatch.resources[THING.kind] = THING
        world = World(
            settings=Settings(self.folder),
            db=database,
            clock=Clock(self._wall),
            objects=None,  # type: ignore[arg-type]  # nothing here stores objects or runs images
            catalogue=None,  # type: ignore[arg-type]
            dispatch=dispatch,
            hints=Hints(self.folder / "hints"),
            secret=b"s" * 32,
        )
        self._worlds.append(world)
        return world

    def close(self) -> None:
        for world in self._worlds:
            world.hints.close()
            world.db.close()


def call(world: World, operation: str = "CreateThing", /, **request: Any) -> Call:
    """A call of SageMaker's, as a handler sees it."""
    caller = service_caller("sagemaker.amazonaws.com", ACCOUNT)
    return Call("sagemaker", operation, request, caller, ACCOUNT, REGION, "request", world)


async def ask(world: World, operation: str, /, **request: Any) -> Any:
    """Validate and run a modelled operation."""
    protocol.validate(models.operation("sagemaker", operation), request)
    return await world.dispatch.handler("sagemaker", operation)(call(world, operation, **request))
