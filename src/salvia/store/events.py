"""The audit trail as rows: the one way to write the `events` tables, and to find an event again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Protocol

import orjson

from salvia.core import ids
from salvia.core.arns import parse_arn

from .db import Reader, Row, Transaction

_INSERT = """
INSERT INTO events (id, account, region, name, source, read_only, username, access_key, request_id, record, checked)
VALUES (:id, :account, :region, :name, :source, :read_only, :username, :access_key, :request_id, :record, :checked)
ON CONFLICT (id) DO NOTHING"""
_INSERT_RESOURCE = """
INSERT INTO event_resources (event, position, account, region, type, name)
VALUES (:event, :position, :account, :region, :type, :name) ON CONFLICT (event, position) DO NOTHING"""
_INTEND = """
INSERT INTO event_intents (id, written_at, record, checked) VALUES (:id, :written_at, :record, :checked)
ON CONFLICT (id) DO NOTHING"""
_OBSOLETE = """
DELETE FROM event_intents
WHERE written_at < :before AND EXISTS (SELECT 1 FROM events WHERE events.id = event_intents.id)"""
_DELIVER = """
INSERT INTO event_deliveries (trail, event, region, record) VALUES (:trail, :event, :region, :record)
ON CONFLICT (trail, event) DO NOTHING"""
_TAKE = """
UPDATE event_deliveries SET file = :file
WHERE trail = :trail AND event IN (SELECT event FROM event_deliveries WHERE trail = :trail AND file IS NULL
                                   AND region = :region ORDER BY event LIMIT :most)"""
_LARGEST_FILE = 5000  # records
_DELETIONS = ("DELETE FROM events WHERE id = :id", "DELETE FROM event_resources WHERE event = :id")


@dataclass(slots=True)
class Event:
    """A CloudTrail record, and what authorisation decided on its way: (action, resource, allowed), …

    `text` is the record as JSON. Raises TypeError for what JSON cannot carry.
    """

    record: dict[str, Any]
    checked: Sequence[Sequence[Any]] = ()
    text: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.text = orjson.dumps(self.record).decode()

    @property
    def id(self) -> str:
        """Its eventID."""
        identifier: str = self.record["eventID"]
        return identifier

    @property
    def management(self) -> bool:
        """Whether it is kept here; data events go to the trails that select them, and nowhere else."""
        return self.record["managementEvent"] is True

    @property
    def at(self) -> float:
        """When, to the second."""
        return datetime.fromisoformat(self.record["eventTime"]).timestamp()

    @property
    def username(self) -> str:
        """The name that LookupEvents shows: a user's, a session's, `root`, or a service's."""
        identity = self.record["userIdentity"]
        if identity["type"] == "AssumedRole":
            return str(identity["arn"].rpartition("/")[2])
        if identity["type"] == "AWSAccount":
            return "anonymous"
        return str(identity.get("userName") or identity.get("invokedBy") or identity["type"].lower())

    @property
    def resources(self) -> list[tuple[str, str]]:
        """Type and name of each resource, as LookupEvents shows them."""
        return [(one["type"], name_of(one["ARN"])) for one in self.record.get("resources", ())]


class Subscriber(Protocol):
    """A trail, as far as recording needs to know it."""

    @property
    def id(self) -> str:
        """The id of its document."""

    def wants(self, event: Event) -> bool:
        """Whether the event is to be delivered to it."""

    def wants_data(self, kind: str) -> bool:
        """Whether it may want data events of such a resource."""


def moment(at: float) -> str:
    """A time as records spell it."""
    return _second(int(at))


