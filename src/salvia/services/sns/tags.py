"""Tags of topics. Source: SNS API reference, TagResource."""

from __future__ import annotations

from typing import Any

from salvia.control.call import Call, operation
from salvia.core.errors import ServiceError
from salvia.store import documents
from salvia.store.db import Reader, Transaction
from salvia.store.documents import Document

from .errors import invalid
from .topics import TOPIC

_MOST = 50


@operation("TagResource")
async def tag_resource(call: Call) -> dict[str, Any]:
    """Add or replace tags. Raises ResourceNotFound, TagLimitExceeded beyond 50."""
    added = {tag["Key"]: tag["Value"] for tag in call.request["Tags"]}
    if any(key.lower().startswith("aws:") for key in added):
        raise invalid("Tags", "keys that start with 'aws:' are reserved")

    def work(tx: Transaction) -> None:
        topic = _find(call, tx)
        topic.tags |= added
        if len(topic.tags) > _MOST:
            raise ServiceError("TagLimitExceeded", f"Could not complete request: tag quota of {_MOST} per resource.")
        documents.update(tx, topic)

    await call.db.write(work)
    return {}


@operation("UntagResource")
async def untag_resource(call: Call) -> dict[str, Any]:
    """Remove tags; keys that are not there are passed over."""

    def work(tx: Transaction) -> None:
        topic = _find(call, tx)
        topic.tags = {key: value for key, value in topic.tags.items() if key not in call.request["TagKeys"]}
        documents.update(tx, topic)

    await call.db.write(work)
    return {}


@operation("ListTagsForResource")
async def list_tags_for_resource(call: Call) -> dict[str, Any]:
    """A topic's tags."""
    return {"Tags": [{"Key": key, "Value": value} for key, value in sorted(_find(call, call.db.read()).tags.items())]}


def _find(call: Call, reader: Reader) -> Document:
    topic = documents.by_arn(reader, call.request["ResourceArn"])
    if topic is None or topic.kind != TOPIC.kind:
        raise ServiceError("ResourceNotFound", "Resource does not exist", 404)
    return topic
