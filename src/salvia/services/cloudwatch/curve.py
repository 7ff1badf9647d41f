"""Curves of metrics with as many points as a screen can show, and every peak that they have: what control asks of this
room.

A curve that is longer is cut into stretches of time; of each the lowest and the highest datum stay, where they are. The
database finds them in the columns of one index: a hundred thousand data cost a tenth of a second, and nothing of the
event loop or the interpreter's lock.
"""

from __future__ import annotations

from collections.abc import Mapping

from salvia.control.providers import Curve, Points
from salvia.control.world import World
from salvia.core.errors import validation_error

from . import metrics
from .metrics import Metric

_VALUES: Mapping[str, str] = {
    "Average": "sum / count",
    "Sum": "sum",
    "Minimum": "minimum",
    "Maximum": "maximum",
    "SampleCount": "count",
}
_OF = "FROM metric_data WHERE metric = :metric AND count > 0 AND at >="
_FEW = f"SELECT at, {{value}} AS value {_OF} :since AND at <= :until ORDER BY at LIMIT :limit"
_LAST = f"SELECT at, {{value}} AS value {_OF} :since AND at <= :until ORDER BY at DESC LIMIT 1"
# Data stand on whole seconds, so that the division is one of integers in every database.
_PEAKS = f"""
WITH stretches AS (
  SELECT (CAST(at AS BIGINT) - :first) / :width AS place, MIN({{value}}) AS low, MAX({{value}}) AS high,
         MIN(at) AS since, MAX(at) AS until, COUNT(*) AS number
  {_OF} :since AND at <= :until GROUP BY place)
SELECT low, high, number,
  (SELECT MIN(at) {_OF} stretches.since AND at <= stretches.until AND {{value}} = stretches.low) AS low_at,
  (SELECT MIN(at) {_OF} stretches.since AND at <= stretches.until AND {{value}} = stretches.high) AS high_at
FROM stretches ORDER BY place"""  # noqa: S608


def provide(world: World) -> None:
    """Fill in the provider of curves."""

    async def curve(account: str, region: str, wanted: Curve, since: float, until: float, most: int) -> Points:
        value = _VALUES.get(wanted.stat)
        if value is None:
            raise validation_error(f"Stat is one of {', '.join(_VALUES)}, and not {wanted.stat[:64]}.")
        pairs = [{"Name": name, "Value": text} for name, text in wanted.dimensions.items()]
        metric = Metric(wanted.namespace, wanted.name, metrics.canonical(pairs, "Dimensions"))
        identity = metrics.identity(world.db.read(), account, region, metric)
        if identity is None:
            return Points([], [], 0)
        span = {"metric": identity, "since": since, "until": until}
        rows = await world.db.scan(_FEW.format(value=value), {**span, "limit": most + 1})
        if len(rows) <= most:
            return Points([row["at"] for row in rows], [row["value"] for row in rows], len(rows))
        first = (rows[0]["at"], rows[0]["value"])
        (row,) = await world.db.scan(_LAST.format(value=value), span)
        last = (row["at"], row["value"])
        width = int(last[0] - first[0]) // ((most - 2) // 2) + 1
        peaks = await world.db.scan(_PEAKS.format(value=value), {**span, "first": int(first[0]), "width": width})
        found = {first, last}
        for row in peaks:
            found |= {(row["low_at"], row["low"]), (row["high_at"], row["high"])}
        ordered = sorted(found)
        count = sum(row["number"] for row in peaks)
        return Points([at for at, _ in ordered], [value for _, value in ordered], int(count))

    world.providers.curve = curve
