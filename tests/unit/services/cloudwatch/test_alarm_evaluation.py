"""The tables of the CloudWatch user guide, "Configuring how CloudWatch alarms treat missing data"."""

from __future__ import annotations

from typing import Any

import pytest

from salvia.services.cloudwatch.alarms.evaluation import Datapoint, judge, span

INSUFFICIENT, RETAIN = "INSUFFICIENT_DATA", None
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")


def spec(needed: int, treatment: str, periods: int = 3) -> dict[str, Any]:
    return {
        "EvaluationPeriods": periods,
        "DatapointsToAlarm": needed,
        "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": treatment,
        "Period": 60,
    }


def values(drawn: str) -> list[Datapoint | None]:
    known = {"0": 0.0, "X": 2.0}
    return [None if mark == "-" else Datapoint(60 * n, known[mark]) for n, mark in enumerate(drawn.split())]


@pytest.mark.parametrize(
    ("drawn", "needed", "states"),
    [
        ("0 - X - X", 3, ("OK", "OK", "OK", "OK")),
        ("- - - - 0", 3, ("OK", "OK", "OK", "OK")),
        ("0 - - - -", 3, ("OK", "OK", "OK", "OK")),
        ("- - - - -", 3, (INSUFFICIENT, RETAIN, "ALARM", "OK")),
        ("0 X X - X", 3, ("ALARM", "ALARM", "ALARM", "ALARM")),
        ("- - X - -", 3, ("ALARM", RETAIN, "ALARM", "OK")),
        ("X - - - -", 3, ("ALARM", RETAIN, "ALARM", "OK")),
        ("- - - - X", 3, (INSUFFICIENT, RETAIN, "ALARM", "OK")),
        ("0 - X - X", 2, ("ALARM", "ALARM", "ALARM", "ALARM")),
        ("0 0 X 0 X", 2, ("ALARM", "ALARM", "ALARM", "ALARM")),
        ("0 - X - -", 2, ("OK", "OK", "ALARM", "OK")),
        ("- - - - 0", 2, ("OK", "OK", "ALARM", "OK")),
        ("- - - X -", 2, ("ALARM", RETAIN, "ALARM", "OK")),
        ("- - - - X", 2, (INSUFFICIENT, RETAIN, "ALARM", "OK")),
    ],
)
def test_the_guides_tables(drawn: str, needed: int, states: tuple[str | None, ...]) -> None:
    found = tuple(judge(spec(needed, treatment), values(drawn)).state for treatment in TREATMENTS)
    assert found == states


@pytest.mark.parametrize(
    ("operator", "value", "state"),
    [
        ("GreaterThanOrEqualToThreshold", 1.0, "ALARM"),
        ("GreaterThanThreshold", 1.0, "OK"),
        ("LessThanThreshold", 1.0, "OK"),
        ("LessThanOrEqualToThreshold", 1.0, "ALARM"),
    ],
)
def test_the_threshold_itself(operator: str, value: float, state: str) -> None:
    rule = {**spec(1, "missing", periods=1), "ComparisonOperator": operator}
    assert judge(rule, [None, None, Datapoint(0, value)]).state == state


@pytest.mark.parametrize(("period", "now", "start", "end"), [(10, 1007.0, 970, 1000), (300, 1007.0, 60, 960)])
def test_only_periods_that_have_ended_are_looked_at(period: int, now: float, start: int, end: int) -> None:
    """Every 10 seconds for the short ones, every minute for the others; two further than are evaluated."""
    found = span({**spec(1, "missing", periods=1), "Period": period}, now)
    assert (found.start, found.end) == (start, end)
