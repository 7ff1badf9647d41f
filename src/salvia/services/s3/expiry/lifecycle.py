"""What is due by a bucket's rules is deleted: a walk through its keys, rule by rule, some rows at a time.

How far the walk is stands in the document, so that any controller can go on with it. Each row is looked at again in
the transaction that deletes it: what was replaced meanwhile stays.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import orjson

from salvia.control.reconcile import Outcome
from salvia.control.world import World
from salvia.core.errors import ServiceError
from salvia.store import documents
from salvia.store.db import Row, Transaction
from salvia.store.documents import Document

from .. import uploads, versions
from ..listing.walk import beyond
from ..versions import Version
from . import EXPIRY, rules
from .rules import DAY, Rule, midnight_after

RECONCILES = EXPIRY

_BATCH = 500
_LOW = -(2**63)
_SELECT = """
SELECT key, position, version, latest, marker, size, created_at, tags FROM s3_versions
WHERE bucket = :bucket AND key >= :start AND key < :end AND (key, position) > (:start, :place)
ORDER BY key, position LIMIT :count"""
_OTHERS = "SELECT 1 FROM s3_versions WHERE bucket = :bucket AND key = :key AND version <> :version LIMIT 1"
_UPLOADS = """
SELECT id FROM s3_uploads
WHERE bucket = :bucket AND outcome IS NULL AND key >= :start AND key < :end AND created_at <= :before
LIMIT :count"""

_log = logging.getLogger("salvia.s3")
Deletion = Callable[[Transaction], bool]


async def reconcile(expiry: Document, world: World) -> Outcome:
    """A batch of today's walk; afterwards, rest until midnight."""
    bucket = documents.by_id(world.db.read(), expiry.name)
    wanted = rules.of(bucket) if bucket is not None else []
    if bucket is None or not wanted:
        return Outcome(delete=True)
    now = world.clock.now()
    walk = expiry.status.setdefault("Walk", {"Day": 0, "Rule": len(wanted)})
    if walk["Rule"] >= len(wanted):
        today = int(now // DAY)
        if walk["Day"] == today:
            return Outcome(requeue=DAY - now % DAY)
        walk = expiry.status["Walk"] = {"Day": today, "Rule": 0}
    rule = wanted[walk["Rule"]]
    due = float(walk["Day"] * DAY)
    more = await _abort(world, bucket, rule, due) or await _expire(world, bucket, rule, due, walk)
    if not more:
        expiry.status["Walk"] = {"Day": walk["Day"], "Rule": walk["Rule"] + 1}
    return Outcome(requeue=0)


async def _abort(world: World, bucket: Document, rule: Rule, due: float) -> bool:
    """Abort uploads that were not completed in time; whether there may be more."""
    if rule.abort_days is None:
        return False
    start = rule.prefix.encode()
    values = {"bucket": bucket.id, "start": start, "end": beyond(start), "before": due - rule.abort_days * DAY}
    now = world.clock.wall()

    def work(tx: Transaction) -> int:
        found = tx.all(_UPLOADS, {**values, "count": _BATCH})
        for row in found:
            uploads.drop(tx, row["id"], now)
        return len(found)

    aborted = await world.db.write(work)
    _tell("uploads-aborted", bucket, rule, aborted)
    return aborted == _BATCH


async def _expire(world: World, bucket: Document, rule: Rule, due: float, walk: dict[str, Any]) -> bool:
    """Delete what is due in the next batch of rows, and note in `walk` where it ended; whether there are more."""
    prefix = rule.prefix.encode()
    start = bytes.fromhex(walk["Key"]) if "Key" in walk else prefix
    place = walk.get("Position", _LOW)
    values = {"bucket": bucket.id, "start": start, "place": place, "end": beyond(prefix), "count": _BATCH}
    rows = await world.db.scan(_SELECT, values)
    # Of the row before: its key, when it was created, and how many noncurrent versions there were up to it.
    key, since, older = start if "Key" in walk else None, walk.get("Since", 0.0), walk.get("Older", 0)
    deletions: list[Deletion] = []
    for row in rows:
        if row["key"] != key:
            key, older = row["key"], 0
        deletion = _deletion(world, bucket, rule, due, row, since, older)
        if deletion is not None:
            deletions.append(deletion)
        since, older = row["created_at"], older + (not row["latest"])
    if deletions:
        deleted = await world.db.write(lambda tx: sum([deletion(tx) for deletion in deletions]))
        _tell("objects-expired", bucket, rule, deleted)
    if len(rows) < _BATCH:
        return False
    walk |= {"Key": rows[-1]["key"].hex(), "Position": rows[-1]["position"], "Since": since, "Older": older}
    return True


def _deletion(
    world: World, bucket: Document, rule: Rule, due: float, row: Row, since: float, older: int
) -> Deletion | None:
    """How to delete a row that is due; None when it is not. It became noncurrent at `since`."""
    key = row["key"].decode()
    covered = rule.plain if row["marker"] else rule.covers(key, row["size"], orjson.loads(row["tags"]))
    if not covered:
        return None
    now, at = world.clock.wall(), world.clock.now()
    name = {"bucket": bucket.id, "key": row["key"], "version": row["version"]}

    def for_good(tx: Transaction) -> bool:
        found = versions.one(tx, bucket.id, key, row["version"])
        if found is None or found.created_at != row["created_at"] or found.latest != bool(row["latest"]):
            return False
        if found.latest and tx.one(_OTHERS, name):  # a marker that still hides something
            return False
        versions.delete(tx, bucket, key, row["version"], now, at, lambda current: None)
        return True

    def current(tx: Transaction) -> bool:
        def unchanged(found: Version | None) -> None:
            if found is None or (found.version, found.created_at) != (row["version"], row["created_at"]):
                raise ServiceError("Conflict", "It was replaced meanwhile.")

        try:
            versions.delete(tx, bucket, key, None, now, at, unchanged)
        except ServiceError:
            return False
        return True

    if not row["latest"]:
        if rule.noncurrent_days is None or older < rule.newer or midnight_after(since, rule.noncurrent_days) > due:
            return None
        return for_good
    if row["marker"]:
        return for_good if rule.markers or rule.expires(row["created_at"]) <= due else None
    return current if rule.expires(row["created_at"]) <= due else None


def _tell(event: str, bucket: Document, rule: Rule, count: int) -> None:
    if count:
        _log.info(event, extra={"event": event, "bucket": bucket.name, "rule": rule.id, "count": count})
