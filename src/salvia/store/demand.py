"""What serverless variants are asked for: a row a gateway, by which the invoke path tells the lifecycle what to start.

`used` is a list of virtual moments: the first is when one request or more was last under way, the second when two or
more were, and so on. So a row says at once how many replicas are needed now, and since when each is not. Rows are
wanted only until they are old: a gateway that is killed need not take its own back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import orjson

from . import leases
from .db import Reader, Transaction

_TELL = """
INSERT INTO serverless_demand (endpoint, variant, gateway, used) VALUES (:endpoint, :variant, :gateway, :used)
ON CONFLICT (endpoint, variant, gateway) DO UPDATE SET used = excluded.used"""
_OF = "SELECT variant, gateway, used FROM serverless_demand WHERE endpoint = :endpoint"
_DROP = "DELETE FROM serverless_demand WHERE endpoint = :endpoint"
_DROP_ONE = f"{_DROP} AND variant = :variant AND gateway = :gateway AND used = :used"


class Demand(NamedTuple):
    """What one gateway tells of one variant."""

    variant: str
    gateway: str
    used: list[float]


def tell(tx: Transaction, endpoint: str, told: Demand, wake_at: float | None) -> None:
    """Keep what a gateway tells; with `wake_at`, the wall's time, the endpoint is looked at now. Of an endpoint that is
    gone nothing is kept."""
    if tx.one("SELECT 1 FROM documents WHERE id = :id", {"id": endpoint}) is None:
        return
    where = {"endpoint": endpoint, "variant": told.variant, "gateway": told.gateway}
    tx.run(_TELL, {**where, "used": orjson.dumps(told.used).decode()})
    if wake_at is not None:
        leases.wake(tx, endpoint, wake_at)


def of(db: Reader, endpoint: str) -> list[Demand]:
    """What all gateways told of an endpoint's variants."""
    rows = db.all(_OF, {"endpoint": endpoint})
    return [Demand(row["variant"], row["gateway"], orjson.loads(row["used"])) for row in rows]


def drop(tx: Transaction, endpoint: str, told: Sequence[Demand]) -> None:
    """Drop rows that are too old to matter, unless they were renewed meanwhile."""
    for one in told:
        where = {"endpoint": endpoint, "variant": one.variant, "gateway": one.gateway}
        tx.run(_DROP_ONE, {**where, "used": orjson.dumps(one.used).decode()})


def forget(tx: Transaction, endpoint: str) -> None:
    """Drop all rows of an endpoint."""
    tx.run(_DROP, {"endpoint": endpoint})
