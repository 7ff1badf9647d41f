"""The periods that a request asks for. Source: API_GetCostAndUsage, TimePeriod and Granularity; API_DateInterval."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from salvia.control.cost.bill import DAY, HOUR
from salvia.core.errors import validation_error

_MOST = 20_000  # more are no answer that anybody reads


class Periods:
    """Hours, days or months from a start to before an end, the first and the last as long as they lie in between."""

    def __init__(self, interval: dict[str, str], granularity: str) -> None:
        self._hourly = granularity == "HOURLY"
        self.step = HOUR if self._hourly else DAY
        since, until = (_moment(interval[name], hourly=self._hourly) for name in ("Start", "End"))
        if since >= until:
            raise validation_error("Start date (and hour) should be before end date (and hour)")
        self.since, self.until = int(since.timestamp()), int(until.timestamp())
        if (self.until - self.since) // self.step > _MOST:
            raise validation_error(
                f"The period has more than {_MOST} {'hours' if self._hourly else 'days'}. Ask for less."
            )
        self._starts = _starts(since, until, granularity)

    def __len__(self) -> int:
        return len(self._starts)

    def index(self, moment: int) -> int:
        """The period in which a moment lies."""
        return bisect_right(self._starts, moment) - 1

    def end(self, index: int) -> int:
        """When a period ends."""
        return self._starts[index + 1] if index + 1 < len(self._starts) else self.until

    def shown(self, index: int) -> dict[str, str]:
        """A period as an answer has it."""
        form = "%Y-%m-%dT%H:%M:%SZ" if self._hourly else "%Y-%m-%d"
        ends = {"Start": self._starts[index], "End": self.end(index)}
        return {name: datetime.fromtimestamp(moment, UTC).strftime(form) for name, moment in ends.items()}


def _starts(since: datetime, until: datetime, granularity: str) -> Sequence[int]:
    found, at = [], since
    while at < until:
        found.append(int(at.timestamp()))
        at = _next(at, granularity)
    return found


def _next(at: datetime, granularity: str) -> datetime:
    if granularity == "HOURLY":
        return at.replace(minute=0, second=0) + timedelta(hours=1)
    if granularity == "DAILY":
        return at + timedelta(days=1)
    return (at.replace(day=1) + timedelta(days=32)).replace(day=1)


def _moment(text: str, *, hourly: bool) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ" if hourly else "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        form = "yyyy-MM-ddThh:mm:ssZ, as HOURLY takes" if hourly else "yyyy-MM-dd"
        raise validation_error(f"'{text}' is no date of the form {form}.") from None


def of_dates(interval: dict[str, Any]) -> Periods:
    """One of whatever form its ends have."""
    return Periods(interval, "HOURLY" if "T" in interval["Start"] else "DAILY")
