"""The cloudwatch room alone, called as dispatch does, on a database and a clock of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

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

NOON = 1_749_988_800  # 2025-06-15T12:00:00Z, the wall clock of these tests
ACCOUNT = "123456789012"
USER = Caller("user", ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/u", "AIDA", f"arn:aws:iam::{ACCOUNT}:user/u")


class Room:
    """`room("ListMetrics", …)` validates and runs an operation; returns what it does."""

    def __init__(self, world: World, loop: asyncio.AbstractEventLoop) -> None:
        self.world = world
        self._loop = loop

    def __call__(self, name: str, /, caller: Caller = USER, **request: Any) -> Any:
        protocol.validate(models.operation("cloudwatch", name), request)
        handler = self.world.dispatch.handler("cloudwatch", name)
        call = Call("cloudwatch", name, request, caller, ACCOUNT, "us-east-1", "request", self.world)
        return self.run(handler(call))

    def run(self, work: Any) -> Any:
        return self._loop.run_until_complete(work)

    def at(self, seconds: float) -> datetime:
        """A time, in seconds after noon."""
        return datetime.fromtimestamp(NOON + seconds, UTC)

    def put(self, *data: tuple[float, float], name: str = "loss", **more: Any) -> None:
        """Publish single values, given as (seconds after noon, value)."""
        found = [{"MetricName": name, "Timestamp": self.at(at), "Value": value, **more} for at, value in data]
        self("PutMetricData", Namespace="N", MetricData=found)

    def datum(self, **datum: Any) -> None:
        """Publish one datum of the metric `loss` at noon."""
        datum = {"MetricName": "loss", "Timestamp": self.at(0), **datum}
        self("PutMetricData", Namespace="N", MetricData=[datum])

    def statistics(self, *names: str, start: float = 0, end: float = 3600, period: int = 60, **more: Any) -> Any:
        """Datapoints of `loss`, as (seconds after noon, value…) in order of time."""
        extended = names[0].startswith("p")
        request = {"ExtendedStatistics" if extended else "Statistics": list(names)}
        answer = self(
            "GetMetricStatistics",
            Namespace="N",
            MetricName="loss",
            StartTime=self.at(start),
            EndTime=self.at(end),
            Period=period,
            **request,
            **more,
        )
        return sorted(
            (
                point["Timestamp"] - NOON,
                *((point["ExtendedStatistics"] if extended else point)[name] for name in names),
            )
            for point in answer["Datapoints"]
        )

    def query(self, stat: str = "Sum", period: int = 60, **more: Any) -> dict[str, Any]:
        """A query of GetMetricData for `loss`."""
        metric = {"Namespace": "N", "MetricName": "loss"}
        return {"Id": "q", "MetricStat": {"Metric": metric, "Period": period, "Stat": stat}, **more}

    def data(self, *queries: dict[str, Any], start: float = 0, end: float = 3600, **more: Any) -> Any:
        """GetMetricData from noon to one o'clock."""
        return self(
            "GetMetricData",
            MetricDataQueries=list(queries),
            StartTime=self.at(start),
            EndTime=self.at(end),
            **more,
        )


@pytest.fixture
def service() -> Caller:
    """A service that publishes its own metrics."""
    return service_caller("sagemaker.amazonaws.com", ACCOUNT)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    upgrade(tmp_path / "salvia.db")
    loop = asyncio.new_event_loop()
    database = SqliteDatabase(tmp_path / "salvia.db")
    database.start()
    world = World(
        settings=Settings(home=tmp_path),
        db=database,
        clock=Clock(wall=lambda: NOON),
        objects=None,  # type: ignore[arg-type]  # this room stores no objects and runs no images
        catalogue=None,  # type: ignore[arg-type]
        dispatch=Dispatch(discover("salvia.services.cloudwatch")),
        hints=Hints(tmp_path / "hints"),
        secret=b"",
    )
    yield Room(world, loop)
    world.hints.close()
    database.close()
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()
