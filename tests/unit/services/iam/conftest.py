"""The identity rooms alone: their operations and providers, on a database and a clock of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import salvia.store.tables
import salvia.store.tables_iam  # noqa: F401
from salvia import protocol
from salvia.control.call import Call
from salvia.control.dispatch import Dispatch, discover
from salvia.control.hints import Hints
from salvia.control.world import World
from salvia.core.caller import Caller, service_caller
from salvia.core.clock import Clock
from salvia.protocol import models
from salvia.settings import Settings
from salvia.store.schema import upgrade
from salvia.store.sqlite import SqliteDatabase

ACCOUNT = "123456789012"
SERVICE = service_caller("sagemaker.amazonaws.com", ACCOUNT)


class Rooms:
    """`rooms("iam", "CreateUser", UserName=…)` validates and runs an operation; `caller` makes the request."""

    def __init__(self, world: World, loop: asyncio.AbstractEventLoop) -> None:
        self.world = world
        self.wall = 1_800_000_000.0
        self.caller: Caller = SERVICE
        self._loop = loop

    def __call__(self, service: str, name: str, /, **request: Any) -> Any:
        protocol.validate(models.operation(service, name), request)
        handler = self.world.dispatch.handler(service, name)
        call = Call(service, name, request, self.caller, ACCOUNT, "us-east-1", "request", self.world)
        return self.run(handler(call))

    def run(self, work: Any) -> Any:
        return self._loop.run_until_complete(work)

    def start(self) -> None:
        """What every start of the server does."""
        for hook in self.world.dispatch.hooks["bootstrap"]:
            self.run(hook(self.world))

    def restart(self) -> None:
        """Forget what processes remember, and start again."""
        self.world.db.close()
        self.world.db.start()
        self.start()


@pytest.fixture
def rooms(tmp_path: Path) -> Iterator[Rooms]:
    path = tmp_path / "salvia.db"
    upgrade(path)
    database = SqliteDatabase(path)
    database.start()
    dispatch = Dispatch(module for module in discover() if module.__name__.split(".")[2] in {"iam", "sts"})
    world = World(
        settings=Settings(tmp_path),
        db=database,
        clock=Clock(lambda: found.wall),
        objects=None,  # type: ignore[arg-type]
        catalogue=None,  # type: ignore[arg-type]
        dispatch=dispatch,
        hints=Hints(tmp_path / "hints"),
        secret=b"",
    )
    with asyncio.Runner() as runner:
        found = Rooms(world, runner.get_loop())
        for provide in dispatch.hooks["provide"]:
            provide(world)
        yield found
        database.close()
        world.hints.close()
