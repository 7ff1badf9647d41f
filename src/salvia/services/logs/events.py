"""GetLogEvents and FilterLogEvents: reading what was logged."""

from __future__ import annotations

import uuid
from typing import Any

from salvia.control.call import Call, operation
from salvia.control.listing import encode_token
from salvia.store.documents import Document

from . import pages, patterns
from .errors import invalid, read_token
from .groups import BEYOND, group_of, now, oldest, stream_row
from .pages import Event, Key, Query

_FOREVER = 1 << 62
_FEW = 100
_JANUARY_2024 = 1_704_067_200_000


@operation("GetLogEvents")
async def get_log_events(call: Call) -> dict[str, Any]:
    """Events of one stream, in order; from its end backwards unless `startFromHead`.

    Both tokens are always there. The one that was passed comes back when there is nothing further that way,
    and works again once there is. Source: CloudWatch Logs API reference, GetLogEvents.
    """
    request = call.request
    group = group_of(call)
    stream = stream_row(call.db.read(), group, request["logStreamName"])
    backwards, gap = not request.get("startFromHead", False), None
    if "nextToken" in request:
        backwards, gap = _read_gap(request["nextToken"])
    since = max(request.get("startTime", 0), oldest(group, now(call)))
    query = Query(
        streams=[stream["id"]],
        group=group.id,
        since=since,
        until=request.get("endTime", _FOREVER) - 1,
        span=stream["span"],
        gap=gap,
        backwards=backwards,
        limit=request.get("limit", pages.MOST_EVENTS),
    )
    events = (await pages.read(call.db, query)).events
    if backwards:
        events.reverse()
    if events:
        before, behind = events[0].key, events[-1].key.following()
    else:
        before = behind = gap or Key(query.since)
    return {
        "events": [
            {
                "timestamp": event.key.timestamp,
                "message": event.message,
                "ingestionTime": event.key.received_at,
            }
            for event in events
        ],
        "nextForwardToken": _write_gap(False, behind),
        "nextBackwardToken": _write_gap(True, before),
    }


@operation("FilterLogEvents")
async def filter_log_events(call: Call) -> dict[str, Any]:
    """Events of many streams of a group, interleaved by time, that match a pattern.

    A page may be empty and yet have a `nextToken`: a request looks at 32 MiB at most.
    Source: CloudWatch Logs API reference, FilterLogEvents.
    """
    request = call.request
    group = group_of(call)
    backwards, gap = not request.get("startFromHead", True), None
    if "nextToken" in request:
        backwards, gap = _read_gap(request["nextToken"])
    elif backwards and request.get("startTime", 0) < _JANUARY_2024:
        raise invalid("startFromHead=false needs a startTime on or after January 1, 2024 00:00:00 UTC.")
    streams, prefix, span = await _streams(call, group)
    if streams == {}:
        return {"events": [], "searchedLogStreams": []}
    query = Query(
        streams=None if streams is None else list(streams),
        group=group.id,
        since=max(request.get("startTime", 0), oldest(group, now(call))),
        until=request.get("endTime", _FOREVER),
        span=span,
        prefix=prefix,
        gap=gap,
        backwards=backwards,
        limit=request.get("limit", pages.MOST_EVENTS),
        match=patterns.compiled(request.get("filterPattern", "")),
    )
    page = await pages.read(call.db, query)
    names = streams if streams is not None else _names(call, page.events)
    answer: dict[str, Any] = {
        "events": [
            {
                "logStreamName": names[event.key.stream],
                "timestamp": event.key.timestamp,
                "message": event.message,
                "ingestionTime": event.key.received_at,
                "eventId": _event_id(event.key),
            }
            for event in page.events
            if event.key.stream in names
        ],
        "searchedLogStreams": [],  # so since May 2020, says the API reference
    }
    if page.more and page.gap is not None:
        answer["nextToken"] = _write_gap(backwards, page.gap)
    return answer


async def _streams(call: Call, group: Document) -> tuple[dict[str, str] | None, tuple[str, str] | None, int]:
    """The names of the streams to read by their ids, None when they are too many to name; the range of names
    that then bounds them; the longest span of a batch in them."""
    wanted, prefix = call.request.get("logStreamNames"), call.request.get("logStreamNamePrefix")
    if wanted and prefix:
        raise invalid("logStreamNames and logStreamNamePrefix cannot both be specified.")
    if wanted:
        rows = [stream_row(call.db.read(), group, name) for name in dict.fromkeys(wanted)]
        return {row["id"]: row["name"] for row in rows}, None, max(row["span"] for row in rows)
    bounds = (prefix or "", (prefix or "") + BEYOND)
    values = {"group": group.id, "prefix": bounds[0], "beyond": bounds[1]}
    where = "WHERE log_group = :group AND name >= :prefix AND name < :beyond"
    rows = call.db.read().all(f"SELECT id, name, span FROM log_streams {where} LIMIT {_FEW + 1}", values)  # noqa: S608
    if len(rows) <= _FEW:
        return {row["id"]: row["name"] for row in rows}, None, max((row["span"] for row in rows), default=0)
    longest = await call.db.scan(f"SELECT MAX(span) AS span FROM log_streams {where}", values)  # noqa: S608
    return None, bounds if prefix else None, longest[0]["span"]


def _names(call: Call, events: list[Event]) -> dict[str, str]:
    db = call.db.read()
    rows = [
        db.one("SELECT id, name FROM log_streams WHERE id = :id AND log_group IS NOT NULL", {"id": stream})
        for stream in {event.key.stream for event in events}
    ]
    return {row["id"]: row["name"] for row in rows if row is not None}


def _event_id(key: Key) -> str:
    """56 digits that are the event's alone."""
    return f"{key.timestamp:014d}{key.position:012d}{key.offset:05d}{uuid.UUID(key.stream).int % 10**25:025d}"


def _write_gap(backwards: bool, gap: Key) -> str:
    return f"{'b' if backwards else 'f'}/{encode_token(list(gap))}"


def _read_gap(token: str) -> tuple[bool, Key]:
    direction, slash, rest = token.partition("/")
    if direction not in {"f", "b"} or not slash:
        raise invalid("The specified nextToken is invalid.")
    return direction == "b", Key(*read_token(rest, int, int, str, int, int))