@lru_cache(maxsize=16)
def _second(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def name_of(arn: str) -> str:
    """The name in a resource's ARN: `job` of training-job/job, `/my/group` of log-group:/my/group:log-stream:."""
    resource = parse_arn(arn).resource
    kind, colon, rest = resource.partition(":")
    if colon and "/" not in kind:
        return rest.partition(":log-stream:")[0].removesuffix(":*")
    return resource.rpartition("/")[2] or resource


def insert(tx: Transaction, events: Iterable[Event], subscribers: Iterable[Subscriber]) -> None:
    """Store events, once each, and queue them for the trails that want them."""
    events, subscribers = list(events), list(subscribers)
    kept = [event for event in events if event.management]
    tx.many(_INSERT, [_row(event) for event in kept])
    tx.many(_INSERT_RESOURCE, [row for event in kept for row in _resource_rows(event)])
    queued = [
        {
            "trail": subscriber.id,
            "event": event.id,
            "region": event.record["awsRegion"],
            "record": event.text,
        }
        for subscriber in subscribers
        for event in events
        if subscriber.wants(event)
    ]
    tx.many(_DELIVER, queued)


def intend(tx: Transaction, event: Event, now: float) -> None:
    """Leave a note of a change, in the change's own transaction. `now` is wall time."""
    tx.run(
        _INTEND,
        {
            "id": event.id,
            "written_at": now,
            "record": event.text,
            "checked": orjson.dumps(event.checked).decode(),
        },
    )


def take(tx: Transaction, trail: str, file: str) -> str | None:
    """Assign what is queued for a trail, of one region, to a log file. Returns the region; None: nothing is queued."""
    queued = {"trail": trail}
    first = tx.one("SELECT region FROM event_deliveries WHERE trail = :trail AND file IS NULL LIMIT 1", queued)
    if first is None:
        return None
    tx.run(
        _TAKE,
        {"trail": trail, "file": file, "region": first["region"], "most": _LARGEST_FILE},
    )
    region: str = first["region"]
    return region


def taken(db: Reader, trail: str, file: str) -> list[str]:
    """The records of a log file, by time."""
    sql = "SELECT record FROM event_deliveries WHERE trail = :trail AND file = :file ORDER BY event"
    return [row["record"] for row in db.all(sql, {"trail": trail, "file": file})]


def delivered(tx: Transaction, trail: str, file: str) -> None:
    """The log file is written: its records are not queued any more."""
    tx.run("DELETE FROM event_deliveries WHERE trail = :trail AND file = :file", {"trail": trail, "file": file})


def put_back(tx: Transaction, trail: str, file: str) -> None:
    """The log file could not be written: its records are queued again."""
    sql = "UPDATE event_deliveries SET file = NULL WHERE trail = :trail AND file = :file"
    tx.run(sql, {"trail": trail, "file": file})


def give_up(tx: Transaction, before: float) -> None:
    """Drop what could not be delivered since before a (virtual) moment."""
    sql = "DELETE FROM event_deliveries WHERE event < :before AND file IS NULL"
    tx.run(sql, {"before": ids.event_ids_from(before)})


def forget(tx: Transaction, trail: str) -> None:
    """Drop what is queued for a trail that is gone."""
    tx.run("DELETE FROM event_deliveries WHERE trail = :trail", {"trail": trail})


def settle(tx: Transaction, identifiers: Iterable[str]) -> None:
    """Drop the notes whose events are stored."""
    tx.many("DELETE FROM event_intents WHERE id = :id", [{"id": identifier} for identifier in identifiers])


def promote(tx: Transaction, before: float, subscribers: Iterable[Subscriber], most: int) -> int:
    """Make events of notes that nothing followed, their process having died. Returns how many."""
    # A task that outlives its call may leave the note once more: that event is stored, and perhaps delivered.
    tx.run(_OBSOLETE, {"before": before})
    rows = tx.all(
        "SELECT id, record, checked FROM event_intents WHERE written_at < :before ORDER BY id LIMIT :most",
        {"before": before, "most": most},
    )
    insert(tx, [_event(row) for row in rows], subscribers)
    settle(tx, [row["id"] for row in rows])
    return len(rows)


def begin_journal(tx: Transaction, name: str) -> bool:
    """Note that the lines of a journal file are being stored; False when they are already."""
    return tx.run("INSERT INTO event_journals (name) VALUES (:name) ON CONFLICT (name) DO NOTHING", {"name": name}) == 1


def end_journals(tx: Transaction, names: Iterable[str]) -> None:
    """Forget journal files that are gone."""
    tx.many("DELETE FROM event_journals WHERE name = :name", [{"name": name} for name in names])


def by_request_id(db: Reader, request_id: str) -> Event | None:
    """The event of the request that a client knows by this id."""
    row = db.one("SELECT record, checked FROM events WHERE request_id = :id", {"id": request_id})
    return _event(row) if row else None


def by_ids(db: Reader, identifiers: Sequence[str]) -> list[Event]:
    """The events of these ids, newest first."""
    if not identifiers:
        return []
    values = {f"i{n}": identifier for n, identifier in enumerate(identifiers)}
    marks = ", ".join(f":{name}" for name in values)
    rows = db.all(f"SELECT record, checked FROM events WHERE id IN ({marks}) ORDER BY id DESC", values)  # noqa: S608
    return [_event(row) for row in rows]


def expire(tx: Transaction, before: float, most: int) -> int:
    """Delete up to `most` events from before a (virtual) moment. Returns how many."""
    rows = tx.all(
        "SELECT id FROM events WHERE id < :before ORDER BY id LIMIT :most",
        {"before": ids.event_ids_from(before), "most": most},
    )
    for statement in _DELETIONS:
        tx.many(statement, [{"id": row["id"]} for row in rows])
    return len(rows)


def _event(row: Row) -> Event:
    return Event(orjson.loads(row["record"]), orjson.loads(row["checked"]))


def _row(event: Event) -> dict[str, Any]:
    record = event.record
    return {
        "id": event.id,
        "account": record["recipientAccountId"],
        "region": record["awsRegion"],
        "name": record["eventName"],
        "source": record["eventSource"],
        "read_only": int(record["readOnly"]),
        "username": _fitting(event.username, 128),
        "access_key": record["userIdentity"].get("accessKeyId", ""),
        "request_id": record["requestID"],
        "record": event.text,
        "checked": orjson.dumps(event.checked).decode(),
    }


def _resource_rows(event: Event) -> list[dict[str, Any]]:
    return [
        {
            "event": event.id,
            "position": position,
            "account": event.record["recipientAccountId"],
            "region": event.record["awsRegion"],
            "type": _fitting(kind, 128),
            "name": _fitting(name.lower(), 1024),
        }
        for position, (kind, name) in enumerate(event.resources)
    ]


def _fitting(text: str, length: int) -> str:
    """What a column can hold: callers choose what they call a resource."""
    return text.replace("\0", "")[:length]
