"""Which controller works on which document, and until when.

A worker *claims* documents that are due, works on them outside any transaction, *renews* its lease meanwhile,
and writes back under its token: a worker that lost its lease, or whose document changed, writes nothing.
"""

from __future__ import annotations

from salvia.core import ids

from . import documents
from .db import Reader, Transaction
from .documents import Conflict, Document

_CLAIM = """
UPDATE documents SET lock_token = :token, locked_until = :until
WHERE id IN (SELECT id FROM documents
             WHERE due_at <= :now AND (locked_until IS NULL OR locked_until < :now)
             ORDER BY due_at LIMIT :limit)
  AND (locked_until IS NULL OR locked_until < :now)"""
_CLAIMED = "SELECT * FROM documents WHERE lock_token = :token"
_RENEW = "UPDATE documents SET locked_until = :until WHERE id = :id AND lock_token = :token"
_RELEASE = "UPDATE documents SET lock_token = NULL, locked_until = NULL WHERE id = :id AND lock_token = :token"
_HELD = "SELECT 1 FROM documents WHERE id = :id AND lock_token = :token"
_WAKE = "UPDATE documents SET due_at = :now, version = version + 1 WHERE id = :id"
_WAKE_ALL = "UPDATE documents SET due_at = :now, version = version + 1 WHERE due_at > :now"
_NEXT = """
SELECT MIN(due_at) AS due FROM documents
WHERE due_at IS NOT NULL AND (locked_until IS NULL OR locked_until < :now)"""


def claim(tx: Transaction, now: float, seconds: float, limit: int) -> list[Document]:
    """Lease up to `limit` due documents for `seconds`; their `lock_token` is set."""
    token = ids.row_id()
    if not tx.run(_CLAIM, {"token": token, "until": now + seconds, "now": now, "limit": limit}):
        return []
    return [Document.of(row) for row in tx.all(_CLAIMED, {"token": token})]


def renew(tx: Transaction, document: Document, until: float) -> bool:
    """Hold on to a lease; False when it is lost."""
    return tx.run(_RENEW, {"id": document.id, "token": document.lock_token, "until": until}) == 1


def write_back(tx: Transaction, document: Document) -> None:
    """Store what became of a leased document and let go of it. Raises Conflict: lease lost, or document changed."""
    if tx.one(_HELD, {"id": document.id, "token": document.lock_token}) is None:
        raise Conflict(document.arn)
    documents.update(tx, document)
    release(tx, document)


def release(tx: Transaction, document: Document) -> None:
    """Let go of a lease, if it is still held."""
    tx.run(_RELEASE, {"id": document.id, "token": document.lock_token})


def wake(tx: Transaction, document_id: str, now: float) -> None:
    """Make a document due. Whoever works on it right now will find that it changed, and look again."""
    tx.run(_WAKE, {"id": document_id, "now": now})


def wake_all(tx: Transaction, now: float) -> None:
    """Make everything due that waits for a moment: the clock was moved."""
    tx.run(_WAKE_ALL, {"now": now})


def next_due(db: Reader, now: float) -> float | None:
    """When the next unleased document is due; None when nothing is planned."""
    row = db.one(_NEXT, {"now": now})
    return row["due"] if row else None


def keep(tx: Transaction, document: Document) -> None:
    """Store an intermediate state and hold on to the lease. Raises Conflict as `write_back` does."""
    if tx.one(_HELD, {"id": document.id, "token": document.lock_token}) is None:
        raise Conflict(document.arn)
    documents.update(tx, document)
