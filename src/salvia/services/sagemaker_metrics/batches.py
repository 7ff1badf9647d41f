"""BatchPutMetrics and BatchGetMetrics. Source: SageMaker API reference, SageMaker Metrics."""

from __future__ import annotations

import asyncio
import math
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from salvia.control import crud
from salvia.control.call import Call, operation
from salvia.control.resource import Resource
from salvia.core import ids
from salvia.core.errors import ServiceError, validation_error
from salvia.store.db import Row, Transaction

_PAST, _FUTURE = 14 * 86_400, 2 * 3_600  # seconds that a value's time may lie behind or ahead
_INSERT = """
INSERT INTO trial_metrics (id, component, name, at, step, value)
VALUES (:id, :component, :name, :at, :step, :value)"""
_POINTS = """
SELECT at, step, value FROM trial_metrics WHERE component = :component AND name = :name
ORDER BY at, COALESCE(step, -1), id"""
_PERIODS = {"OneMinute": 60, "FiveMinute": 300, "OneHour": 3_600}
_STATISTICS: dict[str, Callable[[list[float]], float]] = {
    "Min": min,
    "Max": max,
    "Avg": statistics.fmean,
    "Count": len,
    "StdDev": statistics.pstdev,
    "Last": lambda values: values[-1],
}


def _component(call: Call) -> Resource:
    return call.world.dispatch.resources["sagemaker:TrialComponent"]


@operation("BatchPutMetrics")
async def batch_put_metrics(call: Call) -> dict[str, Any]:
    """Keep values of a trial component; those that are no numbers or of another time are named in `Errors`."""
    resource = _component(call)
    # The model's name is in lower case, the component's own need not be: its ARN is.
    named = {resource.key: call.request["TrialComponentName"]}
    component = crud.find(call, resource, resource.arn_of(named, call.account, call.region))
    now = call.clock.wall()
    errors: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    for index, point in enumerate(call.request["MetricData"]):
        at = _seconds(point["Timestamp"])
        value = float(point["Value"])
        if math.isfinite(value) and now - _PAST <= at <= now + _FUTURE:
            row = {"name": point["MetricName"], "at": at, "step": point.get("Step"), "value": value}
            rows.append({**row, "id": ids.row_id(), "component": component.id})
        else:
            errors.append({"Code": "VALIDATION_ERROR", "MetricIndex": index})

    def work(tx: Transaction) -> None:
        crud.look_up(call, resource, component.arn, tx)  # it may have been deleted meanwhile
        tx.many(_INSERT, rows)

    if rows:
        await call.db.write(work)
    return {"Errors": errors} if errors else {}


@operation("BatchGetMetrics")
async def batch_get_metrics(call: Call) -> dict[str, Any]:
    """One series for each query: a value for each period, or for each step, that has one.

    Start and End, both included, count in seconds, or in steps where the x-axis does.
    """
    return {"MetricQueryResults": [await _answer(call, query) for query in call.request["MetricQueries"]]}


async def _answer(call: Call, query: dict[str, Any]) -> dict[str, Any]:
    by_step = query["XAxisType"] == "IterationNumber"
    try:
        if by_step != (query["Period"] == "IterationNumber"):
            raise validation_error("An x-axis of iterations goes with the period IterationNumber, and with no other.")
        component = crud.find(call, _component(call), query["ResourceArn"])
    except ServiceError as error:
        return {"Status": "ValidationError", "Message": error.message, "XAxisValues": [], "MetricValues": []}
    rows = await call.db.scan(_POINTS, {"component": component.id, "name": query["MetricName"]})
    return await asyncio.to_thread(_series, rows, query)


def _series(rows: Iterable[Row], query: dict[str, Any]) -> dict[str, Any]:
    groups: defaultdict[int, list[float]] = defaultdict(list)
    period = _PERIODS.get(query["Period"])
    start, end = query.get("Start", -math.inf), query.get("End", math.inf)
    for row in rows:
        x = row["step"] if period is None else int(row["at"])
        if x is not None and start <= x <= end:
            groups[x if period is None else x - x % period].append(row["value"])
    axis = sorted(groups)
    chosen = _STATISTICS[query["MetricStat"]]
    return {"Status": "Complete", "XAxisValues": axis, "MetricValues": [chosen(groups[x]) for x in axis]}


def _seconds(moment: object) -> float:
    return moment.timestamp() if isinstance(moment, datetime) else float(str(moment))
