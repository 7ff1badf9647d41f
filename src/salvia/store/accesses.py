"""What was allowed and what was denied, as rows: the one way to read and write both tables."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from .db import Reader, Transaction

_INSERT = """
INSERT INTO iam_accesses (id, entity, owner, action, resource, at)
VALUES (:id, :entity, :owner, :action, :resource, :at) ON CONFLICT (id) DO NOTHING"""
_DENY = """
INSERT INTO iam_denials (request_id, account, at, denial) VALUES (:request_id, :account, :at, :denial)
ON CONFLICT (request_id) DO UPDATE SET denial = excluded.denial"""


@dataclass(frozen=True, slots=True)
class Access:
    """One thing that a user or a role was allowed to do, for itself or in a job (`owner`, a document's id)."""

    entity: str
    owner: str
    action: str
    resource: str


def insert(tx: Transaction, accesses: Iterable[Access], at: float) -> None:
    """Store what is new of `accesses`."""
    tx.many(
        _INSERT,
        [
            {
                "id": hashlib.sha256(orjson.dumps([one.entity, one.owner, one.action, one.resource])).hexdigest(),
                "entity": one.entity,
                "owner": one.owner,
                "action": one.action,
                "resource": one.resource,
                "at": at,
            }
            for one in accesses
        ],
    )


def deny(tx: Transaction, request_id: str, account: str, at: float, denial: Mapping[str, Any]) -> None:
    """Store why a request was denied; the last denial of a request stands."""
    text = orjson.dumps(denial).decode()
    tx.run(_DENY, {"request_id": request_id, "account": account, "at": at, "denial": text})


def of(db: Reader, *, entity: str = "", owner: str = "") -> list[Access]:
    """What was allowed to a user or role, or in a job, in the order of actions and resources."""
    column, value = ("owner", owner) if owner else ("entity", entity)
    rows = db.all(
        f"SELECT entity, owner, action, resource FROM iam_accesses WHERE {column} = :value "  # noqa: S608
        "ORDER BY action, resource",
        {"value": value},
    )
    return [Access(row["entity"], row["owner"], row["action"], row["resource"]) for row in rows]


def denial(db: Reader, account: str, request_id: str) -> dict[str, Any] | None:
    """Why a request was denied; None for one that was not, or is forgotten."""
    row = db.one(
        "SELECT denial FROM iam_denials WHERE request_id = :id AND account = :account",
        {"id": request_id, "account": account},
    )
    found: dict[str, Any] | None = orjson.loads(row["denial"]) if row else None
    return found


def expire(tx: Transaction, before: float) -> None:
    """Forget what is older."""
    for table in ("iam_accesses", "iam_denials"):
        tx.run(f"DELETE FROM {table} WHERE at < :before", {"before": before})  # noqa: S608
