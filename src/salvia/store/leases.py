"""Which controller works on which document, and until when.

A worker *claims* documents that are due, works on them outside any transaction, *renews* its lease meanwhile,
and writes back under its token: a worker that lost its lease, or whose document changed, writes nothing.

A *node* is a data directory with its controllers. What a job started runs on one node, to which the document is
pinned: no other claims it, unless nothing was heard of the node for `DEAD` seconds.
"""

from __future__ import annotations

from salvia.core import ids

from . import documents
from .db import Reader, Transaction
from .documents import Conflict, Document

DEAD = 60.0
_DUE = """due_at <= :now AND (locked_until IS NULL OR locked_until < :now)
  AND (node = '' OR node = :node OR node NOT IN (SELECT id FROM nodes WHERE seen_at > :dead))"""
_ANY = f"SELECT 1 FROM documents WHERE {_DUE} LIMIT 1"  # noqa: S608
_CLAIM = f"""
UPDATE documents SET lock_token = :token, locked_until = :until
WHERE id IN (SELECT id FROM documents WHERE {_DUE} ORDER BY due_at LIMIT :limit)
RETURNING *"""  # noqa: S608
_RENEW = "UPDATE documents SET locked_until = :until WHERE id = :id AND lock_token = :token"
_RELEASE = "UPDATE documents SET lock_token = NULL, locked_until = NULL WHERE id = :id AND lock_token = :token"
_ABANDON = """
UPDATE documents SET lock_token = NULL, locked_until = NULL WHERE due_at IS NOT NULL AND lock_token LIKE :tokens"""
_HELD = "SELECT 1 FROM documents WHERE id = :id AND lock_token = :token"
_WAKE = "UPDATE documents SET due_at = :now, version = version + 1 WHERE id = :id"
_NUDGE = "UPDATE documents SET due_at = :now WHERE id = :id AND (due_at IS NULL OR due_at > :now)"
_WAKE_ALL = "UPDATE documents SET due_at = :now, version = version + 1 WHERE due_at > :now"
_NEXT = """
SELECT MIN(due_at) AS due FROM documents
WHERE due_at IS NOT NULL AND (locked_until IS NULL OR locked_until < :now) AND (node = '' OR node = :node)"""
_SEEN = """
INSERT INTO nodes (id, seen_at) VALUES (:node, :now) ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at"""


def claim(tx: Transaction, now: float, seconds: float, limit: int, node: str = "", worker: str = "") -> list[Document]:
    """Lease up to `limit` due documents for `seconds`; their `lock_token` is set, and begins with `worker`.

    Writers take turns, whatever the database: no two claim the same.
    """
    token = worker + ids.row_id()[len(worker) :]
    due = {"now": now, "node": node, "dead": now - DEAD}
    rows = tx.all(_CLAIM, {**due, "token": token, "until": now + seconds, "limit": limit})
    return [Document.of(row) for row in rows]


def abandon(tx: Transaction, worker: str) -> None:
    """End the leases of a worker that is dead, for whoever takes its place: nobody need wait until they run out."""
    tx.run(_ABANDON, {"tokens": f"{worker}%"})


def any_due(db: Reader, now: float, node: str = "") -> bool:
    """Whether `claim` would find something."""
    return db.one(_ANY, {"now": now, "node": node, "dead": now - DEAD}) is not None


def seen(tx: Transaction, node: str) -> None:
    """Note that a node lives."""
    tx.run(_SEEN, {"node": node, "now": tx.now()})


def pin(tx: Transaction, document: Document, node: str) -> None:
    """Keep a document for the node on which its instances are about to start."""
    tx.run("UPDATE documents SET node = :node WHERE id = :id", {"node": node, "id": document.id})
    document.node = node


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


def nudge(tx: Transaction, document_id: str, now: float) -> None:
    """Make a document due, whose worker looks before it rests: what it does right now stands."""
    tx.run(_NUDGE, {"id": document_id, "now": now})


def wake_all(tx: Transaction, now: float) -> None:
    """Make everything due that waits for a moment: the clock was moved."""
    tx.run(_WAKE_ALL, {"now": now})


def next_due(db: Reader, now: float, node: str = "") -> float | None:
    """When the next unleased document is due that this node may claim; None when nothing is planned."""
    row = db.one(_NEXT, {"now": now, "node": node})
    return row["due"] if row else None


def keep(tx: Transaction, document: Document) -> None:
    """Store an intermediate state and hold on to the lease. Raises Conflict as `write_back` does."""
    if tx.one(_HELD, {"id": document.id, "token": document.lock_token}) is None:
        raise Conflict(document.arn)
    documents.update(tx, document)
