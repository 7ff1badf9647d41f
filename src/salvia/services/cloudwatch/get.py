"""GetMetricStatistics and GetMetricData."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from salvia.control.call import Call, operation
from salvia.control.listing import decode_token, encode_token
from salvia.core.errors import ServiceError

from . import metrics, statistics
from .errors import absent, bad_combination, bad_value, not_valid
from .metrics import Metric
from .statistics import SIMPLE, Point, Range

_MOST_POINTS = 1_440
_MOST_DATA = 100_800
_MOST_QUERIES = 500
_ID = re.compile(r"[a-z][a-zA-Z0-9_]*")


@operation("GetMetricStatistics")
async def get_metric_statistics(call: Call) -> dict[str, Any]:
    """Statistics of one metric, up to 1,440 datapoints; a metric that does not exist has none.

    Data of different units make datapoints of their own. Raises InvalidParameterValue,
    InvalidParameterCombination, MissingParameter. Source: CloudWatch API reference, GetMetricStatistics.
    """
    request = call.request
    simple, extended = request.get("Statistics", []), request.get("ExtendedStatistics", [])
    if not simple and not extended:
        raise absent("Must specify either Statistics or ExtendedStatistics")
    if simple and extended:
        raise bad_combination("The parameters Statistics and ExtendedStatistics are mutually exclusive.")
    for name in extended:
        if statistics.percentile(name) is None:
            raise bad_value(
                f"The value {name} for parameter ExtendedStatistics is not supported. Use a percentile, p0.0 to p100."
            )
    period = request["Period"]
    if not statistics.is_period(period):
        raise bad_value("The parameter Period must be 1, 5, 10, 20, 30, or a multiple of 60.")
    start, end = request["StartTime"].timestamp(), request["EndTime"].timestamp()
    if start >= end:
        raise bad_value("The parameter StartTime must be less than the parameter EndTime.")
    span = Range.rounded(start, end, period, min(call.clock.wall(), call.clock.now()))
    if span.points > _MOST_POINTS:
        raise bad_combination(
            f"You have requested up to {span.points:,} datapoints, which exceeds the limit of "
            f"{_MOST_POINTS:,}. You may reduce the datapoints requested by increasing Period, or decreasing "
            "the time range."
        )
    dimensions = metrics.canonical(request.get("Dimensions", ()), "Dimensions")
    metric = metrics.find(call, Metric(request["Namespace"], request["MetricName"], dimensions))
    found: list[Point] = []
    if metric is not None:
        found = await statistics.points(call.db, metric, span, [*simple, *extended], unit=request.get("Unit"))
    return {
        "Label": request["MetricName"],
        "Datapoints": [_datapoint(point, bool(extended)) for point in found],
    }


def _datapoint(point: Point, extended: bool) -> dict[str, Any]:
    values: dict[str, Any] = {"ExtendedStatistics": point.values} if extended else dict(point.values)
    return {"Timestamp": point.at, "Unit": point.unit, **values}


@operation("GetMetricData")
async def get_metric_data(call: Call) -> dict[str, Any]:
    """Statistics of up to 500 metrics, a value a period, `MaxDatapoints` a page.

    A page fills one query after the other; what is cut has PartialData. Math expressions are refused. Raises
    ValidationError, InvalidNextToken. Source: CloudWatch API reference, GetMetricData.
    """
    request = call.request
    queries = request["MetricDataQueries"]
    _check(queries)
    start, end = request["StartTime"].timestamp(), request["EndTime"].timestamp()
    if start >= end:
        raise not_valid("The parameter StartTime must be less than the parameter EndTime.")
    room = request.get("MaxDatapoints", _MOST_DATA)
    if not 0 < room <= _MOST_DATA:
        raise not_valid(f"The parameter MaxDatapoints must be between 1 and {_MOST_DATA:,}.")
    descending = request.get("ScanBy", "TimestampDescending") == "TimestampDescending"
    place, at = _read_token(request["NextToken"], len(queries)) if request.get("NextToken") else (0, None)
    results: list[dict[str, Any]] = []
    for number in range(place, len(queries)):
        query = queries[number]
        if not query.get("ReturnData", True):
            continue
        if room == 0:
            return {"MetricDataResults": results, "NextToken": encode_token([number, None])}
        period = query["MetricStat"]["Period"]
        span = Range.rounded(start, end, period, min(call.clock.wall(), call.clock.now()))
        if at is not None and number == place:
            span = _beyond(span, at, descending)
        found = await _values(call, query["MetricStat"], span, descending, room + 1)
        shown = found[:room]
        room -= len(shown)
        results.append(_result(query, shown, complete=len(found) == len(shown)))
        if len(found) > len(shown):
            return {"MetricDataResults": results, "NextToken": encode_token([number, shown[-1].at])}
    return {"MetricDataResults": results}


def _check(queries: Sequence[Mapping[str, Any]]) -> None:
    """Raise ValidationError for what the model cannot say."""
    if not 0 < len(queries) <= _MOST_QUERIES:
        raise not_valid(f"The collection MetricDataQueries must have a size between 1 and {_MOST_QUERIES}.")
    ids: set[str] = set()
    for number, query in enumerate(queries, 1):
        where, name = f"MetricDataQueries.member.{number}", query["Id"]
        if not _ID.fullmatch(name):
            raise not_valid(
                f"The value {name} for parameter {where}.Id is invalid. It must begin with a lower-case "
                "letter and consist of letters, digits and underscores."
            )
        if name in ids:
            raise not_valid(f"The values for parameter id in MetricDataQueries are not unique: {name}.")
        ids.add(name)
        if ("Expression" in query) == ("MetricStat" in query):
            raise not_valid(f"Exactly one of {where}.Expression and {where}.MetricStat must be specified.")
        if "Expression" in query:
            raise not_valid(
                f"The parameter {where}.Expression is not supported: Salvia does not evaluate metric "
                "math and Metrics Insights queries yet. Ask for the metrics with MetricStat and "
                "compute with their values."
            )
        if "${" in query.get("Label", ""):
            raise not_valid(f"The parameter {where}.Label is not supported: dynamic labels are not implemented.")
        stat = query["MetricStat"]
        if not statistics.is_period(stat["Period"]):
            raise not_valid(f"The parameter {where}.MetricStat.Period must be 1, 5, 10, 20, 30, or a multiple of 60.")
        if stat["Stat"] not in SIMPLE and statistics.percentile(stat["Stat"]) is None:
            raise not_valid(
                f"The value {stat['Stat']} for parameter {where}.MetricStat.Stat is not supported. Use "
                f"{', '.join(SIMPLE)} or a percentile, p0.0 to p100."
            )
    if not any(query.get("ReturnData", True) for query in queries):
        raise not_valid("At least one of MetricDataQueries must have ReturnData true.")


async def _values(call: Call, stat: Mapping[str, Any], span: Range, descending: bool, limit: int) -> list[Point]:
    wanted = stat["Metric"]
    try:
        dimensions = metrics.canonical(wanted.get("Dimensions", ()), "MetricStat.Metric.Dimensions")
    except ServiceError as error:
        raise not_valid(error.message) from None
    if "Namespace" not in wanted or "MetricName" not in wanted:
        raise not_valid("The parameter MetricStat.Metric needs both Namespace and MetricName.")
    metric = metrics.find(call, Metric(wanted["Namespace"], wanted["MetricName"], dimensions))
    if metric is None:
        return []
    return await statistics.points(
        call.db,
        metric,
        span,
        [stat["Stat"]],
        unit=stat.get("Unit"),
        by_unit=False,
        descending=descending,
        limit=limit,
    )


def _result(query: Mapping[str, Any], found: Sequence[Point], *, complete: bool) -> dict[str, Any]:
    stat = query["MetricStat"]
    return {
        "Id": query["Id"],
        "Label": query.get("Label") or stat["Metric"]["MetricName"],
        "Timestamps": [point.at for point in found],
        "Values": [point.values[stat["Stat"]] for point in found],
        "StatusCode": "Complete" if complete else "PartialData",
    }


def _beyond(span: Range, at: int, descending: bool) -> Range:
    """The part of a range that comes after the datapoint of the period that begins at `at`."""
    if descending:
        return Range(span.start, min(span.end, at), span.period)
    return Range(max(span.start, at + span.period), span.end, span.period)


def _read_token(token: str, queries: int) -> tuple[int, int | None]:
    try:
        place, at = decode_token(token)
    except (ServiceError, ValueError, TypeError):
        place, at = None, None
    if type(place) is not int or not 0 <= place < queries or not (at is None or type(at) is int):
        raise ServiceError("InvalidNextToken", "The next token specified is invalid.")
    return place, at
