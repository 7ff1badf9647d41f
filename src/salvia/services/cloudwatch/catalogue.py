"""ListMetrics."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from salvia.control.call import Call, operation
from salvia.control.listing import decode_token, encode_token
from salvia.core.errors import ServiceError
from salvia.store.db import Row

from .errors import bad_value
from .metrics import described

_PAGE = 500
_TWO_WEEKS, _THREE_HOURS = 14 * 86_400, 3 * 3_600


@operation("ListMetrics")
async def list_metrics(call: Call) -> dict[str, Any]:
    """Metrics that were published to in the past two weeks, 500 a page.

    A dimension filter matches metrics that have it beside others. Source: API reference, ListMetrics.
    """
    request = call.request
    active = _THREE_HOURS if request.get("RecentlyActive") else _TWO_WEEKS
    conditions = ["account = :account", "region = :region", "last_at >= :since"]
    values: dict[str, Any] = {
        "account": call.account,
        "region": call.region,
        "since": call.clock.now() - active,
        "size": 2 * _PAGE,
    }
    for member, column in (("Namespace", "namespace"), ("MetricName", "name")):
        if request.get(member):
            conditions.append(f"{column} = :{column}")
            values[column] = request[member]
    filters = request.get("Dimensions", [])
    for number, wanted in enumerate(filters):
        # Canonical JSON holds a name in this form; letters' case is looked at below.
        form = _escaped(f"[{orjson.dumps(wanted['Name']).decode()},")
        conditions.append(f"dimensions LIKE :filter{number} ESCAPE '\\'")
        values[f"filter{number}"] = f"%{form}%"
    if request.get("NextToken"):
        values["n1"], values["n2"], values["n3"] = _read_token(request["NextToken"])
        conditions.append("(namespace, name, dimensions) > (:n1, :n2, :n3)")
    found: list[Row] = []
    while True:
        rows = await call.db.scan(
            f"SELECT namespace, name, dimensions FROM metrics WHERE {' AND '.join(conditions)} "  # noqa: S608
            "ORDER BY namespace, name, dimensions LIMIT :size",
            values,
        )
        found += await asyncio.to_thread(_matching, rows, filters) if filters else rows
        if len(found) > _PAGE or len(rows) < 2 * _PAGE:
            break
        if "n1" not in values:
            conditions.append("(namespace, name, dimensions) > (:n1, :n2, :n3)")
        values["n1"], values["n2"], values["n3"] = rows[-1]
    answer: dict[str, Any] = {"Metrics": [described(dict(row)) for row in found[:_PAGE]]}
    if len(found) > _PAGE:
        answer["NextToken"] = encode_token(list(found[_PAGE - 1]))
    return answer


def _matching(rows: Sequence[Row], filters: Sequence[Mapping[str, str]]) -> list[Row]:
    return [row for row in rows if _has(dict(orjson.loads(row["dimensions"])), filters)]


def _has(dimensions: Mapping[str, str], filters: Sequence[Mapping[str, str]]) -> bool:
    return all(
        name in dimensions and value in (None, dimensions[name])
        for name, value in ((wanted["Name"], wanted.get("Value")) for wanted in filters)
    )


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _read_token(token: str) -> list[str]:
    try:
        values = decode_token(token)
    except ServiceError:
        values = None
    if not isinstance(values, list) or [type(value) for value in values] != [str, str, str]:
        raise bad_value("The value for parameter NextToken is invalid. Pass the NextToken of the last answer.")
    return values
