"""What an asynchronous endpoint does beside serving: it introduces itself to its topics, and measures its backlog.

Source: developer guide, "Create an Asynchronous Inference Endpoint" (the test notification), "Alarms and logs for
tracking metrics from asynchronous endpoints".
"""

from __future__ import annotations

from typing import Any

from salvia.control.world import World
from salvia.core.errors import ServiceError
from salvia.serving import meters, notices
from salvia.store import backlog
from salvia.store.documents import Document

from .fleets import fleets
from .replicas import Seen, State

_EVERY = 10.0  # virtual seconds between measurements


async def introduce(endpoint: Document, world: World) -> bool:
    """Publish the test notification to the topics of each fleet, once; whether some of them cannot be told."""
    failed = False
    for fleet in fleets(endpoint):
        if not fleet.get("async") or fleet.get("introduced") or fleet.get("trouble"):
            continue
        output = fleet["async"]["OutputConfig"]
        topics = {topic for status in ("Completed", "Failed") if (topic := notices.topic(output, status))}
        roles = {variant["role"] for variant in fleet["variants"]}
        for role, topic in sorted((role, topic) for role in roles for topic in topics):
            try:
                await notices.publish(world, endpoint.region, role, topic, notices.TEST)
            except ServiceError as error:
                fleet["trouble"] = (
                    f'The provided role "{role}" is invalid. Please ensure that the role exists, that its trust '
                    'relationship policy allows the action "sts:AssumeRole" for the service principal '
                    f'"{notices.SERVICE}", and has "sns:Publish" permissions for topic "{topic}": {error.message}'
                )
                failed = True
        fleet["introduced"] = True
    return failed


async def measure(endpoint: Document, world: World, found: list[Seen]) -> float | None:
    """Tell CloudWatch of the backlog, where it is time to; when the next time is."""
    if endpoint.state in ("Creating", "Failed") or not fleets(endpoint)[0].get("async"):
        return None
    now = world.clock.now()
    left = float(endpoint.status.get("_Measured", 0.0)) + _EVERY - now
    if left > 0:
        return left
    endpoint.status["_Measured"] = now
    size, oldest = await backlog.size(world.db, endpoint.id)
    serving = sum(seen.up and seen.state is State.SERVING for seen in found)
    data = {
        "ApproximateBacklogSize": (size, "Count"),
        "ApproximateBacklogSizePerInstance": (size / max(serving, 1), "Count"),
        "ApproximateAgeOfOldestRequest": (max(now - oldest, 0.0) if oldest is not None else 0.0, "Seconds"),
        "HasBacklogWithoutCapacity": (int(size > 0 and serving == 0), "Count"),
    }
    dimensions = [{"Name": "EndpointName", "Value": endpoint.name}]
    await meters.put(world, endpoint.account, endpoint.region, [_datum(name, dimensions, *data[name]) for name in data])
    return _EVERY


def _datum(name: str, dimensions: list[dict[str, str]], value: float, unit: str) -> dict[str, Any]:
    return {"MetricName": name, "Dimensions": dimensions, "Value": float(value), "Unit": unit}
