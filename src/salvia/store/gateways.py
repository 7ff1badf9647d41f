"""Which gateways live, and where others reach them: a row each, a lease that its gateway renews."""

from __future__ import annotations

from typing import NamedTuple

from .db import Reader, Transaction

LEASE = 10.0  # seconds of the database's time
_SEEN = """
INSERT INTO gateways (id, node, socket, host, port, seen_at) VALUES (:id, :node, :socket, :host, :port, :now)
ON CONFLICT (id) DO UPDATE SET socket = excluded.socket, host = excluded.host, port = excluded.port,
  seen_at = excluded.seen_at"""
_DEAD = "DELETE FROM gateways WHERE seen_at < :dead"
_LIVING = "SELECT id, node, socket, host, port FROM gateways WHERE seen_at >= :dead ORDER BY id"


class Gateway(NamedTuple):
    """One process. `socket` is for the others of its node, `host` and `port` for those of other nodes, if there are."""

    id: str
    node: str
    socket: str
    host: str = ""
    port: int = 0


def seen(tx: Transaction, gateway: Gateway) -> None:
    """Note that a gateway lives, and forget those that do not."""
    now = tx.now()
    tx.run(_SEEN, {**gateway._asdict(), "now": now})
    tx.run(_DEAD, {"dead": now - LEASE})


def living(db: Reader) -> list[Gateway]:
    """Those that were seen of late, always in the same order."""
    return [Gateway(*row) for row in db.all(_LIVING, {"dead": db.now() - LEASE})]


def port(db: Reader, gateway: str) -> int:
    """Where it was reached before; 0 when it is not known."""
    row = db.one("SELECT port FROM gateways WHERE id = :id", {"id": gateway})
    return int(row["port"]) if row else 0


def gone(tx: Transaction, gateway: str) -> None:
    """It takes leave."""
    tx.run("DELETE FROM gateways WHERE id = :id", {"id": gateway})
