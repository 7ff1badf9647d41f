"""The sweep's one document, due again and again."""

from __future__ import annotations

import hmac
import logging

from salvia.control.reconcile import Outcome
from salvia.control.world import World
from salvia.core.errors import ServiceError
from salvia.store import documents
from salvia.store.db import Transaction
from salvia.store.documents import Document

from . import SWEEP

RECONCILES = SWEEP

GRACE = 3600.0  # seconds: how long a reader may still need what was deleted, or an upload between bytes and row
_EVERY = 60.0
_STRAY_EVERY = 6 * 3600.0
_REMEMBERED = 24 * 3600.0  # how long a completed upload answers again
_BATCH = 500
_NAME = "blobs"

_log = logging.getLogger("salvia.s3")


async def bootstrap(world: World) -> None:
    """Make the sweep due, once and for all, and see to it that the bytes are where the database left them."""
    now = world.clock.now()
    sweep = Document(
        kind=SWEEP.kind,
        account="",
        region="",
        name=_NAME,
        arn=SWEEP.arn_of({"Name": _NAME}, "", ""),
        created_at=now,
        modified_at=now,
        due_at=world.clock.wall(),
    )

    def work(tx: Transaction) -> None:
        documents.insert(tx, sweep)
        found = documents.find(tx, SWEEP.kind, "", "", _NAME)
        assert found is not None
        kept = found.spec.get("Store", "")
        if kept != world.objects.name:
            if tx.one("SELECT 1 FROM s3_blobs LIMIT 1"):
                raise _elsewhere(kept)
            found.spec["Store"] = world.objects.name
            documents.update(tx, found)

    await world.db.write(work)
    # Whose the bytes are follows from the server's secret, which every process of a database shares.
    await world.objects.claim(hmac.digest(world.secret, b"object store", "sha256").hex()[:32])


def _elsewhere(kept: str) -> ServiceError:
    where = f"the bucket {kept}: name it with --object-store" if kept else "its own folder: omit --object-store"
    return ServiceError("InvalidRequest", f"This data directory keeps the bytes of its objects in {where}.")


async def reconcile(sweep: Document, world: World) -> Outcome:
    """One round; strays, which only a crash leaves, are looked for less often."""
    now = world.clock.wall()
    more = await unused(world, now - GRACE)
    await world.db.write(lambda tx: _forget_uploads(tx, now - _REMEMBERED))
    if now - sweep.status.get("StraysAt", 0.0) >= _STRAY_EVERY:
        await strays(world, now - GRACE)
        sweep.status["StraysAt"] = now
    return Outcome(requeue=0 if more else _EVERY)


async def unused(world: World, before: float) -> bool:
    """Delete blobs that nobody has used since `before`, wall time; whether there may be more of them.

    The row goes first: a blob whose row is gone and whose file is not is a stray.
    """

    def work(tx: Transaction) -> list[str]:
        values = {"before": before, "most": _BATCH}
        rows = tx.all("SELECT id FROM s3_blobs WHERE unused_at < :before AND uses <= 0 LIMIT :most", values)
        tx.many("DELETE FROM s3_blobs WHERE id = :id", [{"id": row["id"]} for row in rows])
        return [row["id"] for row in rows]

    gone = await world.db.write(work)
    if gone:
        await world.objects.delete(gone)
        _log.info("swept", extra={"event": "blobs-swept", "count": len(gone)})
    return len(gone) == _BATCH


async def strays(world: World, before: float) -> None:
    """Delete what lies in the store since `before`, wall time, and has no row."""
    batch: list[str] = []
    async for stored in world.objects.stored():
        if stored.modified_at < before:
            batch.append(stored.blob)
        if len(batch) == _BATCH:
            await _delete_strays(world, batch)
            batch = []
    await _delete_strays(world, batch)


async def _delete_strays(world: World, blobs: list[str]) -> None:
    names = {f"i{n}": blob for n, blob in enumerate(blobs)}
    marks = ", ".join(f":{name}" for name in names) or "NULL"
    rows = world.db.read().all(f"SELECT id FROM s3_blobs WHERE id IN ({marks})", names)  # noqa: S608
    known = {row["id"] for row in rows}
    gone = [blob for blob in blobs if blob not in known]
    if gone:
        await world.objects.delete(gone)
        _log.info("strays swept", extra={"event": "strays-swept", "count": len(gone)})


def _forget_uploads(tx: Transaction, before: float) -> None:
    tx.run("DELETE FROM s3_uploads WHERE completed_at < :before", {"before": before})
