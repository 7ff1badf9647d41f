"""What state the datapoints of a metric put an alarm into.

Source: CloudWatch user guide, "Alarm evaluation", "Configuring how CloudWatch alarms treat missing data".
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ..statistics import Range
from . import ALARMED, INSUFFICIENT, OK

FURTHER = 2  # periods that are looked at beyond those evaluated: the guide's tables show 5 for 3
COMPARISONS: Mapping[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")


class Datapoint(NamedTuple):
    """The value of one period, which begins at `at`, in seconds."""

    at: int
    value: float


class Verdict(NamedTuple):
    """A state, None for the one that there is; and the real datapoints that it follows from, the newest first."""

    state: str | None
    evaluated: Sequence[Datapoint]


def interval(period: int) -> int:
    """How often an alarm is evaluated: every 10 seconds when its period is shorter than a minute, else every minute."""
    return 10 if period < 60 else 60


def span(spec: Mapping[str, Any], now: float) -> Range:
    """The evaluation range: the whole periods that ended by the last evaluation's time."""
    period, step = spec["Period"], interval(spec["Period"])
    end = math.floor(now / step) * step
    return Range(end - (spec["EvaluationPeriods"] + FURTHER) * period, end, period)


def judge(spec: Mapping[str, Any], values: Sequence[Datapoint | None]) -> Verdict:
    """The verdict on the values of an evaluation range, the oldest first; None where there was no data."""
    periods, needed = spec["EvaluationPeriods"], spec["DatapointsToAlarm"]
    compare = COMPARISONS[spec["ComparisonOperator"]][0]
    breaches = [None if value is None else compare(value.value, spec["Threshold"]) for value in values]
    real = [breach for breach in breaches if breach is not None][-periods:]
    evaluated = [value for value in values if value is not None][-periods:][::-1]
    absent = periods - len(real)
    treatment = spec.get("TreatMissingData", "missing")
    if treatment in ("breaching", "notBreaching"):
        real += [treatment == "breaching"] * absent
        absent = 0
    if not absent or real.count(True) >= needed:
        return Verdict(ALARMED if real.count(True) >= needed else OK, evaluated)
    if False in real:
        return Verdict(OK, evaluated)
    if treatment == "ignore":
        return Verdict(None, evaluated)
    # "Alarms are designed to always go into ALARM state when the oldest available breaching datapoint … is at least as
    # old as the value of Datapoints to Alarm, and all other more recent data points are breaching or missing."
    oldest = len(breaches) - breaches.index(True) if real else 0
    return Verdict(ALARMED if real and oldest >= needed else INSUFFICIENT, evaluated)
