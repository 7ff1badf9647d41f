"""Why an alarm is in its state: StateReason for people, StateReasonData for programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from salvia.core.clock import timestamp

from ..statistics import Range
from . import ALARMED, INSUFFICIENT, statistic
from .evaluation import COMPARISONS, Datapoint, Verdict

UNCHECKED = "Unchecked: Initial alarm creation"


def sentence(spec: Mapping[str, Any], state: str, before: str, verdict: Verdict) -> str:
    """AWS's sentence about a verdict."""
    periods, points = spec["EvaluationPeriods"], verdict.evaluated
    if not points:
        if state == INSUFFICIENT:
            were = "datapoint was" if periods == 1 else "datapoints were"
            return f"Insufficient Data: {periods} {were} unknown."
        treated = "Breaching" if state == ALARMED else "NonBreaching"
        return (
            f"Threshold Crossed: no datapoints were received for {_many(periods, 'period')} and "
            f"{_many(periods, 'missing datapoint')} {'was' if periods == 1 else 'were'} treated as [{treated}]."
        )
    compare, words = COMPARISONS[spec["ComparisonOperator"]]
    breaching = [point for point in points if compare(point.value, spec["Threshold"])]
    shown = breaching if state == ALARMED else [point for point in points if point not in breaching]
    if not shown:
        treated = "Breaching" if state == ALARMED else "NonBreaching"
        missing = _many(periods - len(points), "missing datapoint")
        return f"Threshold Crossed: {missing} {'was' if periods - len(points) == 1 else 'were'} treated as [{treated}]."
    values = ", ".join(f"{point.value} ({timestamp(point.at):%d/%m/%y %H:%M:%S})" for point in shown)
    needed = spec["DatapointsToAlarm"] if state == ALARMED else periods - spec["DatapointsToAlarm"] + 1
    return (
        f"Threshold Crossed: {len(shown)} out of the last {_many(periods, 'datapoint')} [{values}] "
        f"{'was' if len(shown) == 1 else 'were'} {'' if state == ALARMED else 'not '}{words} the threshold "
        f"({spec['Threshold']}) (minimum {_many(needed, 'datapoint')} for {before} -> {state} transition)."
    )


def data(spec: Mapping[str, Any], span: Range, now: float, verdict: Verdict) -> str:
    """The JSON of StateReasonData."""
    content: dict[str, Any] = {"version": "1.0", "queryDate": moment(now)}
    if verdict.evaluated:
        content["startDate"] = moment(verdict.evaluated[-1].at)
    if spec.get("Unit"):
        content["unit"] = spec["Unit"]
    values: list[Datapoint] = list(verdict.evaluated)
    content |= {
        "statistic": statistic(dict(spec)),
        "period": span.period,
        "recentDatapoints": [point.value for point in reversed(values)],
        "threshold": spec["Threshold"],
        "evaluatedDatapoints": [{"timestamp": moment(point.at), "value": point.value} for point in values],
    }
    return orjson.dumps(content).decode()


def moment(at: float) -> str:
    """A time as alarms write it: 2026-11-25T18:00:00.000+0000."""
    when = timestamp(at)
    return f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03}+0000"


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
