"""LookupEvents: the management events of the last 90 days, newest first. Source: API_LookupEvents."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from salvia.control.call import Call, operation
from salvia.control.listing import decode_token, encode_token
from salvia.core import ids
from salvia.core.clock import timestamp
from salvia.core.errors import ServiceError
from salvia.store import events
from salvia.store.db import Row
from salvia.store.events import Event

from .retention import oldest

_PAGE = 50
_EVENTS = "SELECT id AS event FROM events WHERE account = :account AND region = :region"
_RESOURCES = "SELECT DISTINCT event FROM event_resources WHERE account = :account AND region = :region"
# What each attribute asks; all but two are the beginning of an index.
_QUERIES = {
    "EventId": f"{_EVENTS} AND id = :value",
    "EventName": f"{_EVENTS} AND name = :value",
    "Username": f"{_EVENTS} AND username = :value",
    "AccessKeyId": f"{_EVENTS} AND access_key = :value",
    "EventSource": f"{_EVENTS} AND source = :value",
    "ReadOnly": f"{_EVENTS} AND read_only = :value",
    "ResourceType": f"{_RESOURCES} AND type = :value",
    "ResourceName": f"{_RESOURCES} AND name = :value",
}
_LONG = {"EventSource", "ReadOnly"}


@operation("LookupEvents")
async def lookup_events(call: Call) -> dict[str, Any]:
    """A page of events.

    Raises InvalidLookupAttributesException, InvalidTimeRangeException, InvalidNextTokenException.
    """
    request = call.request
    if request.get("EventCategory"):
        raise ServiceError("UnsupportedOperationException", "Salvia does not record Insights events.")
    key, value = _attribute(request)
    size = request.get("MaxResults") or _PAGE
    since, until = _range(request, oldest(call.clock.now()))
    asked = [key, value, _seconds(request.get("StartTime")), _seconds(request.get("EndTime"))]
    before = _before(request.get("NextToken"), asked) or until
    rows = await _ids(
        call,
        key,
        {
            "account": call.account,
            "region": call.region,
            "value": int(value == "true") if key == "ReadOnly" else value.lower() if key == "ResourceName" else value,
            "since": since,
            "before": before,
            "size": size + 1,
        },
    )
    found = events.by_ids(call.db.read(), [row["event"] for row in rows[:size]])
    answer: dict[str, Any] = {"Events": [_shown(event) for event in found]}
    if len(rows) > size:
        answer["NextToken"] = encode_token([*asked, rows[size - 1]["event"]])
    return answer


async def _ids(call: Call, key: str, values: dict[str, Any]) -> list[Row]:
    query = _QUERIES[key] if key else _EVENTS
    column = "event" if query.startswith(_RESOURCES) else "id"
    sql = f"{query} AND {column} >= :since AND {column} < :before ORDER BY {column} DESC LIMIT :size"
    if not key:
        del values["value"]
    return await call.db.scan(sql, values) if key in _LONG else call.db.read().all(sql, values)


def _attribute(request: Mapping[str, Any]) -> tuple[str, str]:
    attributes = request.get("LookupAttributes") or []
    if len(attributes) > 1:
        raise ServiceError(
            "InvalidLookupAttributesException",
            f"You can specify only one lookup attribute; these are {len(attributes)}.",
        )
    if not attributes:
        return "", ""
    key, value = attributes[0]["AttributeKey"], attributes[0]["AttributeValue"].replace("\0", "")
    if key == "ReadOnly" and value not in ("true", "false"):
        raise ServiceError("InvalidLookupAttributesException", f"ReadOnly is 'true' or 'false', not '{value}'.")
    return key, value


def _range(request: Mapping[str, Any], first: float) -> tuple[str, str]:
    """The ids between which events lie. Times count in whole seconds, as events show them."""
    start, end = _seconds(request.get("StartTime")), _seconds(request.get("EndTime"))
    if start is not None and end is not None and start > end:
        raise ServiceError("InvalidTimeRangeException", "The start time is after the end time.")
    since = first if start is None else max(first, start)
    return ids.event_ids_from(since), "g" if end is None else ids.event_ids_from(max(0, math.floor(end) + 1))


def _seconds(moment: Any) -> float | None:
    return None if moment is None else max(0.0, float(moment.timestamp()))


def _before(token: str | None, asked: list[Any]) -> str | None:
    if not token:
        return None
    try:
        *belongs, before = decode_token(token)
    except (ServiceError, TypeError, ValueError):
        belongs = before = None
    if belongs != asked or not isinstance(before, str):
        raise ServiceError(
            "InvalidNextTokenException",
            "The next token is not valid. Pass the NextToken of the last answer, with the same parameters.",
        )
    return before


def _shown(event: Event) -> dict[str, Any]:
    record = event.record
    shown = {
        "EventId": event.id,
        "EventName": record["eventName"],
        "ReadOnly": "true" if record["readOnly"] else "false",
        "EventTime": timestamp(event.at),
        "EventSource": record["eventSource"],
        "Username": event.username,
        "Resources": [{"ResourceType": kind, "ResourceName": name} for kind, name in event.resources],
        "CloudTrailEvent": event.text,
    }
    if record["userIdentity"].get("accessKeyId"):
        shown["AccessKeyId"] = record["userIdentity"]["accessKeyId"]
    return shown
