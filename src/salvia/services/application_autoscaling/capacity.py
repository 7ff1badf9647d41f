"""How much a policy wants, from how much there is and what its alarm saw.

Source: Application Auto Scaling user guide, "Step scaling policies", "Target tracking scaling policies".
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any


def stepped(config: Mapping[str, Any], base: int, breach: float, *, above: bool) -> int | None:
    """The capacity of a step policy; None where no step is for such a breach (value minus threshold).

    `above`: the alarm is about values above its threshold. Then lower bounds are inclusive and upper ones exclusive;
    below it is the other way round.
    """
    for step in config["StepAdjustments"]:
        low = step.get("MetricIntervalLowerBound", -math.inf)
        high = step.get("MetricIntervalUpperBound", math.inf)
        if (low <= breach < high) if breach > 0 or (breach == 0 and above) else (low < breach <= high):
            return adjusted(config, base, step["ScalingAdjustment"])
    return None


def adjusted(config: Mapping[str, Any], base: int, adjustment: int) -> int:
    """A capacity, adjusted as AdjustmentType says."""
    kind = config["AdjustmentType"]
    if kind == "ExactCapacity":
        return adjustment
    if kind == "ChangeInCapacity":
        return base + adjustment
    # "Values greater than 1 are rounded down … between 0 and 1 are rounded to 1 … between 0 and -1 to -1 … less than
    # -1 are rounded up."
    exact = base * adjustment / 100
    change = math.trunc(exact) or (exact > 0) - (exact < 0)
    least = config.get("MinAdjustmentMagnitude", 0)
    if change and abs(change) < least:
        change = least if change > 0 else -least
    return base + change


def tracked(target: float, base: int, value: float | None, *, high: bool) -> int:
    """The capacity that brings a metric of each instance back to its target.

    A state that somebody set carries no value: then the capacity moves by one.
    """
    if value is None or base == 0:
        return max(base + (1 if high else -1), 0)
    wanted = math.ceil(round(base * value / target, 6))
    return max(wanted, base + 1) if high else min(wanted, base)


def overlapping(steps: Sequence[Mapping[str, Any]]) -> bool:
    """Whether two steps are for the same breach, or one for none."""
    bounds = sorted(
        (step.get("MetricIntervalLowerBound", -math.inf), step.get("MetricIntervalUpperBound", math.inf))
        for step in steps
    )
    return any(low >= high for low, high in bounds) or any(one[1] > other[0] for one, other in pairwise(bounds))
