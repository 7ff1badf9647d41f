"""Who uses which bytes: a count of layouts for each blob, kept in the transactions that add and remove them.

A blob that loses its last use is deleted by the sweep, later: somebody may still be reading it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from salvia.store.db import Transaction

from .layout import Layout

_GAIN = """
INSERT INTO s3_blobs (id, uses, unused_at) VALUES (:id, :count, NULL)
ON CONFLICT (id) DO UPDATE SET uses = s3_blobs.uses + excluded.uses, unused_at = NULL"""
_LOSE = """
UPDATE s3_blobs SET unused_at = CASE WHEN uses <= :count THEN CAST(:now AS FLOAT) ELSE NULL END, uses = uses - :count
WHERE id = :id"""
_ABANDON = "INSERT INTO s3_blobs (id, uses, unused_at) VALUES (:id, 0, :now) ON CONFLICT (id) DO NOTHING"


def account(tx: Transaction, now: float, *, gained: Iterable[Layout] = (), lost: Iterable[Layout] = ()) -> None:
    """Count the layouts that a transaction adds and those that it removes. `now` is wall time."""
    change: Counter[str] = Counter()
    for layout in gained:
        change.update({extent.blob for extent in layout.extents})
    for layout in lost:
        change.subtract({extent.blob for extent in layout.extents})
    for blob, count in change.items():
        if count > 0:
            tx.run(_GAIN, {"id": blob, "count": count})
        elif count < 0:
            tx.run(_LOSE, {"id": blob, "count": -count, "now": now})


def abandon(tx: Transaction, now: float, layout: Layout) -> None:
    """Leave to the sweep what was stored for an object that was then refused."""
    for blob in {extent.blob for extent in layout.extents}:
        tx.run(_ABANDON, {"id": blob, "now": now})
