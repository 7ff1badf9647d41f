"""Sessions of Studio, links that open them, tries at passwords: the one way to read and write their tables."""

from __future__ import annotations

from .db import Reader, Row, Transaction

_FORGET = (
    "DELETE FROM studio_sessions WHERE expires_at < :now",
    "DELETE FROM studio_links WHERE expires_at < :now",
)
_ADD = """
INSERT INTO studio_sessions (id, account, access_key, seen_at, expires_at)
VALUES (:id, :account, :access_key, :now, :expires_at)"""
_TRY = """
INSERT INTO studio_tries (id, tries, since) VALUES (:id, 1, :now)
ON CONFLICT (id) DO UPDATE SET tries = studio_tries.tries + 1"""


def add_link(tx: Transaction, link: str, content: str, expires_at: float) -> None:
    """Keep a link until it is used, or expires."""
    values = {"id": link, "content": content, "expires_at": expires_at}
    tx.run("INSERT INTO studio_links (id, content, expires_at) VALUES (:id, :content, :expires_at)", values)


def take_link(tx: Transaction, link: str, now: float) -> str | None:
    """The content of a link, which is gone from now on; None for one that is not there, or has expired."""
    row = tx.one("SELECT content, expires_at FROM studio_links WHERE id = :id", {"id": link})
    if row is None or tx.run("DELETE FROM studio_links WHERE id = :id", {"id": link}) != 1:
        return None
    return str(row["content"]) if now < row["expires_at"] else None


def add(tx: Transaction, session: str, account: str, access_key: str, now: float, expires_at: float) -> None:
    """Begin a session; those that have ended are forgotten on the way."""
    for statement in _FORGET:
        tx.run(statement, {"now": now})
    values = {"id": session, "account": account, "access_key": access_key, "now": now, "expires_at": expires_at}
    tx.run(_ADD, values)


def find(db: Reader, session: str) -> Row | None:
    """A session, whether or not it has ended."""
    return db.one("SELECT * FROM studio_sessions WHERE id = :id", {"id": session})


def seen(tx: Transaction, session: str, now: float) -> None:
    """Note that a session is in use."""
    tx.run("UPDATE studio_sessions SET seen_at = :now WHERE id = :id AND seen_at < :now", {"id": session, "now": now})


def switch(tx: Transaction, session: str, role_key: str, role_arn: str) -> None:
    """Act in a role from now on, or in none; the role's session before it ends."""
    _end_keys(tx, session, "role_key")
    values = {"id": session, "role_key": role_key, "role_arn": role_arn}
    tx.run("UPDATE studio_sessions SET role_key = :role_key, role_arn = :role_arn WHERE id = :id", values)


def end(tx: Transaction, session: str) -> None:
    """End a session, and the credentials that it acted with."""
    _end_keys(tx, session, "role_key")
    _end_keys(tx, session, "access_key")
    tx.run("DELETE FROM studio_sessions WHERE id = :id", {"id": session})


def _end_keys(tx: Transaction, session: str, column: str) -> None:
    tx.run(
        f"DELETE FROM iam_keys WHERE session_token IS NOT NULL AND id IN "  # noqa: S608
        f"(SELECT {column} FROM studio_sessions WHERE id = :id)",
        {"id": session},
    )


def tried(tx: Transaction, who: str, now: float, since: float) -> int:
    """Count one more try of a user or an address; how many there have been `since`, or since the first after it."""
    tx.run("DELETE FROM studio_tries WHERE since < :since", {"since": since})
    tx.run(_TRY, {"id": who, "now": now})
    row = tx.one("SELECT tries FROM studio_tries WHERE id = :id", {"id": who})
    return int(row["tries"]) if row else 0


def succeeded(tx: Transaction, user: str, address: str) -> None:
    """Forget the tries of a user who knew the password; many may share an address, which is not blamed for this one."""
    tx.run("DELETE FROM studio_tries WHERE id = :id", {"id": user})
    tx.run("UPDATE studio_tries SET tries = tries - 1 WHERE id = :id", {"id": address})
