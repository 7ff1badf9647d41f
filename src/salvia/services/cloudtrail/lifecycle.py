"""Delivery: every five minutes a log file of what was recorded, every hour a digest of the files.

    queued ─▶ a file is decided on (its rows, its name) ─▶ it is written ─▶ its rows are deleted, the digest lists it

A file is decided on and kept before it is written, and its bytes follow from its rows: whoever is killed in between
writes the same object again. So each record is in one file of the trail, once.
"""

from __future__ import annotations

import gzip
import logging
import secrets
import string

import orjson

from salvia.control.reconcile import Outcome
from salvia.control.world import World
from salvia.core.clock import timestamp
from salvia.core.errors import ServiceError
from salvia.store import events, leases
from salvia.store.db import Transaction
from salvia.store.documents import Document

from . import bucket, digests
from .trails import DELETING, TRAIL

RECONCILES = TRAIL
EVERY = (
    300.0  # virtual seconds: "CloudTrail typically delivers logs within an average of about 5 minutes of an API call"
)
_SETTLING = 1.0  # seconds that what happened before StopLogging may take from a journal to the queue
_ALPHABET = string.ascii_letters + string.digits
_log = logging.getLogger("salvia.cloudtrail")


async def reconcile(trail: Document, world: World) -> Outcome:
    """One step: finish what was decided on, else decide on a file, else on a digest; else wait."""
    status, now = trail.status, world.clock.now()
    if "StartLoggingTime" not in status:
        return Outcome(delete=trail.state == DELETING)
    ending = not status["IsLogging"]
    if ending and now - status.get("StopLoggingTime", 0.0) < _SETTLING:
        return Outcome(requeue=_SETTLING)
    try:
        if "Digest" in status:
            await digests.write(world, trail)
            return Outcome(requeue=0)
        if "File" in status:
            return await _write(world, trail)
    except ServiceError as error:
        return _failed(trail, now, error)
    if ending or now >= status.get("NextDelivery", 0.0):
        if await _decide(world, trail, now):
            return Outcome(requeue=0)
        status["NextDelivery"] = now + EVERY
    if "Chain" in status:
        over = ending or not trail.spec["LogFileValidationEnabled"]
        if over and status["Chain"].get("over"):
            del status["Chain"]
        elif over or now - status["Chain"]["since"] >= digests.EVERY:
            status["Chain"]["over"] = over
            digests.intend(trail, now)
            return Outcome(requeue=0)
    return Outcome(requeue=max(status["NextDelivery"] - now, 0.1), delete=trail.state == DELETING)


async def _decide(world: World, trail: Document, now: float) -> bool:
    """Decide on the next file, if anything is queued."""
    moment = timestamp(now)
    unique = "".join(secrets.choice(_ALPHABET) for _ in range(16))

    def work(tx: Transaction) -> bool:
        region = events.take(tx, trail.id, unique)
        if region is None:
            return False
        name = f"{trail.account}_CloudTrail_{region}_{moment:%Y%m%dT%H%MZ}_{unique}.json.gz"
        trail.status["File"] = {
            "id": unique,
            "region": region,
            "bucket": trail.spec["S3BucketName"],
            "key": f"{bucket.folder(trail, 'CloudTrail')}/{region}/{moment:%Y/%m/%d}/{name}",
        }
        leases.keep(tx, trail)
        return True

    return await world.db.write(work)


async def _write(world: World, trail: Document) -> Outcome:
    file = trail.status["File"]
    rows = events.taken(world.db.read(), trail.id, file["id"])
    content = b'{"Records":[%s]}' % b",".join(row.encode() for row in rows)
    await bucket.put(world, trail, file["bucket"], file["key"], gzip.compress(content, mtime=0), {})
    digests.add(
        trail, file["region"], digests.listed(file["bucket"], file["key"], content, [orjson.loads(row) for row in rows])
    )
    now = world.clock.now()
    trail.status |= {"LatestDeliveryTime": now, "LatestDeliveryAttemptTime": now}
    trail.status.pop("LatestDeliveryError", None)
    del trail.status["File"]
    return Outcome(requeue=0, also=lambda tx: events.delivered(tx, trail.id, file["id"]))


def _failed(trail: Document, now: float, error: ServiceError) -> Outcome:
    """Say why, and try again later, with what is then the trail's bucket. A trail that is deleted does not wait."""
    _log.warning("delivery failed", extra={"event": "delivery-failed", "trail": trail.arn, "code": error.code})
    member = "LatestDigestDeliveryError" if "Digest" in trail.status else "LatestDeliveryError"
    trail.status |= {member: error.code, "LatestDeliveryAttemptTime": now, "NextDelivery": now + EVERY}
    file = trail.status.pop("File", None)
    digest = trail.status.pop("Digest", None)
    gone = trail.state == DELETING

    def also(tx: Transaction) -> None:
        if gone:
            events.forget(tx, trail.id)
        elif file is not None:
            events.put_back(tx, trail.id, file["id"])

    if digest is not None:
        trail.status["Chain"].pop("over", None)
    return Outcome(requeue=EVERY, also=also, delete=gone)
