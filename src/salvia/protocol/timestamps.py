"""Moments on the wire: ISO 8601, HTTP dates and seconds since the epoch.

Python values are aware datetimes in UTC, as boto3's are. When written, a datetime, seconds since the epoch
or ISO text will do. Formats are named as in the models: `iso8601`, `rfc822`, `unixtimestamp`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

_NUMBER = re.compile(r"[-+]?\d{1,15}(\.\d{1,12})?([eE][-+]?\d{1,3})?", re.ASCII)
_ISO = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d.*)?", re.ASCII)


def from_epoch(seconds: float) -> datetime:
    """The moment `seconds` after the epoch. Raises ValueError when no calendar holds it."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        raise ValueError(f"{seconds!r} seconds since the epoch is no date") from None


def from_text(text: str) -> datetime:
    """The moment that `text` names, in any of the three formats. Raises ValueError when it names none."""
    text = text.strip()
    if len(text) > 64:
        raise ValueError("a timestamp has at most 64 characters")
    if _NUMBER.fullmatch(text):
        return from_epoch(float(text))
    try:
        if _ISO.fullmatch(text):
            return _aware(datetime.fromisoformat(text))
        return _aware(parsedate_to_datetime(text))
    except (ValueError, TypeError, IndexError, OverflowError):
        raise ValueError(f"'{text}' is no timestamp") from None


def moment(value: object) -> datetime:
    """What a room hands over, as an aware datetime: a datetime, epoch seconds, or text."""
    if isinstance(value, datetime):
        return _aware(value)
    if isinstance(value, (int, float)):
        return from_epoch(value)
    return from_text(str(value))


def epoch(value: object) -> float:
    """Seconds since the epoch, to the millisecond: what AWS's JSON carries."""
    seconds = value if isinstance(value, (int, float)) else moment(value).timestamp()
    return round(seconds, 3)


def iso(value: object) -> str:
    """`2019-12-16T23:48:18Z`, with milliseconds where there are any."""
    when = moment(value)
    return f"{_wall(when)}.{when.microsecond // 1000:03d}Z" if when.microsecond >= 1000 else f"{_wall(when)}Z"


def iso_milliseconds(value: object) -> str:
    """`2019-12-16T23:48:18.000Z`: S3's bodies always carry milliseconds."""
    when = moment(value)
    return f"{_wall(when)}.{when.microsecond // 1000:03d}Z"


def http_date(value: object) -> str:
    """`Mon, 16 Dec 2019 23:48:18 GMT`."""
    return format_datetime(moment(value).replace(microsecond=0), usegmt=True)


def epoch_text(value: object) -> str:
    """Seconds since the epoch as text, without a fraction where there is none."""
    seconds = epoch(value)
    return str(int(seconds)) if seconds == int(seconds) else str(seconds)


def _wall(when: datetime) -> str:
    return f"{when.year:04d}-{when.month:02d}-{when.day:02d}T{when.hour:02d}:{when.minute:02d}:{when.second:02d}"


def _aware(when: datetime) -> datetime:
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
