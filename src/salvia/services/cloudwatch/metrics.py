"""What a metric is: a namespace, a name and a set of dimensions, each set a metric of its own.

Source: CloudWatch user guide, "Metrics concepts".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import orjson

from salvia.control.call import Call
from salvia.core import ids
from salvia.store.db import Reader, Transaction

from .errors import bad_value

_UPSERT = """
INSERT INTO metrics (id, account, region, namespace, name, dimensions, last_at)
VALUES (:id, :account, :region, :namespace, :name, :dimensions, :now)
ON CONFLICT (account, region, namespace, name, dimensions) DO UPDATE SET last_at =
  CASE WHEN excluded.last_at > metrics.last_at THEN excluded.last_at ELSE metrics.last_at END
RETURNING id"""
_FIND = """
SELECT id FROM metrics WHERE account = :account AND region = :region
AND namespace = :namespace AND name = :name AND dimensions = :dimensions"""


class Metric(NamedTuple):
    """A metric's identity; `dimensions` is canonical JSON: pairs, sorted by name."""

    namespace: str
    name: str
    dimensions: str


def canonical(dimensions: Iterable[Mapping[str, str]], where: str) -> str:
    """Dimensions as JSON pairs, sorted by name. `where` names them in a refusal (InvalidParameterValue)."""
    pairs = [(dimension["Name"], dimension["Value"]) for dimension in dimensions]
    for number, (name, value) in enumerate(pairs, 1):
        for member, text in (("Name", name), ("Value", value)):
            if not (text.isascii() and text.isprintable() and text.strip()) or (
                member == "Name" and text.startswith(":")
            ):
                raise bad_value(
                    f"The value {text} for parameter {where}.member.{number}.{member} is invalid: it must "
                    "consist of printable ASCII characters, not all blank, and no name begins with a colon."
                )
    if len({name for name, _ in pairs}) < len(pairs):
        raise bad_value(f"The parameter {where} names a dimension more than once.")
    return orjson.dumps(sorted(pairs)).decode()


def described(row: Mapping[str, Any]) -> dict[str, Any]:
    """A metric as ListMetrics shows it."""
    return {
        "Namespace": row["namespace"],
        "MetricName": row["name"],
        "Dimensions": [{"Name": name, "Value": value} for name, value in orjson.loads(row["dimensions"])],
    }


def find(call: Call, metric: Metric) -> str | None:
    """The id of a metric of the caller's account; None when nothing was ever published to it."""
    return identity(call.db.read(), call.account, call.region, metric)


def identity(db: Reader, account: str, region: str, metric: Metric) -> str | None:
    """The id of a metric."""
    row = db.one(_FIND, {"account": account, "region": region, **metric._asdict()})
    return row["id"] if row is not None else None


def publish(tx: Transaction, account: str, region: str, metric: Metric, now: float) -> str:
    """The id of a metric that data are being published to, new or not."""
    rows = tx.all(
        _UPSERT,
        {"id": ids.row_id(), "account": account, "region": region, **metric._asdict(), "now": now},
    )
    published: str = rows[0]["id"]
    return published
