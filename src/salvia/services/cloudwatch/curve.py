"""Every datum of a metric, for curves: what control asks of this room. `salvia.studio` makes them small."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from salvia.control.providers import Curve
from salvia.control.world import World
from salvia.core.errors import validation_error
from salvia.store.db import Row

from . import metrics
from .metrics import Metric

_VALUES: Mapping[str, str] = {
    "Average": "sum / count",
    "Sum": "sum",
    "Minimum": "minimum",
    "Maximum": "maximum",
    "SampleCount": "count",
}
_MOST = 300_000  # of a curve
# Of nothing but the index's columns: a table's rows would have to be looked up one by one.
_READ = """
SELECT at, {value} AS value FROM metric_data
WHERE metric = :metric AND at >= :since AND at <= :until AND count > 0 ORDER BY at LIMIT :limit"""


def provide(world: World) -> None:
    """Fill in the provider of curves."""

    async def curve(
        account: str, region: str, wanted: Curve, since: float, until: float
    ) -> tuple[list[float], list[float]]:
        value = _VALUES.get(wanted.stat)
        if value is None:
            raise validation_error(f"Stat is one of {', '.join(_VALUES)}, and not {wanted.stat[:64]}.")
        pairs = [{"Name": name, "Value": text} for name, text in wanted.dimensions.items()]
        metric = Metric(wanted.namespace, wanted.name, metrics.canonical(pairs, "Dimensions"))
        identity = metrics.identity(world.db.read(), account, region, metric)
        if identity is None:
            return [], []
        parameters = {"metric": identity, "since": since, "until": until, "limit": _MOST + 1}
        rows = await world.db.scan(_READ.format(value=value), parameters)
        if len(rows) > _MOST:
            raise validation_error(f"{wanted.name} has more than {_MOST} data. Ask for less time, by Start and End.")
        return await asyncio.to_thread(_columns, rows)

    world.providers.curve = curve


def _columns(rows: list[Row]) -> tuple[list[float], list[float]]:
    return [row[0] for row in rows], [row[1] for row in rows]
