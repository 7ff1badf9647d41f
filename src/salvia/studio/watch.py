"""What changes, for every page that listens at this gateway: one look at the database for all of them.

A look comes with a hint, at most once a second, and every two seconds without: not every write sends one. It reads what
was modified since, by the index of lists; what is gone shows in how many there are.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from salvia.control.world import World
from salvia.store.db import Row

_log = logging.getLogger("salvia.studio")
_BURST, _POLL = 1.0, 2.0  # seconds between looks: at least, and at most
_OVERLAP = 5.0  # seconds that are looked at again: whoever modifies something says when, and writes it a little later
_BEFORE = 3.0  # seconds: who listens is told of these, too; what it shows may be that old
_MOST_CHANGES = 50  # of one place in one look, each told by name
_MOST_PENDING = 500  # of a page, before it is told only what kinds changed
_MOST_COUNTED = 10_000  # of one place: in larger ones, what is deleted is not noticed
_CHANGED = """
SELECT * FROM (SELECT {place} AS place, id, name, arn, state, created_at, modified_at FROM documents
WHERE kind = :kind{place} AND account = :account{place} AND region = :region{place} AND modified_at >= :since{place}
ORDER BY modified_at DESC LIMIT {limit}) AS p{place}"""
_COUNT = """
SELECT {place} AS place, COUNT(*) AS number FROM (SELECT 1 FROM documents
WHERE kind = :kind{place} AND account = :account{place} AND region = :region{place} LIMIT {limit}) AS p{place}"""


class Place(NamedTuple):
    """The documents of one kind that a page shows."""

    kind: str
    account: str
    region: str


class Change(NamedTuple):
    """A document that was made or modified; without a name, some were, or are gone."""

    place: Place
    name: str = ""
    arn: str = ""
    state: str = ""


class Listener:
    """One page: what has changed since it last took it."""

    def __init__(self, session: str, places: Iterable[Place]) -> None:
        self.session = session
        self.places = frozenset(places)
        self._pending: dict[tuple[Place, str], Change] = {}
        self._ready = asyncio.Event()

    def tell(self, change: Change) -> None:
        """Keep a change until it is taken; one of the same document takes its place."""
        if change.place in self.places:
            if len(self._pending) >= _MOST_PENDING:  # it takes nothing: a tab that is frozen, a network that is gone
                self._pending = {(place, ""): Change(place) for place, _ in self._pending}
            self._pending[change.place, change.arn] = change
            self._ready.set()

    def end(self) -> None:
        """Wake whoever waits, with nothing."""
        self._ready.set()

    async def take(self, seconds: float) -> list[Change]:
        """What changed, as soon as something has; nothing after so many seconds."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ready.wait(), seconds)
        self._ready.clear()
        pending, self._pending = self._pending, {}
        return list(pending.values())


@dataclass(slots=True)
class _Seen:
    """What the last look found of a place: how many, the newest, and what was modified shortly before that, by id."""

    newest: float = 0.0
    number: int | None = None
    recent: dict[str, tuple[float, Change]] = field(default_factory=dict)

    def since(self, moment: float) -> list[Change]:
        """What was modified from a moment on."""
        return [change for at, change in self.recent.values() if at >= moment]


class Watch:
    """The gateway's one; `World.part` makes it. It looks only while somebody listens."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._listeners: set[Listener] = set()
        self._seen: dict[Place, _Seen] = {}
        self._hinted = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        world.hints.listen(self._hinted.set)

    def listening(self, session: str) -> tuple[int, int]:
        """How many pages listen, and how many of them in one session."""
        return len(self._listeners), sum(listener.session == session for listener in self._listeners)

    def join(self, listener: Listener) -> None:
        """Tell a page what changes from now on."""
        self._listeners.add(listener)
        before = self._world.clock.now() - _BEFORE
        for place in listener.places & self._seen.keys():
            for change in self._seen[place].since(before):
                listener.tell(change)
        self._hinted.set()
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run())

    def leave(self, listener: Listener) -> None:
        """Tell it no more."""
        self._listeners.discard(listener)

    async def _run(self) -> None:
        closing = asyncio.create_task(self._world.closing.wait())
        try:
            while self._listeners and not closing.done():
                hinted = asyncio.create_task(self._hinted.wait())
                await asyncio.wait({hinted, closing}, timeout=_POLL, return_when=asyncio.FIRST_COMPLETED)
                hinted.cancel()
                self._hinted.clear()
                try:
                    await self._look()
                except Exception:
                    _log.exception("look failed", extra={"event": "look-failed"})
                await asyncio.wait({closing}, timeout=_BURST)
        finally:
            closing.cancel()
            for listener in self._listeners:
                listener.end()
            self._seen.clear()

    async def _look(self) -> None:
        places = sorted({place for listener in self._listeners for place in listener.places})
        if not places:
            return
        self._seen = {place: self._seen.get(place) or _Seen() for place in places}
        rows = await self._world.db.scan(*_query(_CHANGED, places, self._seen, _MOST_CHANGES + 1))
        counts = await self._world.db.scan(*_query(_COUNT, places, self._seen, _MOST_COUNTED + 1))
        modified: dict[int, list[Row]] = {}
        for row in rows:
            modified.setdefault(row["place"], []).append(row)
        before = self._world.clock.now() - _BEFORE
        for row in counts:
            place = places[row["place"]]
            for change in _changes(place, self._seen[place], modified.get(row["place"], []), row["number"], before):
                for listener in self._listeners:
                    listener.tell(change)


def _query(part: str, places: list[Place], seen: dict[Place, _Seen], limit: int) -> tuple[str, dict[str, float | str]]:
    parameters: dict[str, float | str] = {}
    for number, place in enumerate(places):
        parameters |= {f"{name}{number}": value for name, value in place._asdict().items()}
        if part is _CHANGED:
            parameters[f"since{number}"] = seen[place].newest - _OVERLAP
    return " UNION ALL ".join(part.format(place=number, limit=limit) for number in range(len(places))), parameters


def _changes(place: Place, seen: _Seen, rows: list[Row], number: int, before: float) -> list[Change]:
    """What a look at a place tells, which it remembers. The first tells what was modified from `before` on."""
    known, overlap, counted = seen.recent, seen.newest - _OVERLAP, seen.number
    seen.recent = {
        row["id"]: (row["modified_at"], Change(place, row["name"], row["arn"], row["state"])) for row in rows
    }
    seen.newest, seen.number = max((row["modified_at"] for row in rows), default=seen.newest), number
    if counted is None:
        return seen.since(before)
    made = sum(row["id"] not in known and row["created_at"] >= overlap for row in rows)
    gone = counted <= _MOST_COUNTED and number < counted + made
    told = [found[1] for document, found in seen.recent.items() if known.get(document) != found]
    if len(rows) > _MOST_CHANGES and told:
        return [Change(place)]
    return told + ([Change(place)] if gone else [])
