"""PutMetricData."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from salvia.control.call import Call, operation
from salvia.core.ids import row_id
from salvia.store.db import Transaction

from . import metrics
from .alarms import watch
from .errors import absent, bad_combination, bad_value
from .metrics import Metric

_MOST_DATA, _MOST_VALUES = 1000, 150
_LARGEST = 2.0**360
_TWO_WEEKS, _TWO_HOURS = 14 * 86_400, 2 * 3_600
_INLINE = 50
_INSERT = """
INSERT INTO metric_data (id, metric, at, unit, count, sum, minimum, maximum, data)
VALUES (:id, :metric, :at, :unit, :count, :sum, :minimum, :maximum, :data)"""


@dataclass(frozen=True, slots=True)
class Datum:
    """A statistic set of a metric. `data` holds values and their counts as JSON, where there are several."""

    metric: Metric
    at: float
    unit: str
    count: float
    sum: float
    minimum: float
    maximum: float
    data: str | None = None


@operation("PutMetricData")
async def put_metric_data(call: Call) -> dict[str, Any]:
    """Publish up to 1,000 data. All are kept, or none.

    Raises InvalidParameterValue, InvalidParameterCombination, MissingParameter. Namespaces that begin with
    AWS/ are the services' own. Source: CloudWatch API reference, PutMetricData.
    """
    request = call.request
    namespace = request["Namespace"]
    if namespace.startswith("AWS/") and call.caller.service is None:
        raise bad_value(f"The value {namespace} for parameter Namespace is invalid.")
    found = list(request.get("MetricData", ()))
    for entity in request.get("EntityMetricData", ()):
        found += entity.get("MetricData", ())
    if not found:
        raise absent("The parameter MetricData is required.")
    if len(found) > _MOST_DATA:
        raise bad_value(f"The collection MetricData must not have a size greater than {_MOST_DATA}.")
    wall, now = call.clock.wall(), call.clock.now()
    # Clients stamp data by the world's clock; the service may be ahead of it. Both are right.
    window = (min(wall, now) - _TWO_WEEKS, max(wall, now) + _TWO_HOURS)
    if len(found) <= _INLINE:
        data = _read(namespace, found, now, window)
    else:
        data = await asyncio.to_thread(_read, namespace, found, now, window)
    if await call.db.write(lambda tx: _keep(tx, call, data, now)):
        call.world.wake()
    return {}


def _keep(tx: Transaction, call: Call, data: Sequence[Datum], now: float) -> bool:
    """Store the data; whether an alarm watches any of their metrics."""
    ids = {
        metric: metrics.publish(tx, call.account, call.region, metric, now)
        for metric in dict.fromkeys(datum.metric for datum in data)
    }
    tx.many(
        _INSERT,
        [
            {
                "id": row_id(),
                "metric": ids[datum.metric],
                "at": datum.at,
                "unit": datum.unit,
                "count": datum.count,
                "sum": datum.sum,
                "minimum": datum.minimum,
                "maximum": datum.maximum,
                "data": datum.data,
            }
            for datum in data
        ],
    )
    return watch.touch(tx, list(ids.values()), call.clock.wall())


def _read(namespace: str, found: Sequence[Mapping[str, Any]], now: float, window: tuple[float, float]) -> list[Datum]:
    return [
        _datum(namespace, datum, f"MetricData.member.{number}", now, window) for number, datum in enumerate(found, 1)
    ]


def _datum(namespace: str, datum: Mapping[str, Any], where: str, now: float, window: tuple[float, float]) -> Datum:
    resolution = datum.get("StorageResolution", 60)
    if resolution not in {1, 60}:
        raise bad_value(f"The value {resolution} for parameter {where}.StorageResolution is invalid.")
    at = datum["Timestamp"].timestamp() if "Timestamp" in datum else now
    if at < window[0]:
        raise bad_value(f"The parameter {where}.Timestamp must specify a time within the past two weeks.")
    if at > window[1]:
        raise bad_value(f"The parameter {where}.Timestamp must specify a time no more than two hours in the future.")
    dimensions = metrics.canonical(datum.get("Dimensions", ()), f"{where}.Dimensions")
    return Datum(
        Metric(namespace, datum["MetricName"], dimensions),
        float(math.floor(at / resolution) * resolution),
        datum.get("Unit", "None"),
        *_statistics(datum, where),
    )


def _statistics(datum: Mapping[str, Any], where: str) -> tuple[float, float, float, float, str | None]:
    """Count, sum, minimum, maximum, and the values where they do not follow from these."""
    given = [member for member in ("Value", "Values", "StatisticValues") if member in datum]
    if not given:
        raise absent(f"At least one of the parameters {where}.Value, Values or StatisticValues is required.")
    if len(given) > 1:
        raise bad_combination(
            f"The parameters {where}.{given[0]} and {where}.{given[1]} are mutually exclusive and you have "
            "specified both."
        )
    if given == ["Value"]:
        value = _number(datum["Value"], f"{where}.Value")
        return 1.0, value, value, value, None
    if given == ["Values"]:
        return _distribution(datum, where)
    stated = datum["StatisticValues"]
    count, total, minimum, maximum = (
        _number(stated[member], f"{where}.StatisticValues.{member}")
        for member in ("SampleCount", "Sum", "Minimum", "Maximum")
    )
    if count < 0 or minimum > maximum:
        raise bad_value(
            f"The parameter {where}.StatisticValues is invalid: SampleCount must not be negative, and "
            "Minimum must not be greater than Maximum."
        )
    return count, total, minimum, maximum, None


def _distribution(datum: Mapping[str, Any], where: str) -> tuple[float, float, float, float, str | None]:
    values = [_number(value, f"{where}.Values.member.{n}") for n, value in enumerate(datum["Values"], 1)]
    given = datum.get("Counts", ())
    counts = [_number(count, f"{where}.Counts.member.{n}") for n, count in enumerate(given, 1)]
    counts = counts or [1.0] * len(values)
    if not values:
        raise absent(f"The parameter {where}.Values is required.")
    if len(values) > _MOST_VALUES:
        raise bad_value(f"The collection {where}.Values must not have a size greater than {_MOST_VALUES}.")
    if len(counts) != len(values):
        raise bad_value(f"The parameters {where}.Values and {where}.Counts must be of the same size.")
    if any(count < 0 for count in counts):
        raise bad_value(f"The parameter {where}.Counts must not have a negative member.")
    total = math.fsum(value * count for value, count in zip(values, counts, strict=True))
    data = None if len(values) == 1 else orjson.dumps([values, counts]).decode()
    return math.fsum(counts), total, min(values), max(values), data


def _number(value: float, where: str) -> float:
    if not math.isfinite(value) or abs(value) > _LARGEST:
        raise bad_value(f"The value {value} for parameter {where} is invalid.")
    return float(value)
