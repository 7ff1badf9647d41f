"""The logs room alone: its operations, called as dispatch does, on a database and a clock of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import salvia.store.tables
import salvia.store.tables_logs  # noqa: F401
from salvia import protocol
from salvia.control.call import Call
from salvia.control.dispatch import Dispatch, discover
from salvia.control.hints import Hints
from salvia.control.world import World
from salvia.core.caller import service_caller
from salvia.core.clock import Clock
from salvia.protocol import models
from salvia.settings import Settings
from salvia.store.schema import upgrade
from salvia.store.sqlite import SqliteDatabase

NOON = 1_750_000_000.0  # 2025-06-15, the wall clock of these tests


class Room:
    """`room("PutLogEvents", logGroupName=…)` validates and runs an operation; returns what it does."""

    def __init__(self, world: World, loop: asyncio.AbstractEventLoop) -> None:
        self.world = world
        self.now = int(NOON * 1000)
        self._loop = loop

    def __call__(self, name: str, /, **request: Any) -> Any:
        return self.run(self.call(name, **request))

    async def call(self, name: str, /, **request: Any) -> Any:
        protocol.validate(models.operation("logs", name), request)
        handler = self.world.dispatch.handler("logs", name)
        caller = service_caller("sagemaker.amazonaws.com", "123456789012")
        return await handler(Call("logs", name, request, caller, "123456789012", "us-east-1", "request", self.world))

    def run(self, work: Any) -> Any:
        return self._loop.run_until_complete(work)

    def put(self, stream: str, *events: tuple[int, str], token: str | None = None, group: str = "g") -> Any:
        """Put events, given as (milliseconds after noon, message)."""
        more = {"sequenceToken": token} if token else {}
        found = [{"timestamp": self.now + offset, "message": message} for offset, message in events]
        return self("PutLogEvents", logGroupName=group, logStreamName=stream, logEvents=found, **more)

    def get(self, stream: str, group: str = "g", **options: Any) -> Any:
        return self("GetLogEvents", logGroupName=group, logStreamName=stream, **options)

    def filter(self, group: str = "g", **options: Any) -> Any:
        return self("FilterLogEvents", logGroupName=group, **options)


def texts(answer: Any) -> list[str]:
    """The messages of an answer."""
    return [event["message"] for event in answer["events"]]


@pytest.fixture
def make_room(tmp_path: Path) -> Iterator[Callable[[], Room]]:
    """Rooms that share one database, as processes do."""
    upgrade(tmp_path / "salvia.db")
    loop = asyncio.new_event_loop()
    worlds: list[World] = []

    def make() -> Room:
        database = SqliteDatabase(tmp_path / "salvia.db")
        database.start()
        world = World(
            settings=Settings(home=tmp_path),
            db=database,
            clock=Clock(wall=lambda: NOON),
            objects=None,  # type: ignore[arg-type]  # this room stores no objects and runs no images
            catalogue=None,  # type: ignore[arg-type]
            dispatch=Dispatch(discover("salvia.services.logs")),
            hints=Hints(tmp_path / "hints"),
            secret=b"",
        )
        worlds.append(world)
        return Room(world, loop)

    yield make
    for world in worlds:
        world.hints.close()
        world.db.close()
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()


@pytest.fixture
def room(make_room: Callable[[], Room]) -> Room:
    """A room with the group `g` and its stream `s`."""
    room = make_room()
    room("CreateLogGroup", logGroupName="g")
    room("CreateLogStream", logGroupName="g", logStreamName="s")
    return room
