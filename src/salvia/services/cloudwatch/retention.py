"""Removing data that are older than CloudWatch keeps them."""

from __future__ import annotations

from salvia.control.world import World

_KEPT = 455 * 86_400  # GetMetricData: 1-hour datapoints are available for 455 days
_CHUNK = 2_000


async def sweep(world: World) -> int:
    """Delete data of more than 455 days ago, and metrics that have none left; returns how many data.

    Repeatable and interruptible. Each transaction is small.
    """
    removed = 0
    before = world.clock.now() - _KEPT
    for row in await world.db.scan("SELECT id FROM metrics"):
        values = {"metric": row["id"], "before": before}
        while True:
            count = await world.db.write(
                lambda tx, values=values: (
                    tx.run(  # type: ignore[misc]
                        "DELETE FROM metric_data WHERE id IN "
                        f"(SELECT id FROM metric_data WHERE metric = :metric AND at < :before LIMIT {_CHUNK})",  # noqa: S608
                        values,
                    )
                    if tx.one("SELECT 1 FROM metric_data WHERE metric = :metric AND at < :before", values)
                    else 0
                )
            )
            removed += count
            if count < _CHUNK:
                break
    await world.db.write(
        lambda tx: tx.run(
            "DELETE FROM metrics WHERE last_at < :before "
            "AND NOT EXISTS (SELECT 1 FROM metric_data WHERE metric_data.metric = metrics.id)",
            {"before": before},
        )
    )
    return removed
