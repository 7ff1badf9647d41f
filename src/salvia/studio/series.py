"""`/_series`: raw points of metrics, downsampled; whoever may GetMetricData may have them."""

from __future__ import annotations

import asyncio
from typing import Any

from salvia.control.providers import Curve
from salvia.core.errors import validation_error

from .visit import Visit

_MOST_QUERIES = 100
_POINTS = (4, 10_000)
_SHAPE = (
    'Queries is a list of {"Namespace", "MetricName", "Dimensions": {NAME: VALUE}, "Stat"?}, Start and End are seconds '
    f"since the epoch or left out, Points is a number from {_POINTS[0]} to {_POINTS[1]}."
)


async def series(visit: Visit) -> dict[str, Any]:
    """A curve a query, in their order. Raises ValidationException, AccessDeniedException."""
    given = await visit.json()
    queries, points = given.get("Queries"), given.get("Points", 1000)
    start, end = given.get("Start", 0), given.get("End", 1e12)
    if (
        not isinstance(queries, list)
        or len(queries) > _MOST_QUERIES
        or not all(isinstance(number, int | float) and not isinstance(number, bool) for number in (start, end))
        or type(points) is not int
        or not _POINTS[0] <= points <= _POINTS[1]
    ):
        raise validation_error(_SHAPE)
    curves = [_curve(query) for query in queries]
    call = visit.allow("cloudwatch", "GetMetricData", {})
    find = visit.world.providers.curve
    found = await asyncio.gather(*(find(call.account, call.region, curve, start, end, points) for curve in curves))
    return {"Series": [{"Timestamps": one.at, "Values": one.values, "Count": one.count} for one in found]}


def _curve(query: Any) -> Curve:
    if not isinstance(query, dict):
        raise validation_error(_SHAPE)
    dimensions = query.get("Dimensions", {})
    texts = [query.get("Namespace"), query.get("MetricName"), query.get("Stat", "Average")]
    if not isinstance(dimensions, dict) or not all(isinstance(one, str) for one in (*texts, *dimensions.values())):
        raise validation_error(_SHAPE)
    namespace, name, stat = map(str, texts)
    return Curve(namespace, name, dimensions, stat)
