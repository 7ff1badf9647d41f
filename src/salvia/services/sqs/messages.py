"""The messages of queues: the one way to read and write `sqs_messages`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from salvia.control.world import World
from salvia.core import ids
from salvia.store.db import Database, Reader, Row, Transaction
from salvia.store.documents import encode

_ADD = """
INSERT INTO sqs_messages (id, queue, visible_at, sent_at, receives, receipt, content)
VALUES (:id, :queue, :visible_at, :sent_at, 0, '', :content)"""
_VISIBLE = """
SELECT id FROM sqs_messages WHERE queue = :queue AND visible_at <= :now AND sent_at > :oldest
ORDER BY visible_at, id LIMIT :most"""
_TAKE = """
UPDATE sqs_messages SET visible_at = :until, receives = receives + 1, receipt = :receipt,
                        received_at = COALESCE(received_at, :at)
WHERE id = :id RETURNING *"""
_DELETE = "DELETE FROM sqs_messages WHERE id = :id AND queue = :queue AND receipt = :receipt"
_ONE = "SELECT * FROM sqs_messages WHERE id = :id AND queue = :queue AND receipt = :receipt"
_COUNT = """
SELECT COUNT(*) AS number, SUM(CASE WHEN visible_at > :now AND receives > 0 THEN 1 ELSE 0 END) AS taken,
       SUM(CASE WHEN visible_at > :now AND receives = 0 THEN 1 ELSE 0 END) AS delayed
FROM sqs_messages WHERE queue = :queue"""
_EXPIRED = """
DELETE FROM sqs_messages
WHERE id IN (SELECT id FROM sqs_messages WHERE queue = :queue AND sent_at <= :oldest LIMIT 500)"""


def add(tx: Transaction, rows: Iterable[tuple[str, str, float, float, dict[str, Any]]]) -> None:
    """Keep messages: id, queue, when each can be received and when it was sent, and what was."""
    tx.many(
        _ADD,
        [
            {"id": one, "queue": queue, "visible_at": visible, "sent_at": sent, "content": encode(content)}
            for one, queue, visible, sent, content in rows
        ],
    )


def any_visible(reader: Reader, queue: str, now: float, oldest: float) -> bool:
    """Whether `take` would find something."""
    return reader.one(_VISIBLE, {"queue": queue, "now": now, "oldest": oldest, "most": 1}) is not None


def take(tx: Transaction, queue: str, now: float, oldest: float, most: int, seconds: float, at: float) -> list[Row]:
    """Up to `most` messages, which nobody else can receive for so many `seconds`; each has a new receipt."""
    found = tx.all(_VISIBLE, {"queue": queue, "now": now, "oldest": oldest, "most": most})
    taken = []
    for row in found:
        values = {"id": row["id"], "until": now + seconds, "receipt": ids.row_id(), "at": at}
        taken += tx.all(_TAKE, values)
    return taken


def delete(tx: Transaction, queue: str, message: str, receipt: str) -> None:
    """Forget a message, if that receipt is its last."""
    tx.run(_DELETE, {"queue": queue, "id": message, "receipt": receipt})


def received(reader: Reader, queue: str, message: str, receipt: str) -> Row | None:
    """The message for which that receipt was the last given out."""
    return reader.one(_ONE, {"queue": queue, "id": message, "receipt": receipt})


def show_at(tx: Transaction, message: str, visible_at: float) -> None:
    """Say when a message can be received next."""
    tx.run("UPDATE sqs_messages SET visible_at = :at WHERE id = :id", {"id": message, "at": visible_at})


def purge(tx: Transaction, queue: str) -> None:
    """Forget all messages of a queue."""
    tx.run("DELETE FROM sqs_messages WHERE queue = :queue", {"queue": queue})


async def counted(db: Database, queue: str, now: float) -> dict[str, str]:
    """How many messages there are, as a queue's attributes say it."""
    (row,) = await db.scan(_COUNT, {"queue": queue, "now": now})
    taken, delayed = int(row["taken"] or 0), int(row["delayed"] or 0)
    return {
        "ApproximateNumberOfMessages": str(int(row["number"]) - taken - delayed),
        "ApproximateNumberOfMessagesNotVisible": str(taken),
        "ApproximateNumberOfMessagesDelayed": str(delayed),
    }


async def expire(world: World, queue: str, oldest: float) -> None:
    """Forget what was sent before, some at a time: other writers wait no longer than that takes."""
    while await world.db.write(lambda tx: tx.run(_EXPIRED, {"queue": queue, "oldest": oldest})) == 500:
        pass
