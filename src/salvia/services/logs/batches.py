"""A batch of log events: what PutLogEvents accepts of it, and how it is kept.

Source: CloudWatch Logs API reference, PutLogEvents and RejectedLogEventsInfo.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import orjson

from .errors import invalid

OVERHEAD = 26
_MOST_BYTES = 1_048_576
_HOUR = 3_600_000
DAY = 24 * _HOUR
_LATEST, _EARLIEST = 2 * _HOUR, 14 * DAY


@dataclass(frozen=True, slots=True)
class Window:
    """What is accepted, as timestamps: from `earliest`, `oldest` (by the group's retention), to `latest`."""

    earliest: int
    oldest: int
    latest: int

    @classmethod
    def at(cls, wall: int, virtual: int, oldest: int) -> Window:
        """Clients stamp events by the world's clock; the service may be ahead of it. Both are right."""
        return cls(min(wall, virtual) - _EARLIEST, oldest, max(wall, virtual) + _LATEST)


@dataclass(frozen=True, slots=True)
class Batch:
    """The accepted part of a batch, packed. `size` counts as AWS does: UTF-8 and 26 an event."""

    first_at: int = 0
    last_at: int = 0
    count: int = 0
    size: int = 0
    packed: bytes = b""
    rejected: Mapping[str, int] = field(default_factory=dict)


def pack(events: Sequence[Mapping[str, Any]], window: Window) -> Batch:
    """Check a batch and pack what is accepted of it. Raises InvalidParameterException."""
    times = [event["timestamp"] for event in events]
    if any(later < earlier for earlier, later in pairwise(times)):
        raise invalid("Log events in a single PutLogEvents request must be in chronological order.")
    # A lone surrogate has no UTF-8; everything else is kept as it is.
    raw = [event["message"].encode("utf-8", "replace") for event in events]
    total = sum(map(len, raw)) + OVERHEAD * len(raw)
    if total > _MOST_BYTES:
        raise invalid(f"Upload too large: {total} bytes exceeds limit of {_MOST_BYTES}")
    first, end, rejected = _accepted(times, window)
    times, raw = times[first:end], raw[first:end]
    if not times:
        return Batch(rejected=rejected)
    if times[-1] - times[0] > DAY:
        raise invalid("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")
    return Batch(
        first_at=times[0],
        last_at=times[-1],
        count=len(times),
        size=sum(map(len, raw)) + OVERHEAD * len(raw),
        packed=zlib.compress(orjson.dumps([times, [message.decode() for message in raw]]), 1),
        rejected=rejected,
    )


def _accepted(times: Sequence[int], window: Window) -> tuple[int, int, dict[str, int]]:
    """The slice that is accepted, and RejectedLogEventsInfo for the rest; ends are exclusive."""
    too_old = sum(1 for time in times if time < window.earliest)
    expired = sum(1 for time in times if time < window.oldest)
    in_time = sum(1 for time in times if time <= window.latest)
    rejected: dict[str, int] = {}
    if too_old:
        rejected["tooOldLogEventEndIndex"] = too_old
    if expired > too_old:
        rejected["expiredLogEventEndIndex"] = expired
    if in_time < len(times):
        rejected["tooNewLogEventStartIndex"] = in_time
    return max(too_old, expired), in_time, rejected


def unpack(packed: bytes) -> tuple[list[int], list[str]]:
    """Timestamps and messages, in order."""
    times, messages = orjson.loads(zlib.decompress(packed))
    return times, messages
