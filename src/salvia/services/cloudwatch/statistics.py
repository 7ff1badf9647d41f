"""Statistics of a metric, a datapoint a period.

Source: CloudWatch user guide, "Statistics", "Periods", "Percentiles"; API reference, GetMetricStatistics.
Data are kept for 455 days at the resolution they came in: older ones can be had as finely as new ones.
"""

from __future__ import annotations

import asyncio
import math
import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, NamedTuple

import orjson

from salvia.store.db import Database, Row

SIMPLE = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
_PERCENTILE = re.compile(r"p(\d{1,3}(?:\.\d{1,10})?)")
_DAY = 86_400
_SHORT = frozenset({1, 5, 10, 20, 30})


class Point(NamedTuple):
    """A datapoint: the start of its period, in seconds, its unit, and the value of each statistic."""

    at: int
    unit: str
    values: dict[str, float]


@dataclass(frozen=True, slots=True)
class Range:
    """From `start` to before `end`, in periods of so many seconds that begin at `start`."""

    start: int
    end: int
    period: int

    @classmethod
    def rounded(cls, start: float, end: float, period: int, now: float) -> Range:
        """The range with its start rounded down, as GetMetricStatistics documents: to the period when that is
        shorter than a minute, else to a minute, to 5 minutes from 15 days on, to an hour from 63 days on."""
        age = now - start
        step = period if period < 60 else 60 if age < 15 * _DAY else 300 if age < 63 * _DAY else 3600
        return cls(math.floor(start / step) * step, math.ceil(end), period)

    @property
    def points(self) -> int:
        """How many datapoints there can be."""
        return max(0, -(-(self.end - self.start) // self.period))


def is_period(seconds: int) -> bool:
    """1, 5, 10, 20, 30, or a multiple of 60."""
    return seconds in _SHORT or (seconds > 0 and seconds % 60 == 0)


def percentile(name: str) -> float | None:
    """The percentage of `p99.9`; None for anything else."""
    found = _PERCENTILE.fullmatch(name)
    return float(found[1]) if found and float(found[1]) <= 100 else None


async def points(
    db: Database,
    metric: str,
    span: Range,
    names: Sequence[str],
    *,
    unit: str | None = None,
    by_unit: bool = True,
    descending: bool = False,
    limit: int | None = None,
) -> list[Point]:
    """Datapoints in order; periods without data have none. `by_unit` keeps data of different units apart.

    `names` are all simple statistics, or all percentiles.
    """
    percentages = {name: share for name in names if (share := percentile(name)) is not None}
    if not percentages:
        rows = await _totals(db, metric, span, unit, by_unit=by_unit, descending=descending, limit=limit)
        return [_point(row, span, names) for row in rows]
    rows = await _raw(db, metric, span, unit)
    found = await asyncio.to_thread(_percentiles, rows, span, percentages, by_unit)
    found.sort(key=lambda point: (point.at, point.unit), reverse=descending)
    return found if limit is None else found[:limit]


def _where(metric: str, span: Range, unit: str | None) -> tuple[str, dict[str, Any]]:
    values: dict[str, Any] = {"metric": metric, "start": span.start, "end": span.end, "period": span.period}
    condition = "metric = :metric AND at >= :start AND at < :end AND count > 0"
    if unit is not None:
        condition += " AND unit = :unit"
        values["unit"] = unit
    return condition, values


async def _totals(
    db: Database,
    metric: str,
    span: Range,
    unit: str | None,
    *,
    by_unit: bool,
    descending: bool,
    limit: int | None,
) -> list[Row]:
    condition, values = _where(metric, span, unit)
    values["limit"] = span.points * 32 if limit is None else limit
    direction = "DESC" if descending else "ASC"
    # Data stand on whole seconds, so that the division is one of integers in every database.
    return await db.scan(
        "SELECT (CAST(at AS BIGINT) - :start) / :period AS place, "  # noqa: S608
        f"{'unit' if by_unit else 'MIN(unit)'} AS unit, SUM(count) AS count, SUM(sum) AS sum, "
        "MIN(minimum) AS minimum, MAX(maximum) AS maximum "
        f"FROM metric_data WHERE {condition} GROUP BY place{', unit' if by_unit else ''} "
        f"ORDER BY place {direction}, unit {direction} LIMIT :limit",
        values,
    )


async def _raw(db: Database, metric: str, span: Range, unit: str | None) -> list[Row]:
    condition, values = _where(metric, span, unit)
    return await db.scan(
        "SELECT (CAST(at AS BIGINT) - :start) / :period AS place, unit, count, sum, minimum, maximum, data "  # noqa: S608
        f"FROM metric_data WHERE {condition}",
        values,
    )


def _point(row: Row, span: Range, names: Iterable[str]) -> Point:
    every = {
        "SampleCount": row["count"],
        "Average": row["sum"] / row["count"],
        "Sum": row["sum"],
        "Minimum": row["minimum"],
        "Maximum": row["maximum"],
    }
    return Point(span.start + row["place"] * span.period, row["unit"], {name: every[name] for name in names})


def _percentiles(rows: Iterable[Row], span: Range, percentages: dict[str, float], by_unit: bool) -> list[Point]:
    """Datapoints of periods whose data all have values, none of them negative: others have no percentiles."""
    samples: dict[tuple[int, str], list[tuple[float, float]]] = {}
    without: set[tuple[int, str]] = set()
    for row in rows:
        key = (row["place"], row["unit"] if by_unit else "")
        if row["data"]:
            values, counts = orjson.loads(row["data"])
            samples.setdefault(key, []).extend(zip(values, counts, strict=True))
        elif row["minimum"] == row["maximum"]:
            samples.setdefault(key, []).append((row["minimum"], row["count"]))
        else:
            without.add(key)
        if row["minimum"] < 0:
            without.add(key)
    return [
        Point(span.start + place * span.period, unit, _shares(found, percentages))
        for (place, unit), found in samples.items()
        if (place, unit) not in without
    ]


def _shares(samples: list[tuple[float, float]], percentages: dict[str, float]) -> dict[str, float]:
    """Linear interpolation between the two samples next to each rank; a count repeats its value."""
    samples.sort()
    ends = list(accumulate(count for _, count in samples))

    def ranked(rank: float) -> float:
        return samples[min(bisect_right(ends, rank), len(samples) - 1)][0]

    result: dict[str, float] = {}
    for name, share in percentages.items():
        rank = max(ends[-1] - 1, 0.0) * share / 100
        low, high = ranked(math.floor(rank)), ranked(math.ceil(rank))
        result[name] = low + (high - low) * (rank - math.floor(rank))
    return result
