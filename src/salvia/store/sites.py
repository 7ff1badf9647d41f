"""Sites: host names of their own, behind which an instance serves pages; and the passes that open them.

A link opens its site once and begins a session. Of tokens only hashes are kept. Times are wall time.
"""

from __future__ import annotations

import hashlib
import secrets

from .db import Reader, Transaction

_CLAIM = "INSERT INTO sites (name, owner) VALUES (:name, :owner) ON CONFLICT (name) DO NOTHING"
_ISSUE = """
INSERT INTO site_passes (hash, owner, kind, expires_at, seconds)
VALUES (:hash, :owner, :kind, :expires_at, :seconds)"""
_SPEND = """
DELETE FROM site_passes WHERE hash = :hash AND owner = :owner AND kind = 'link' AND expires_at > :now
RETURNING seconds"""
_SESSION = "SELECT expires_at FROM site_passes WHERE hash = :hash AND owner = :owner AND kind = 'session'"
_LONGEST = 63  # of a label; RFC 1035


def claim(tx: Transaction, name: str, kind: str, owner: str) -> str:
    """Give `owner` a host name: its own, in lower case, and `kind`; where another has that, with a word more."""
    label = name.lower()
    found = f"{label}.{kind}"
    while not tx.run(_CLAIM, {"name": found, "owner": owner}):
        word = secrets.token_hex(2)
        found = f"{label[: _LONGEST - len(word) - 1]}-{word}.{kind}"
    return found


def owner(db: Reader, name: str) -> str | None:
    """The id of the document whose site it is."""
    row = db.one("SELECT owner FROM sites WHERE name = :name", {"name": name})
    return row["owner"] if row else None


def close(tx: Transaction, owner: str) -> None:
    """End all sessions and links of a site."""
    tx.run("DELETE FROM site_passes WHERE owner = :owner", {"owner": owner})


def release(tx: Transaction, owner: str) -> None:
    """The site is no more."""
    close(tx, owner)
    tx.run("DELETE FROM sites WHERE owner = :owner", {"owner": owner})


def link(tx: Transaction, owner: str, now: float, lasts: float, seconds: int) -> str:
    """A token that opens the site once, for as long as it `lasts`, to a session of `seconds`."""
    tx.run("DELETE FROM site_passes WHERE expires_at < :now", {"now": now})
    return _issue(tx, owner, "link", now + lasts, seconds)


def spend(tx: Transaction, owner: str, token: str, now: float) -> tuple[str, int] | None:
    """Begin the session that a link is for; its token and its seconds. None: it is no link, or was used, or is late."""
    rows = tx.all(_SPEND, {"hash": _hash(token), "owner": owner, "now": now})
    if not rows:
        return None
    seconds = int(rows[0]["seconds"])
    return _issue(tx, owner, "session", now + seconds, seconds), seconds


def until(db: Reader, owner: str, token: str, now: float) -> float | None:
    """When a session ends; None: there is none."""
    row = db.one(_SESSION, {"hash": _hash(token), "owner": owner})
    return float(row["expires_at"]) if row and row["expires_at"] > now else None


def _issue(tx: Transaction, owner: str, kind: str, expires_at: float, seconds: int) -> str:
    token = secrets.token_urlsafe(32)
    values = {"hash": _hash(token), "owner": owner, "kind": kind, "expires_at": expires_at, "seconds": seconds}
    tx.run(_ISSUE, values)
    return token


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
