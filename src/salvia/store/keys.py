"""Access keys and sessions as rows: the one way to read and write the `iam_keys` table."""

from __future__ import annotations

from dataclasses import dataclass, field

import orjson

from salvia.core import ids
from salvia.core.caller import Caller

from .db import Reader, Row, Transaction

_INSERT = """
INSERT INTO iam_keys (id, entity, unique_id, secret, session_token, session_name, session_policies, owner,
                      created_at, expires_at)
VALUES (:id, :entity, :unique_id, :secret, :session_token, :session_name, :session_policies, :owner,
        :created_at, :expires_at)"""
_FIND = """
SELECT k.id, k.unique_id, k.secret, k.status, k.session_token, k.session_name, k.session_policies, k.owner,
       k.created_at, k.expires_at, d.arn, d.account, d.kind, d.tags
FROM iam_keys k JOIN documents d ON d.id = k.entity WHERE k.id = :id"""


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A key that may sign requests, and for whom. Times are wall seconds since the epoch."""

    id: str
    secret: str = field(repr=False)
    session_token: str | None = field(repr=False)
    expires_at: float | None
    caller: Caller


@dataclass(frozen=True, slots=True)
class Session:
    """What a session adds to its entity. `policies` are policy documents and ARNs of managed policies; `owner` is the
    job that it belongs to.
    """

    name: str | None
    expires_at: float
    policies: tuple[str, ...] = ()
    owner: str = ""


def find(db: Reader, key_id: str) -> AccessKey | None:
    """The key of that id; None when there is none, or it is inactive, or its entity is gone."""
    row = db.one(_FIND, {"id": key_id})
    if row is None or row["status"] != "Active":
        return None
    return AccessKey(row["id"], row["secret"], row["session_token"], row["expires_at"], _caller(row))


def _caller(row: Row) -> Caller:
    entity, account, session = row["arn"], row["account"], row["session_name"]
    context = {f"aws:principaltag/{name.lower()}": value for name, value in orjson.loads(row["tags"]).items()}
    if row["session_token"] is not None:
        context["aws:tokenissuetime"] = str(row["created_at"])
        context["aws:multifactorauthpresent"] = "false"
    policies = tuple(orjson.loads(row["session_policies"]))
    if row["kind"] == "iam:User":
        return Caller("user", account, entity, row["unique_id"], entity, row["id"], None, policies, context)
    arn = f"arn:aws:sts::{account}:assumed-role/{entity.rpartition('/')[2]}/{session}"
    user_id = f"{row['unique_id']}:{session}"
    return Caller("assumed-role", account, arn, user_id, entity, row["id"], None, policies, context, row["owner"])


def issue(
    tx: Transaction, entity: str, unique_id: str, now: float, session: Session | None = None
) -> tuple[str, str, str | None]:
    """Store a new key of an entity (a document's id); returns its id, secret and session token.

    Sessions that ended more than a day ago are deleted on the way: a request late by clock skew is still told
    that its token has expired, rather than that it never was.
    """
    key = ids.unique_id("ASIA" if session else "AKIA")
    secret = ids.secret_key()
    token = ids.token(192) if session else None
    tx.run(
        _INSERT,
        {
            "id": key,
            "entity": entity,
            "unique_id": unique_id,
            "secret": secret,
            "session_token": token,
            "session_name": session.name if session else None,
            "session_policies": orjson.dumps(session.policies if session else ()).decode(),
            "owner": session.owner if session else "",
            "created_at": now,
            "expires_at": session.expires_at if session else None,
        },
    )
    if session:
        tx.run("DELETE FROM iam_keys WHERE expires_at < :limit", {"limit": now - 86_400})
    return key, secret, token


def long_term(db: Reader, entity: str) -> list[Row]:
    """The long-term keys of an entity, oldest first: id, secret, status, created_at."""
    return db.all(
        "SELECT id, secret, status, created_at FROM iam_keys "
        "WHERE entity = :entity AND session_token IS NULL ORDER BY created_at, id",
        {"entity": entity},
    )


def set_status(tx: Transaction, entity: str, key_id: str, status: str) -> bool:
    """Make a long-term key Active or Inactive; False when the entity has no such key."""
    return (
        tx.run(
            "UPDATE iam_keys SET status = :status WHERE id = :id AND entity = :entity AND session_token IS NULL",
            {"status": status, "id": key_id, "entity": entity},
        )
        == 1
    )


def delete(tx: Transaction, entity: str, key_id: str) -> bool:
    """Delete a long-term key; False when the entity has no such key."""
    return (
        tx.run(
            "DELETE FROM iam_keys WHERE id = :id AND entity = :entity AND session_token IS NULL",
            {"id": key_id, "entity": entity},
        )
        == 1
    )


def end_sessions(tx: Transaction, entity: str) -> None:
    """Delete every session of an entity."""
    tx.run("DELETE FROM iam_keys WHERE entity = :entity AND session_token IS NOT NULL", {"entity": entity})


def used(tx: Transaction, key_id: str, at: float, service: str, region: str) -> None:
    """Note when and with which service a long-term key was last used."""
    tx.run(
        "UPDATE iam_keys SET used_at = :at, used_service = :service, used_region = :region "
        "WHERE id = :id AND session_token IS NULL",
        {"at": at, "service": service, "region": region, "id": key_id},
    )
