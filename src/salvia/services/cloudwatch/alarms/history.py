"""What happened to alarms, for two weeks; also to those that are gone. DescribeAlarmHistory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from salvia.control.call import Call, operation
from salvia.control.listing import decode_token, encode_token
from salvia.control.world import World
from salvia.core import ids
from salvia.core.errors import ServiceError
from salvia.store.db import Transaction
from salvia.store.documents import Document

from . import kind_of

_KEPT = 14 * 86_400  # user guide: "CloudWatch preserves alarm history for two weeks"
_PAGE = 100
_CHUNK = 2_000
_INSERT = """
INSERT INTO alarm_history (id, account, region, alarm, kind, item, at, summary, data)
VALUES (:id, :account, :region, :alarm, :kind, :item, :at, :summary, :data)"""
_DELETE = """
DELETE FROM alarm_history WHERE id IN (SELECT id FROM alarm_history WHERE at < :before ORDER BY at LIMIT :chunk)"""


def add(tx: Transaction, alarm: Document, item: str, at: float, summary: str, data: Mapping[str, Any]) -> None:
    """Leave a line: `item` is ConfigurationUpdate, StateUpdate or Action."""
    row = {"account": alarm.account, "region": alarm.region, "alarm": alarm.name, "item": item, "at": at}
    text = orjson.dumps({"version": "1.0", **data}, option=orjson.OPT_PASSTHROUGH_DATETIME, default=str).decode()
    row["kind"] = kind_of(alarm.spec)
    tx.run(_INSERT, {**row, "id": ids.event_id(at), "summary": summary, "data": text})


@operation("DescribeAlarmHistory")
async def describe_alarm_history(call: Call) -> dict[str, Any]:
    """A page of what happened, of one alarm or all. Raises InvalidNextToken. Source: DescribeAlarmHistory."""
    request = call.request
    if request.get("AlarmContributorId"):
        raise ServiceError("ValidationError", "Salvia has no alarms with contributors: leave AlarmContributorId out.")
    size = request.get("MaxRecords", _PAGE)
    backwards = request.get("ScanBy", "TimestampDescending") == "TimestampDescending"
    direction, beyond = ("DESC", "<") if backwards else ("ASC", ">")
    conditions = ["account = :account", "region = :region"]
    values: dict[str, Any] = {"account": call.account, "region": call.region, "size": size + 1}
    for member, condition in (
        ("AlarmName", "alarm = :AlarmName"),
        ("HistoryItemType", "item = :HistoryItemType"),
        ("StartDate", "at >= :StartDate"),
        ("EndDate", "at <= :EndDate"),
    ):
        if request.get(member) is not None:
            conditions.append(condition)
            values[member] = request[member].timestamp() if member.endswith("Date") else request[member]
    # Without AlarmTypes, those on metrics.
    kinds = {f"k{number}": kind for number, kind in enumerate(request.get("AlarmTypes") or ["MetricAlarm"])}
    if not request.get("AlarmName") or request.get("AlarmTypes"):
        conditions.append(f"kind IN ({', '.join(f':{mark}' for mark in kinds)})")
        values |= kinds
    if request.get("NextToken"):
        values["last_at"], values["last"] = _token(request["NextToken"])
        conditions.append(f"(at, id) {beyond} (:last_at, :last)")
    rows = await call.db.scan(
        f"SELECT * FROM alarm_history WHERE {' AND '.join(conditions)} "  # noqa: S608
        f"ORDER BY at {direction}, id {direction} LIMIT :size",
        values,
    )
    answer: dict[str, Any] = {
        "AlarmHistoryItems": [
            {
                "AlarmName": row["alarm"],
                "AlarmType": row["kind"],
                "Timestamp": row["at"],
                "HistoryItemType": row["item"],
                "HistorySummary": row["summary"],
                "HistoryData": row["data"],
            }
            for row in rows[:size]
        ]
    }
    if len(rows) > size:
        answer["NextToken"] = encode_token([rows[size - 1]["at"], rows[size - 1]["id"]])
    return answer


def _token(token: str) -> tuple[float, str]:
    try:
        at, last = decode_token(token)
        return float(at), str(last)
    except (ServiceError, ValueError, TypeError):
        raise ServiceError("InvalidNextToken", "The next token specified is invalid.") from None


async def sweep(world: World) -> int:
    """Delete lines of more than two weeks ago; returns how many."""
    values = {"before": world.clock.now() - _KEPT, "chunk": _CHUNK}
    removed = 0
    while True:
        gone = await world.db.write(lambda tx: tx.run(_DELETE, values))
        removed += gone
        if gone < _CHUNK:
            return removed
