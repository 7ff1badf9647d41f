"""Tags of alarms. Source: CloudWatch API reference, TagResource."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from salvia.control.call import Call, operation
from salvia.core.errors import ServiceError
from salvia.store import documents
from salvia.store.db import Reader, Transaction
from salvia.store.documents import Document

from ..errors import bad_value
from . import ALARM

_MOST = 50


@operation("TagResource")
async def tag_resource(call: Call) -> dict[str, Any]:
    """Add or replace tags. Raises ResourceNotFoundException, InvalidParameterValue beyond 50."""
    added = {tag["Key"]: tag["Value"] for tag in call.request["Tags"]}
    if any(key.lower().startswith("aws:") for key in added):
        raise bad_value("Tag keys that start with 'aws:' are reserved.")
    await _edit(call, lambda tags: tags.update(added))
    return {}


@operation("UntagResource")
async def untag_resource(call: Call) -> dict[str, Any]:
    """Remove tags; keys that are not there are passed over."""

    def edit(tags: dict[str, str]) -> None:
        for key in call.request["TagKeys"]:
            tags.pop(key, None)

    await _edit(call, edit)
    return {}


@operation("ListTagsForResource")
async def list_tags_for_resource(call: Call) -> dict[str, Any]:
    """An alarm's tags."""
    tags = _find(call, call.db.read()).tags
    return {"Tags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())]}


async def _edit(call: Call, edit: Callable[[dict[str, str]], None]) -> None:
    def work(tx: Transaction) -> None:
        alarm = _find(call, tx)
        edit(alarm.tags)
        if len(alarm.tags) > _MOST:
            raise bad_value(f"An alarm can have at most {_MOST} tags.")
        documents.update(tx, alarm)

    await call.db.write(work)


def _find(call: Call, reader: Reader) -> Document:
    arn = call.request["ResourceARN"]
    found = documents.by_arn(reader, arn)
    if found is None or (found.kind, found.account, found.region) != (ALARM.kind, call.account, call.region):
        raise ServiceError("ResourceNotFoundException", f"{arn} is no alarm here.", 404)
    return found
