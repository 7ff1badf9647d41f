"""Removing what nobody can read any more: expired events, and the events of deleted streams."""

from __future__ import annotations

from typing import Any

from salvia.control.world import World
from salvia.store.db import Transaction
from salvia.store.documents import Document

from .groups import LOG_GROUP, oldest

_CHUNK = 100  # batches a transaction: other writers wait no longer than that takes


async def sweep(world: World) -> int:
    """Delete every batch whose last event has expired and every one of a deleted stream; returns how many.

    Repeatable and interruptible. Several may run at once; they share the work.
    """
    removed = 0
    now = int(world.clock.now() * 1000)
    for row in await world.db.scan("SELECT * FROM documents WHERE kind = :kind", {"kind": LOG_GROUP.kind}):
        group = Document.of(row)
        before = oldest(group, now)
        if before > 0:
            removed += await _drain(
                world, "log_group = :key AND last_at < :before", {"key": group.id, "before": before}
            )
    for row in await world.db.scan("SELECT id FROM log_streams WHERE log_group IS NULL"):
        removed += await _drain(world, "stream = :key", {"key": row["id"]})
        await world.db.write(
            lambda tx, key=row["id"]: tx.run(  # type: ignore[misc]
                "DELETE FROM log_streams WHERE id = :key AND log_group IS NULL "
                "AND NOT EXISTS (SELECT 1 FROM log_events WHERE stream = :key)",
                {"key": key},
            )
        )
    return removed


async def _drain(world: World, where: str, values: dict[str, Any]) -> int:
    removed = 0
    while True:
        count = await world.db.write(lambda tx: _remove(tx, where, values))
        removed += count
        if count < _CHUNK:
            return removed


def _remove(tx: Transaction, where: str, values: dict[str, Any]) -> int:
    rows = tx.all(
        f"SELECT stream, first_at, position, bytes FROM log_events WHERE {where} LIMIT {_CHUNK}",  # noqa: S608
        values,
    )
    freed: dict[str, int] = {}
    for row in rows:
        freed[row["stream"]] = freed.get(row["stream"], 0) + row["bytes"]
        tx.run(
            "DELETE FROM log_events WHERE stream = :stream AND first_at = :first_at AND position = :position",
            {"stream": row["stream"], "first_at": row["first_at"], "position": row["position"]},
        )
    for stream, size in freed.items():
        tx.run(
            "UPDATE log_streams SET bytes = bytes - :size, first_at = "
            "COALESCE((SELECT MIN(first_at) FROM log_events WHERE stream = :stream), first_at) "
            "WHERE id = :stream",
            {"stream": stream, "size": size},
        )
    return len(rows)
