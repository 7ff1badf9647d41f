"""Removing data that are older than CloudWatch keeps them."""

from __future__ import annotations

from typing import Any

from salvia.control.world import World

_KEPT = 455 * 86_400  # GetMetricData: one-hour datapoints are available for 455 days
_CHUNK = 2_000  # data a transaction: other writers wait no longer than that takes
_SOME = "SELECT id FROM metric_data WHERE metric = :metric AND at < :before LIMIT 1"
_DELETE = """
DELETE FROM metric_data
WHERE id IN (SELECT id FROM metric_data WHERE metric = :metric AND at < :before LIMIT :chunk)"""
_DELETE_EMPTY = """
DELETE FROM metrics
WHERE last_at < :before AND NOT EXISTS (SELECT 1 FROM metric_data WHERE metric_data.metric = metrics.id)
  AND NOT EXISTS (SELECT 1 FROM alarm_metrics WHERE alarm_metrics.metric = metrics.id)"""


async def sweep(world: World) -> int:
    """Delete data of more than 455 days ago, and metrics that have none left; returns how many data.

    Repeatable and interruptible.
    """
    before = world.clock.now() - _KEPT
    removed = 0
    for row in await world.db.scan("SELECT id FROM metrics"):
        values = {"metric": row["id"], "before": before}
        while world.db.read().one(_SOME, values):
            removed += await _remove(world, values)
    await world.db.write(lambda tx: tx.run(_DELETE_EMPTY, {"before": before}))
    return removed


async def _remove(world: World, values: dict[str, Any]) -> int:
    return await world.db.write(lambda tx: tx.run(_DELETE, {**values, "chunk": _CHUNK}))
