"""Schedule expressions. Expectations: EventBridge and Application Auto Scaling user guides."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from salvia.core import schedule


def comes(expression: str, after: str, where: str = "UTC", times: int = 1) -> list[str]:
    """The next times, in the zone's own words."""
    zone = schedule.zone(where)
    at = datetime.fromisoformat(after).replace(tzinfo=zone).timestamp()
    found = []
    for _ in range(times):
        following = schedule.parse(expression, zone, start=at)(at)
        if following is None:
            break
        found.append(f"{datetime.fromtimestamp(following, zone):%Y-%m-%dT%H:%M:%S}")
        at = following
    return found


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("cron(0 10 * * ? *)", "2026-11-26T10:00:00"),  # 10:00 every day
        ("cron(15 12 * * ? *)", "2026-11-26T12:15:00"),
        ("cron(0 18 ? * MON-FRI *)", "2026-11-25T18:00:00"),
        ("cron(0 8 1 * ? *)", "2026-12-01T08:00:00"),  # the first of every month
        ("cron(0/15 * * * ? *)", "2026-11-25T13:15:00"),
        ("cron(0/5 8-17 ? * MON-FRI *)", "2026-11-25T13:05:00"),
        ("cron(0 9 ? * 2#1 *)", "2026-12-07T09:00:00"),  # the first Monday
        ("cron(0 9 ? * 6L *)", "2026-11-27T09:00:00"),  # the last Friday
        ("cron(0 9 L * ? *)", "2026-11-30T09:00:00"),
        ("cron(0 9 29W * ? *)", "2026-11-30T09:00:00"),  # the 29th is a Sunday
        ("cron(0 0 29 2 ? *)", "2028-02-29T00:00:00"),
        ("cron(30 6 ? JAN,JUL SUN 2027)", "2027-01-03T06:30:00"),
        ("rate(5 minutes)", "2026-11-25T13:05:00"),
        ("rate(1 day)", "2026-11-26T13:00:00"),
        ("at(2026-12-24T18:00:00)", "2026-12-24T18:00:00"),
    ],
)
def test_when_it_comes_next(expression: str, expected: str) -> None:
    """From Wednesday, the 25th of November 2026, 13:00."""
    assert comes(expression, "2026-11-25T13:00:00") == [expected]


def test_a_time_zone_has_its_own_clock() -> None:
    """Eight in the morning in New York is another moment in winter than in summer."""
    assert comes("cron(0 8 * * ? *)", "2026-03-07T09:00:00", "America/New_York", 2) == [
        "2026-03-08T08:00:00",
        "2026-03-09T08:00:00",
    ]
    zone = schedule.zone("America/New_York")
    after = datetime(2026, 3, 7, 14, tzinfo=UTC).timestamp()
    following = schedule.parse("cron(0 8 * * ? *)", zone)(after)
    assert following is not None
    assert datetime.fromtimestamp(following, UTC).hour == 12  # summer time began that night


def test_what_is_over_never_comes_again() -> None:
    assert comes("at(2026-11-25T12:00:00)", "2026-11-25T13:00:00") == []
    assert comes("cron(0 0 1 1 ? 2020)", "2026-11-25T13:00:00") == []
    assert comes("cron(0 0 31 2 ? *)", "2026-11-25T13:00:00") == []


@pytest.mark.parametrize(
    "expression",
    [
        *("daily", "at(tomorrow)", "rate(0 minutes)", "rate(1 minutes)", "rate(2 hour)", "rate(5 seconds)"),
        *("cron(0 0 * * *)", "cron(0 0 * * * *)", "cron(0 0 ? * ? *)", "cron(60 0 * * ? *)", "cron(a 0 * * ? *)"),
        *("cron(0 24 * * ? *)", "cron(0 0 0 * ? *)", "cron(5-1 0 * * ? *)", "cron(0/0 0 * * ? *)", "cron(0 0 ? * 8 *)"),
    ],
)
def test_what_is_no_schedule(expression: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        schedule.parse(expression)


def test_what_is_no_time_zone() -> None:
    with pytest.raises(ValueError, match="no time zone Mars/Olympus"):
        schedule.zone("Mars/Olympus")
