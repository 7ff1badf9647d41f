"""Requests that were accepted for asynchronous endpoints and have not ended: one row each, worked on under a lease.

::

    add ─▶ waiting ─▶ claim: a slot of an instance, and a lease ─▶ answered: the output is there ─▶ end
              ▲                       │
              └─ release, postpone ◀──┴─ the lease ran out, the instance was lost

Writers take turns, whatever the database: no two processes claim the same request, nor more of an instance than it may
have at once.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from salvia.core.errors import ServiceError

from .db import Database, Reader, Row, Transaction

NOWHERE = "-"  # the replica of a request that is ended without one
_INSERT = """
INSERT INTO async_invocations
  (id, account, region, name, endpoint, received_at, expires_at, due_at, attempts, replica, request, body)
VALUES
  (:id, :account, :region, :name, :endpoint, :received_at, :expires_at, :due_at, 0, '', :request, :body)"""
_LAPSED = "SELECT 1 FROM async_invocations WHERE replica > '' AND locked_until < :now LIMIT 1"
_TAKE_BACK = """
UPDATE async_invocations SET replica = '', lock_token = NULL, locked_until = NULL
WHERE replica > '' AND locked_until < :now"""
_OVERDUE = """
SELECT id FROM async_invocations WHERE replica = '' AND expires_at <= :moment AND due_at <= :now
ORDER BY expires_at LIMIT :limit"""
# The endpoints that have requests, one after the other by the index, each with its route where it still has one.
_ENDPOINTS = """
WITH RECURSIVE asked(endpoint) AS (
  SELECT MIN(endpoint) FROM async_invocations
  UNION ALL
  SELECT (SELECT MIN(later.endpoint) FROM async_invocations later WHERE later.endpoint > asked.endpoint)
  FROM asked WHERE asked.endpoint IS NOT NULL)
SELECT asked.endpoint, routes.route FROM asked
LEFT JOIN routes ON routes.endpoint = asked.endpoint AND (routes.account, routes.region, routes.name) = (
  SELECT one.account, one.region, one.name FROM async_invocations one WHERE one.endpoint = asked.endpoint LIMIT 1)
WHERE asked.endpoint IS NOT NULL ORDER BY asked.endpoint"""
_TAKEN = "SELECT replica, COUNT(*) AS number FROM async_invocations WHERE replica > '' GROUP BY replica"
_WAITING = """
SELECT * FROM (
  SELECT {place} AS place, id FROM async_invocations WHERE endpoint = :e{place} AND replica = '' AND due_at <= :now
  ORDER BY due_at, id LIMIT :l{place}) AS e{place}"""
_TOGETHER = 100  # endpoints of a query: databases bound how many may be united
_CLAIM = """
UPDATE async_invocations SET replica = :replica, lock_token = :token, locked_until = :until
WHERE id = :id RETURNING *"""
_RENEW = "UPDATE async_invocations SET locked_until = :until WHERE replica > '' AND lock_token = :token"
_RELEASE = """
UPDATE async_invocations SET replica = '', lock_token = NULL, locked_until = NULL, due_at = :due_at,
  attempts = attempts + :attempts
WHERE id = :id AND lock_token = :token"""
# What is only to be told is overdue from now on: no instance is waited for.
_ANSWERED = """
UPDATE async_invocations SET result = :result, expires_at = 0
WHERE id = :id AND lock_token = :token AND result IS NULL"""
_END = "DELETE FROM async_invocations WHERE id = :id AND lock_token = :token"
_SIZE = """
SELECT COUNT(*) AS size, MIN(received_at) AS oldest FROM async_invocations WHERE endpoint = :endpoint"""


class Taken(ServiceError):
    """Somebody else works on the request by now, or has ended it."""

    CODE = "InvocationTaken"

    def __init__(self) -> None:
        super().__init__(self.CODE, "Another process has this invocation.", 409)


class Slot(NamedTuple):
    """Where a request is sent: a replica, and the variant that it is of, as the route has them."""

    replica: Mapping[str, Any]
    variant: Mapping[str, Any]


@dataclass(slots=True)
class Claimed:
    """A request that this process works on; without a slot it is ended without an instance.

    `gone`: its endpoint does not exist any more.
    """

    row: Row
    token: str
    slot: Slot | None
    gone: bool
    request: dict[str, Any] = field(init=False)
    result: dict[str, Any] | None = field(init=False)

    def __post_init__(self) -> None:
        self.request = orjson.loads(self.row["request"])
        self.result = orjson.loads(self.row["result"]) if self.row["result"] else None

    @property
    def id(self) -> str:
        """The row's id."""
        return str(self.row["id"])


class _Pick(NamedTuple):
    id: str
    slot: Slot | None
    gone: bool


class Moment(NamedTuple):
    """Who claims, and when: wall time, virtual time, how many requests at most."""

    node: str
    now: float
    virtual: float
    limit: int


def add(tx: Transaction, row: Mapping[str, Any], request: Mapping[str, Any], body: bytes | None) -> None:
    """Accept a request; `row` has the columns that say whose it is and when."""
    tx.run(_INSERT, {**row, "request": orjson.dumps(request).decode(), "body": body})


