"""Reading events in the order of their time, from batches that may overlap, without reading a stream whole.

    batches by their first event ─▶ as many as may fill a page ─▶ unpacked, sorted ─▶ what comes before the
    first event of the next batch is final, the rest waits for that batch

A place in that order is a *gap* between two events: forwards one reads what is behind it, backwards what is
before it. It stays good while events arrive on either side.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from salvia.store.db import Database, Row

from .batches import OVERHEAD, unpack

MOST_EVENTS = 10_000
_MOST_BYTES = 1 << 20
_HEADS = 128  # batches looked up at a time
_LOAD = 1 << 20  # bytes unpacked at a time
_EXAMINE = 32 << 20  # bytes that one request looks at; a filter that matches nothing then answers an empty page
_INLINE, _FEW = 32 << 10, 32  # bytes and batches that the event loop unpacks itself
_END_OF_TIME = 10**14  # no sum of times overflows a database integer


class Key(NamedTuple):
    """Where an event stands: FilterLogEvents documents time, ingestion and request as the order."""

    timestamp: int
    received_at: int = 0
    stream: str = ""
    position: int = 0
    offset: int = 0

    def following(self) -> Key:
        """The gap right behind this event."""
        return self._replace(offset=self.offset + 1)


class Event(NamedTuple):
    """A log event in its place."""

    key: Key
    message: str


@dataclass(slots=True)
class Query:
    """Which events: of some streams, or of a group's, maybe in a range of names; `since` ≤ time ≤ `until`.

    `span` is the longest time that one of their batches covers. `gap` is where to begin.
    """

    streams: list[str] | None
    group: str
    since: int
    until: int
    span: int
    prefix: tuple[str, str] | None = None
    gap: Key | None = None
    backwards: bool = False
    limit: int = MOST_EVENTS
    match: Callable[[str], bool] | None = None

    def __post_init__(self) -> None:
        self.since, self.until = min(self.since, _END_OF_TIME), min(self.until, _END_OF_TIME)
        if self.gap is not None and not 0 <= self.gap.timestamp <= _END_OF_TIME:
            self.gap = self.gap._replace(timestamp=_END_OF_TIME)


@dataclass(slots=True)
class Page:
    """Events in the order of reading, their bytes, and the gap at which to go on when there is more."""

    events: list[Event] = field(default_factory=list)
    size: int = 0
    more: bool = False
    gap: Key | None = None


async def read(db: Database, query: Query) -> Page:
    """One page: up to `limit` events and 1 MiB."""
    page = Page()
    waiting: list[Event] = []
    heads: list[Row] = []
    examined, exhausted = 0, False
    while not page.more:
        if len(heads) < 2 and not exhausted:
            # The one head that is left bounds what is final, so it stays.
            fresh = await _heads(db, query, heads[-1] if heads else None)
            exhausted = len(fresh) < _HEADS
            heads += fresh
        taken = _enough(heads, query, len(page.events) + len(waiting), last=exhausted)
        heads = heads[len(taken) :]
        size = sum(row["bytes"] for row in taken)
        packed = await _load(db, taken, size)
        horizon = None if not heads else heads[0]["last_at" if query.backwards else "first_at"]
        if size > _INLINE or len(taken) > _FEW or len(waiting) > _FEW * 16:
            waiting = await asyncio.to_thread(_advance, page, query, waiting, packed, horizon)
        else:
            waiting = _advance(page, query, waiting, packed, horizon)
        examined += size
        if horizon is None:
            break
        if examined >= _EXAMINE and not page.more:
            gap = Key(horizon + 1) if query.backwards else Key(horizon)
            # Batches that all begin at one moment have to be looked at together.
            if query.gap is None or (gap < query.gap if query.backwards else gap > query.gap):
                page.gap, page.more = gap, True
    return page


def _enough(heads: list[Row], query: Query, have: int, *, last: bool) -> list[Row]:
    """The next batches, at least one, that may fill the page. The last head stays unless it is the end."""
    count, size, number = have, 0, 0
    usable = len(heads) if last else len(heads) - 1
    while number < usable:
        count += heads[number]["count"]
        size += heads[number]["bytes"]
        number += 1
        if size >= _LOAD or (query.match is None and count >= query.limit):
            break
    return heads[:number]


async def _heads(db: Database, query: Query, behind: Row | None) -> list[Row]:
    """The next batches in reading order, without their events."""
    values: dict[str, Any] = {"since": query.since, "until": query.until, "size": _HEADS}
    if query.backwards:
        order, direction, beyond = "last_at", "DESC", "<"
        if query.gap is not None:
            values["until"] = min(query.until, query.gap.timestamp)
        values["edge"] = values["until"] + query.span
        conditions = ["e.last_at <= :edge", "e.first_at <= :until", "e.last_at >= :since"]
    else:
        order, direction, beyond = "first_at", "ASC", ">"
        if query.gap is not None:
            values["since"] = max(query.since, query.gap.timestamp)
        values["edge"] = values["since"] - query.span
        conditions = ["e.first_at >= :edge", "e.last_at >= :since", "e.first_at <= :until"]
    if query.streams is not None:
        names = {f"s{number}": stream for number, stream in enumerate(query.streams)}
        values |= names
        conditions.append(f"e.stream IN ({', '.join(f':{name}' for name in names)})")
        source = "log_events e"
    else:
        values["group"] = query.group
        conditions += ["e.log_group = :group", "s.log_group = :group"]
        source = "log_events e JOIN log_streams s ON s.id = e.stream"
        if query.prefix is not None:
            values["prefix"], values["beyond"] = query.prefix
            conditions.append("s.name >= :prefix AND s.name < :beyond")
    if behind is not None:
        values |= {"at": behind[order], "stream": behind["stream"], "position": behind["position"]}
        conditions.append(f"(e.{order}, e.stream, e.position) {beyond} (:at, :stream, :position)")
    sql = (
        "SELECT e.stream, e.first_at, e.position, e.last_at, e.received_at, e.count, e.bytes "  # noqa: S608
        f"FROM {source} WHERE {' AND '.join(conditions)} "
        f"ORDER BY e.{order} {direction}, e.stream {direction}, e.position {direction} LIMIT :size"
    )
    if query.streams is not None and len(query.streams) == 1:
        return db.read().all(sql, values)
    return await db.scan(sql, values)


async def _load(db: Database, heads: list[Row], size: int) -> list[Row]:
    """The batches of these heads with their events."""
    if not heads:
        return []
    values: dict[str, Any] = {}
    for number, row in enumerate(heads):
        values |= {f"s{number}": row["stream"], f"f{number}": row["first_at"], f"p{number}": row["position"]}
    # SQLite looks each of these up by the key; it would scan for a list of row values.
    keys = (f"(stream = :s{n} AND first_at = :f{n} AND position = :p{n})" for n in range(len(heads)))
    sql = f"SELECT stream, position, received_at, events FROM log_events WHERE {' OR '.join(keys)}"  # noqa: S608
    return db.read().all(sql, values) if size <= _INLINE else await db.scan(sql, values)


def _advance(page: Page, query: Query, waiting: list[Event], packed: list[Row], horizon: int | None) -> list[Event]:
    """Unpack batches, move what is final to the page, and return what still waits for later batches."""
    for row in packed:
        waiting += _unpacked(query, row)
    waiting.sort(reverse=query.backwards)
    for number, event in enumerate(waiting):
        key = event.key
        if horizon is not None and (key.timestamp <= horizon if query.backwards else key.timestamp >= horizon):
            return waiting[number:]
        size = len(event.message.encode()) + OVERHEAD
        if len(page.events) == query.limit or (page.events and page.size + size > _MOST_BYTES):
            page.gap = key.following() if query.backwards else key
            page.more = True
            return []
        page.size += size
        page.events.append(event)
    return []


def _unpacked(query: Query, row: Row) -> list[Event]:
    """The events of a batch that are asked for."""
    times, messages = unpack(row["events"])
    since, until, match, gap = query.since, query.until, query.match, query.gap
    stream, position, received_at = row["stream"], row["position"], row["received_at"]
    events = [
        Event(Key(timestamp, received_at, stream, position, offset), message)
        for offset, (timestamp, message) in enumerate(zip(times, messages, strict=True))
        if since <= timestamp <= until and (match is None or match(message))
    ]
    if gap is None:
        return events
    return [event for event in events if (event.key < gap if query.backwards else event.key >= gap)]
