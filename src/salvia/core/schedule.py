"""AWS's schedule expressions: at(2026-12-24T18:00:00), rate(5 minutes), cron(0 18 ? * MON-FRI *).

Source: Application Auto Scaling user guide, "Schedule recurring scaling actions using cron expressions"; EventBridge
user guide, "Cron expressions".
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_UNITS = {"minute": 60, "hour": 3_600, "day": 86_400}
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_YEARS = (1970, 2199)
_FURTHEST = 9 * 366  # days: the 29th of February comes again within eight years

Next = Callable[[float], float | None]
_Fits = Callable[[date], bool]


def zone(name: str) -> tzinfo:
    """A time zone by its name in the tz database. Raises ValueError."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"There is no time zone {name}.") from None


def parse(expression: str, where: tzinfo = UTC, start: float = 0.0) -> Next:
    """When an expression comes next after a moment, in seconds since the epoch; None: never again.

    A rate counts from `start`. Raises ValueError, saying what is wrong.
    """
    found = re.fullmatch(r"(at|rate|cron)\((.*)\)", expression.strip())
    if not found:
        raise ValueError(f"{expression} is neither at(…), rate(…) nor cron(…).")
    kind, inside = found[1], found[2].strip()
    if kind == "at":
        return _at(inside, where)
    return _rate(inside, start) if kind == "rate" else _Cron.parse(inside, where).after


def _at(text: str, where: tzinfo) -> Next:
    try:
        moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=where).timestamp()
    except ValueError:
        raise ValueError(f"at({text}) is no time of the form at(yyyy-mm-ddThh:mm:ss).") from None
    return lambda after: moment if moment > after else None


def _rate(text: str, start: float) -> Next:
    found = re.fullmatch(r"([1-9]\d{0,8}) (minute|hour|day)(s?)", text)
    if not found or (found[1] == "1") == bool(found[3]):
        raise ValueError(f"rate({text}) is none: rate(1 hour), rate(2 hours), with minutes, hours or days.")
    seconds = int(found[1]) * _UNITS[found[2]]
    return lambda after: start + (max(0, (after - start) // seconds) + 1) * seconds


@dataclass(frozen=True, slots=True)
class _Cron:
    minutes: Sequence[int]
    hours: Sequence[int]
    months: frozenset[int]
    years: frozenset[int]
    fits: _Fits
    where: tzinfo

    @classmethod
    def parse(cls, text: str, where: tzinfo) -> _Cron:
        fields = text.split()
        if len(fields) != 6:
            raise ValueError(f"cron({text}) needs six fields: minutes hours day-of-month month day-of-week year.")
        minutes, hours, days, months, weekdays, years = fields
        if (days == "?") == (weekdays == "?"):
            raise ValueError(f"cron({text}): one of day-of-month and day-of-week is ?, and the other is not.")
        return cls(
            sorted(_numbers(minutes, 0, 59)),
            sorted(_numbers(hours, 0, 23)),
            frozenset(_numbers(months, 1, 12, _MONTHS)),
            frozenset(_numbers(years, *_YEARS)),
            _of_week(weekdays) if days == "?" else _of_month(days),
            where,
        )

    def after(self, moment: float) -> float | None:
        """The next time, of days in order; what a clock change skips or repeats is as `datetime` has it."""
        day = datetime.fromtimestamp(moment, self.where).date()
        for _ in range(_FURTHEST):
            if day.year in self.years and day.month in self.months and self.fits(day):
                for hour in self.hours:
                    for minute in self.minutes:
                        at = datetime(day.year, day.month, day.day, hour, minute, tzinfo=self.where).timestamp()
                        if at > moment:
                            return at
            if day.year > max(self.years):
                return None
            day += timedelta(days=1)
        return None


def _numbers(field: str, low: int, high: int, names: Sequence[str] = ()) -> set[int]:
    """The numbers of a field such as `*`, `5`, `1-5`, `0/15`, `MON,WED`."""
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        if span == "*":
            begin, end = low, high
        else:
            begin = _number(first, low, high, names, field)
            end = _number(last, low, high, names, field) if last else high if step else begin
        if (step and not step.isdecimal()) or step == "0" or begin > end:
            raise ValueError(f"{field} is no field of a cron expression.")
        found.update(range(begin, end + 1, int(step or 1)))
    return found


def _number(text: str, low: int, high: int, names: Sequence[str], field: str) -> int:
    if text.upper() in names:
        return names.index(text.upper()) + 1
    if not text.isdecimal() or not low <= int(text) <= high:
        raise ValueError(f"{field}: {text or 'nothing'} is not between {low} and {high}.")
    return int(text)


def _of_month(field: str) -> _Fits:
    """Days of the month: numbers, `L` for the last, `15W` for the weekday nearest to the 15th."""
    if field == "L":
        return lambda day: day.day == _last(day)
    if field.endswith("W"):
        near = _number(field[:-1], 1, 31, (), field)
        return lambda day: day.day == _weekday(day, near)
    days = _numbers(field, 1, 31)
    return lambda day: day.day in days


def _of_week(field: str) -> _Fits:
    """Days of the week: SUN is 1; `6L` is the last Friday, `3#2` the second Tuesday of a month."""
    if field.endswith("L") and len(field) > 1:
        last = _number(field[:-1], 1, 7, _DAYS, field)
        return lambda day: _day(day) == last and day.day > _last(day) - 7
    if "#" in field:
        name, _, rank = field.partition("#")
        wanted, turn = _number(name, 1, 7, _DAYS, field), _number(rank, 1, 5, (), field)
        return lambda day: _day(day) == wanted and (day.day - 1) // 7 + 1 == turn
    days = {7} if field == "L" else _numbers(field, 1, 7, _DAYS)
    return lambda day: _day(day) in days


def _day(day: date) -> int:
    return day.isoweekday() % 7 + 1


def _last(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def _weekday(day: date, near: int) -> int:
    """The weekday nearest to the day `near` of a month, in that month."""
    exact = day.replace(day=min(near, _last(day)))
    return next(other.day for other in _around(exact) if other.month == day.month and other.isoweekday() < 6)


def _around(day: date) -> Iterator[date]:
    for distance in (0, -1, 1, -2, 2):
        yield day + timedelta(days=distance)
