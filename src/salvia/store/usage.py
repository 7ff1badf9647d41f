"""Usage as rows: the one way to meter what runs, and to read what did.

A room starts and ends each stretch in the transaction in which it happens, and nothing else need be done for it to be
on the bill. Repeating either changes nothing, so a step that is killed may be taken again.

    usage.start(tx, endpoint, replica.id, Use("Hosting", "ml.m5.large", part="AllTraffic", volume_gb=30), now)
    usage.end(tx, endpoint.id, now, replica.id)

Moments are virtual. AWS bills by the second: they are kept as whole ones, and whatever was begun is a second at least.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .db import Database, Row, Transaction
from .documents import Document, decode, encode

_START = """
INSERT INTO usage (owner, run, account, region, arn, creator, tags, component, part, item, amount, volume_gb, paid,
                   started_at)
VALUES (:owner, :run, :account, :region, :arn, :creator, :tags, :component, :part, :item, :amount, :volume_gb, :paid,
        :at)
ON CONFLICT (owner, run) DO NOTHING"""
_ADD = _START.replace("DO NOTHING", "DO UPDATE SET amount = usage.amount + excluded.amount")
_END = """
UPDATE usage SET ended_at = CASE WHEN started_at < :at THEN :at ELSE started_at + 1 END
WHERE owner = :owner AND ended_at IS NULL"""
# Two ranges of one index: what runs, and what ended since.
_BETWEEN = """
SELECT * FROM usage WHERE account = :account AND ended_at IS NULL AND started_at < :until
UNION ALL
SELECT * FROM usage WHERE account = :account AND ended_at > :since AND started_at < :until
ORDER BY started_at, owner, run"""
CREATOR = "_Creator"  # in a document's status: the user or role that created it


@dataclass(frozen=True, slots=True)
class Use:
    """What is metered: `component` and `item` as the price sheet names them, `amount` how many of it at once.

    `part` is the resource's variant or instance group, `volume_gb` the storage of each instance. What is not `paid`
    would have cost something on demand, and costs nothing.
    """

    component: str
    item: str
    amount: int = 1
    part: str = ""
    volume_gb: int = 0
    paid: bool = True


@dataclass(frozen=True, slots=True)
class Stretch:
    """One use of one resource, in whole virtual seconds; `ended_at` is None while it lasts."""

    owner: str
    region: str
    arn: str
    creator: str
    tags: Mapping[str, str]
    use: Use
    started_at: int
    ended_at: int | None


def start(tx: Transaction, document: Document, run: str, use: Use, at: float) -> None:
    """A use of `document` starts: `run` tells it from its others, for ever. Repeating it changes nothing."""
    _begin(tx, _START, document, run, use, at)


def add(tx: Transaction, document: Document, run: str, use: Use, at: float) -> None:
    """So much was used within the second from `at` on; further amounts of the same `run` are added to the first."""
    _begin(tx, _ADD, document, run, use, at)
    end(tx, document.id, at + 1, run)


def _begin(tx: Transaction, sql: str, document: Document, run: str, use: Use, at: float) -> None:
    tx.run(
        sql,
        {
            "owner": document.id,
            "run": run,
            "account": document.account,
            "region": document.region,
            "arn": document.arn,
            "creator": document.status.get(CREATOR, ""),
            "tags": encode(document.tags),
            "component": use.component,
            "part": use.part,
            "item": use.item,
            "amount": use.amount,
            "volume_gb": use.volume_gb,
            "paid": int(use.paid),
            "at": int(at),
        },
    )


def end(tx: Transaction, owner: str, at: float, run: str | None = None) -> None:
    """A use ends, or all of its document's do. One that has ended already stays as it is."""
    one = "" if run is None else " AND run = :run"
    tx.run(f"{_END}{one}", {"owner": owner, "at": int(at), **({} if run is None else {"run": run})})


def tag(tx: Transaction, document: Document) -> None:
    """The tags of a resource changed: those that it has, or had last, say whose its costs are."""
    tx.run("UPDATE usage SET tags = :tags WHERE owner = :owner", {"tags": encode(document.tags), "owner": document.id})


async def between(db: Database, account: str, since: int, until: int) -> list[Stretch]:
    """Whatever of an account's ran at any time from `since` to before `until`, in the order of its start."""
    rows = await db.scan(_BETWEEN, {"account": account, "since": since, "until": until})
    return await asyncio.to_thread(lambda: [_stretch(row) for row in rows])


def _stretch(row: Row) -> Stretch:
    use: dict[str, Any] = {name: row[name] for name in ("component", "item", "amount", "part", "volume_gb")}
    return Stretch(
        owner=row["owner"],
        region=row["region"],
        arn=row["arn"],
        creator=row["creator"],
        tags=decode(row["tags"]),
        use=Use(**use, paid=bool(row["paid"])),
        started_at=row["started_at"],
        ended_at=row["ended_at"],
    )
