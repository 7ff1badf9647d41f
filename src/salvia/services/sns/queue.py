"""What is on its way to a subscription: one row a message, until it is taken or given up."""

from __future__ import annotations

from typing import Any

import orjson

from salvia.core import ids
from salvia.core.clock import timestamp
from salvia.store.db import Reader, Row, Transaction
from salvia.store.documents import Document

_INSERT = """
INSERT INTO sns_deliveries (id, subscription, due_at, attempts, content)
VALUES (:id, :subscription, :due_at, 0, :content)"""
_DUE = """
SELECT * FROM sns_deliveries WHERE subscription = :subscription AND due_at <= :now ORDER BY due_at, id LIMIT :limit"""
# No new version: who is at work on the subscription looks at the queue before it rests.
_WAKE = """
UPDATE documents SET due_at = CASE WHEN due_at IS NULL OR due_at > :now THEN :now ELSE due_at END WHERE id = :id"""
_NEXT = """
UPDATE documents SET due_at = (SELECT MIN(due_at) FROM sns_deliveries WHERE subscription = :id)
WHERE id = :id AND EXISTS (SELECT 1 FROM sns_deliveries
                           WHERE subscription = :id AND (documents.due_at IS NULL OR due_at < documents.due_at))"""


def add(tx: Transaction, subscription: str, content: dict[str, Any], now: float) -> None:
    """Send a message on its way, if the subscription is still there."""
    if tx.run(_WAKE, {"id": subscription, "now": now}):
        row = {"id": ids.event_id(now), "subscription": subscription, "due_at": now}
        tx.run(_INSERT, {**row, "content": orjson.dumps(content).decode()})


def due(reader: Reader, subscription: str, now: float, limit: int) -> list[Row]:
    """The messages whose time has come, the oldest first."""
    return reader.all(_DUE, {"subscription": subscription, "now": now, "limit": limit})


def settle(tx: Transaction, delivery: str) -> None:
    """A message was taken, or given up."""
    tx.run("DELETE FROM sns_deliveries WHERE id = :id", {"id": delivery})


def postpone(tx: Transaction, delivery: str, attempts: int, due_at: float) -> None:
    """A message is tried again later."""
    values = {"id": delivery, "attempts": attempts, "due_at": due_at}
    tx.run("UPDATE sns_deliveries SET attempts = :attempts, due_at = :due_at WHERE id = :id", values)


def clear(tx: Transaction, subscription: str) -> None:
    """Nothing more is on its way."""
    tx.run("DELETE FROM sns_deliveries WHERE subscription = :id", {"id": subscription})


def schedule(tx: Transaction, subscription: str) -> None:
    """Make a subscription due when its next message is."""
    tx.run(_NEXT, {"id": subscription})


def confirmation(subscription: Document, kind: str, now: float) -> dict[str, Any]:
    """The message that carries a token: SubscriptionConfirmation or UnsubscribeConfirmation."""
    topic, arn = subscription.spec["TopicArn"], subscription.arn
    text = (
        f"You have chosen to subscribe to the topic {topic}.\nTo confirm the subscription, visit the SubscribeURL "
        "included in this message."
        if kind == "SubscriptionConfirmation"
        else f"You have chosen to deactivate subscription {arn}.\nTo cancel this operation and restore the "
        "subscription, visit the SubscribeURL included in this message."
    )
    return {**message(kind, text, now), "Token": subscription.status["Token"]}


def message(kind: str, text: str, now: float, identity: str = "") -> dict[str, Any]:
    """What every message has."""
    when = timestamp(now)
    stamp = f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03}Z"
    return {"Type": kind, "MessageId": identity or ids.row_id(), "Message": text, "Timestamp": stamp}
