"""Scaling activities of the last six weeks. DescribeScalingActivities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from salvia.control.call import Call, operation
from salvia.control.listing import encode_token
from salvia.control.world import World
from salvia.core import ids
from salvia.core.errors import validation_error
from salvia.store.db import Transaction
from salvia.store.documents import Document

from .pages import size_of, token_of
from .targets import check_namespace

_KEPT = 42 * 86_400  # API reference: "from the previous six weeks"
_CHUNK = 2_000
_INSERT = """
INSERT INTO scaling_activities (id, account, region, namespace, resource, dimension, started_at, scaled, content)
VALUES (:id, :account, :region, :namespace, :resource, :dimension, :started_at, :scaled, :content)
ON CONFLICT (id) DO UPDATE SET content = excluded.content"""
_DELETE = """
DELETE FROM scaling_activities
WHERE id IN (SELECT id FROM scaling_activities WHERE started_at < :before ORDER BY started_at LIMIT :chunk)"""


def begun(now: float, description: str, cause: str) -> dict[str, Any]:
    """An activity that begins."""
    return {
        "ActivityId": ids.row_id(),
        "Description": description,
        "Cause": cause,
        "StartTime": now,
        "StatusCode": "Pending",
    }


def write(tx: Transaction, target: Document, activity: Mapping[str, Any]) -> None:
    """Store an activity of a target, as it is now."""
    spec = target.spec
    tx.run(
        _INSERT,
        {
            "id": activity["ActivityId"],
            "account": target.account,
            "region": target.region,
            "namespace": spec["ServiceNamespace"],
            "resource": spec["ResourceId"],
            "dimension": spec["ScalableDimension"],
            "started_at": activity["StartTime"],
            "scaled": int("NotScaledReasons" not in activity),
            "content": orjson.dumps(activity).decode(),
        },
    )


@operation("DescribeScalingActivities")
async def describe_scaling_activities(call: Call) -> dict[str, Any]:
    """A page, the latest first; those that changed nothing only where they are asked for."""
    request = call.request
    check_namespace(request)
    if request.get("ScalableDimension") and not request.get("ResourceId"):
        raise validation_error("ScalableDimension needs the ResourceId that it is a dimension of.")
    conditions = ["account = :account", "region = :region", "namespace = :namespace"]
    size = size_of(request)
    values: dict[str, Any] = {"account": call.account, "region": call.region, "size": size + 1}
    values["namespace"] = request["ServiceNamespace"]
    for member, column in (("ResourceId", "resource"), ("ScalableDimension", "dimension")):
        if request.get(member):
            conditions.append(f"{column} = :{column}")
            values[column] = request[member]
    if not request.get("IncludeNotScaledActivities"):
        conditions.append("scaled = 1")
    token = token_of(request, list, None)
    if token is not None:
        values["last_at"], values["last"] = float(token[0]), str(token[1])
        conditions.append("(started_at, id) < (:last_at, :last)")
    rows = await call.db.scan(
        f"SELECT * FROM scaling_activities WHERE {' AND '.join(conditions)} "  # noqa: S608
        "ORDER BY started_at DESC, id DESC LIMIT :size",
        values,
    )
    shown = [
        {
            "ServiceNamespace": row["namespace"],
            "ResourceId": row["resource"],
            "ScalableDimension": row["dimension"],
            **orjson.loads(row["content"]),
        }
        for row in rows[:size]
    ]
    more = {"NextToken": encode_token([rows[size - 1]["started_at"], rows[size - 1]["id"]])} if len(rows) > size else {}
    return {"ScalingActivities": shown, **more}


async def sweep(world: World) -> int:
    """Delete activities of more than six weeks ago; returns how many."""
    values = {"before": world.clock.now() - _KEPT, "chunk": _CHUNK}
    removed = 0
    while True:
        gone = await world.db.write(lambda tx: tx.run(_DELETE, values))
        removed += gone
        if gone < _CHUNK:
            return removed
