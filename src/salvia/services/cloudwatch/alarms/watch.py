"""Which alarms look at which metrics: data that come wake those alarms, and nobody searches for them."""

from __future__ import annotations

from collections.abc import Sequence

from salvia.store.db import Transaction
from salvia.store.documents import Document

from .. import metrics
from ..metrics import Metric

_SOON = 0.25  # seconds: data that come in a burst make one evaluation
_WATCH = """
INSERT INTO alarm_metrics (alarm, metric) VALUES (:alarm, :metric)
ON CONFLICT (alarm) DO UPDATE SET metric = excluded.metric"""
_TOUCH = "UPDATE alarm_metrics SET touched = :now WHERE metric IN ({})"
# No new version: who is at work on the alarm finds `touched`, and need not begin anew.
_WAKE = """
UPDATE documents SET due_at = :soon
WHERE id IN (SELECT alarm FROM alarm_metrics WHERE metric IN ({})) AND (due_at IS NULL OR due_at > :soon)"""
_AGAIN = """
UPDATE documents SET due_at = :soon
WHERE id = :alarm AND (due_at IS NULL OR due_at > :soon)
  AND EXISTS (SELECT 1 FROM alarm_metrics WHERE alarm = :alarm AND touched <> :touched)"""


def watch(tx: Transaction, alarm: Document, metric: Metric) -> None:
    """Let an alarm look at a metric, which need not exist yet: one without data is listed nowhere."""
    identity = metrics.publish(tx, alarm.account, alarm.region, metric, 0.0)
    tx.run(_WATCH, {"alarm": alarm.id, "metric": identity})


def leave(tx: Transaction, alarm: Document) -> None:
    """Look no more."""
    tx.run("DELETE FROM alarm_metrics WHERE alarm = :alarm", {"alarm": alarm.id})


def touch(tx: Transaction, ids: Sequence[str], now: float) -> bool:
    """Data came to metrics, at the wall time `now`; whether an alarm looks at any of them."""
    values = {f"m{number}": metric for number, metric in enumerate(ids)}
    marks = ", ".join(f":{name}" for name in values)
    if not tx.run(_TOUCH.format(marks), {**values, "now": now}):
        return False
    tx.run(_WAKE.format(marks), {**values, "soon": now + _SOON})
    return True


def again(tx: Transaction, alarm: Document, touched: float, now: float) -> None:
    """Make an alarm due once more when data came since its evaluation read that its metric was touched at `touched`."""
    tx.run(_AGAIN, {"alarm": alarm.id, "touched": touched, "soon": now + _SOON})
