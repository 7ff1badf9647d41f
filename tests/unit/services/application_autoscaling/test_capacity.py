"""How capacities are computed. Expectations: Application Auto Scaling user guide, "How step scaling works"."""

from __future__ import annotations

from typing import Any

import pytest

from salvia.services.application_autoscaling.capacity import adjusted, overlapping, stepped, tracked

# The guide's example, for an alarm at 60: +10 % between 60 and 70, +30 % from 70 on.
OUT: dict[str, Any] = {
    "AdjustmentType": "PercentChangeInCapacity",
    "StepAdjustments": [
        {"MetricIntervalLowerBound": 0.0, "MetricIntervalUpperBound": 10.0, "ScalingAdjustment": 10},
        {"MetricIntervalLowerBound": 10.0, "ScalingAdjustment": 30},
    ],
}
# And at 40: -10 % between 30 and 40, -30 % up to 30.
BACK: dict[str, Any] = {
    "AdjustmentType": "PercentChangeInCapacity",
    "StepAdjustments": [
        {"MetricIntervalLowerBound": -10.0, "MetricIntervalUpperBound": 0.0, "ScalingAdjustment": -10},
        {"MetricIntervalUpperBound": -10.0, "ScalingAdjustment": -30},
    ],
}


@pytest.mark.parametrize(("breach", "expected"), [(0.0, 11), (9.9, 11), (10.0, 13), (100.0, 13), (-1.0, None)])
def test_lower_bounds_are_inclusive_above_a_threshold(breach: float, expected: int | None) -> None:
    assert stepped(OUT, 10, breach, above=True) == expected


@pytest.mark.parametrize(("breach", "expected"), [(0.0, 9), (-9.9, 9), (-10.0, 7), (-100.0, 7), (1.0, None)])
def test_upper_bounds_are_inclusive_below_one(breach: float, expected: int | None) -> None:
    assert stepped(BACK, 10, breach, above=False) == expected


@pytest.mark.parametrize(
    ("kind", "base", "adjustment", "least", "expected"),
    [
        ("ChangeInCapacity", 3, 2, 0, 5),
        ("ChangeInCapacity", 3, -2, 0, 1),
        ("ExactCapacity", 3, 7, 0, 7),
        ("PercentChangeInCapacity", 10, 127, 0, 22),  # 12.7 is rounded to 12
        ("PercentChangeInCapacity", 10, 6, 0, 11),  # .6 to 1
        ("PercentChangeInCapacity", 10, -6, 0, 9),  # -.6 to -1
        ("PercentChangeInCapacity", 10, -66, 0, 4),  # -6.6 to -6
        ("PercentChangeInCapacity", 4, 25, 2, 6),  # MinAdjustmentMagnitude: the guide's example
        ("PercentChangeInCapacity", 4, -25, 2, 2),
        ("PercentChangeInCapacity", 4, 100, 2, 8),
    ],
)
def test_adjustments(kind: str, base: int, adjustment: int, least: int, expected: int) -> None:
    config = {"AdjustmentType": kind, "MinAdjustmentMagnitude": least}
    assert adjusted(config, base, adjustment) == expected


@pytest.mark.parametrize(
    ("value", "base", "high", "expected"),
    [
        (140.0, 2, True, 4),  # 70 an instance
        (71.0, 4, True, 5),
        (700.0, 1, True, 10),
        (62.0, 10, False, 9),
        (7.0, 10, False, 1),
        (0.0, 4, False, 0),  # the bounds see to the rest
        (62.0, 2, False, 2),  # one instance would be too few
        (None, 2, True, 3),
        (None, 2, False, 1),
        (None, 0, False, 0),
    ],
)
def test_a_metric_of_each_instance_is_brought_back_to_its_target(
    value: float | None, base: int, high: bool, expected: int
) -> None:
    assert tracked(70.0, base, value, high=high) == expected


def test_intervals_that_overlap() -> None:
    assert not overlapping(OUT["StepAdjustments"])
    assert overlapping([{"MetricIntervalLowerBound": 0.0}, {"MetricIntervalLowerBound": 5.0}])
    assert overlapping([{"MetricIntervalLowerBound": 5.0, "MetricIntervalUpperBound": 5.0}])