def empty(db: Reader) -> bool:
    """Whether nothing waits, nor is worked on."""
    return db.one("SELECT 1 FROM async_invocations LIMIT 1") is None


def any_due(db: Reader, at: Moment) -> bool:
    """Whether `claim` would find something."""
    return db.one(_LAPSED, {"now": at.now}) is not None or next(_picks(db, at), None) is not None


def claim(tx: Transaction, at: Moment, token: str, until: float) -> list[Claimed]:
    """Lease what can be worked on now, the oldest first; what others let lapse is taken back before."""
    tx.run(_TAKE_BACK, {"now": at.now})
    found: dict[str, Claimed] = {}
    for pick in _picks(tx, at):
        if pick.id not in found and len(found) < at.limit:
            replica = pick.slot.replica["id"] if pick.slot is not None else NOWHERE
            row = tx.one(_CLAIM, {"id": pick.id, "replica": replica, "token": token, "until": until})
            assert row is not None
            found[pick.id] = Claimed(row, token, pick.slot, pick.gone)
    return list(found.values())


def renew(tx: Transaction, tokens: Iterable[str], until: float) -> None:
    """Hold on to everything that is held under these tokens."""
    tx.many(_RENEW, [{"token": token, "until": until} for token in tokens])


def release(tx: Transaction, claimed: Claimed, due_at: float, *, attempts: int = 0) -> None:
    """Let a request wait again, until `due_at`; `attempts` counts one more that failed."""
    tx.run(_RELEASE, {"id": claimed.id, "token": claimed.token, "due_at": due_at, "attempts": attempts})


def answered(tx: Transaction, claimed: Claimed, result: Mapping[str, Any]) -> None:
    """Note that the output is written, together with it. Raises Taken, so that neither is."""
    values = {"id": claimed.id, "token": claimed.token, "result": orjson.dumps(result).decode()}
    if tx.run(_ANSWERED, values) != 1:
        raise Taken


def end(tx: Transaction, claimed: Claimed) -> None:
    """Forget a request. Raises Taken."""
    if tx.run(_END, {"id": claimed.id, "token": claimed.token}) != 1:
        raise Taken


async def size(db: Database, endpoint: str) -> tuple[int, float | None]:
    """How many requests of an endpoint have not ended, and when the oldest of them came."""
    (row,) = await db.scan(_SIZE, {"endpoint": endpoint})
    return int(row["size"]), row["oldest"]


def _picks(db: Reader, at: Moment) -> Iterator[_Pick]:
    """Every request that can be worked on now; one may come twice."""
    for row in db.all(_OVERDUE, {"moment": at.virtual, "now": at.now, "limit": at.limit}):
        yield _Pick(row["id"], None, False)
    taken = Counter({row["replica"]: int(row["number"]) for row in db.all(_TAKEN)})
    wanted: list[tuple[str, Sequence[Slot] | None]] = []
    for row in db.all(_ENDPOINTS):
        route = orjson.loads(row["route"]) if row["route"] else None
        if route is None:
            wanted.append((row["endpoint"], None))
        elif route.get("node", "") in ("", at.node) and (slots := _free(taken, route, at.limit)):
            wanted.append((row["endpoint"], slots))
    for first in range(0, len(wanted), _TOGETHER):
        yield from _waiting(db, at, wanted[first : first + _TOGETHER])


def _waiting(db: Reader, at: Moment, wanted: Sequence[tuple[str, Sequence[Slot] | None]]) -> Iterator[_Pick]:
    """The next requests of some endpoints, as many of each as it has slots; without any where it is gone."""
    values: dict[str, Any] = {"now": at.now}
    for place, (endpoint, slots) in enumerate(wanted):
        values |= {f"e{place}": endpoint, f"l{place}": at.limit if slots is None else len(slots)}
    free = [None if slots is None else iter(slots) for _, slots in wanted]
    for row in db.all(" UNION ALL".join(_WAITING.format(place=place) for place in range(len(wanted))), values):
        slots = free[row["place"]]
        yield _Pick(row["id"], None if slots is None else next(slots), slots is None)


def _free(taken: Counter[str], route: Mapping[str, Any], limit: int) -> Sequence[Slot]:
    """Slots that no request takes, in the order in which they are filled: by variants' weights and fleets' shares."""
    parts = [
        (float(variant["weight"]) * float(fleet["share"]), variant, fleet["replicas"])
        for variant in route["variants"]
        for fleet in variant["fleets"]
        if fleet["replicas"]
    ]
    weighty = any(weight for weight, _, _ in parts)
    free: list[tuple[float, Slot]] = []
    for weight, variant, replicas in parts:
        if weighty and not weight:
            continue
        most = variant["async"]["ClientConfig"]["MaxConcurrentInvocationsPerInstance"]
        for replica in replicas:
            busy = taken[replica["id"]]
            for level in range(busy, min(most, busy + limit)):
                # So much of the traffic has gone by when its turn comes: instances are filled evenly.
                turn = (level + random.random()) * len(replicas) / (weight or 1.0)  # noqa: S311
                free.append((turn, Slot(replica, variant)))
    free.sort(key=lambda pair: pair[0])
    return [slot for _, slot in free[:limit]]
