"""Tags of topics. Source: SNS API reference, TagResource."""

from __future__ import annotations

from typing import Any

from salvia.control import tags
from salvia.control.call import Call, operation
from salvia.core.errors import ServiceError
from salvia.store import documents
from salvia.store.db import Reader
from salvia.store.documents import Document

from .errors import invalid
from .topics import TOPIC


@operation("TagResource")
async def tag_resource(call: Call) -> dict[str, Any]:
    """Add or replace tags. Raises ResourceNotFound, TagLimitExceeded beyond 50."""
    added = {tag["Key"]: tag["Value"] for tag in call.request["Tags"]}
    if tags.reserved(added):
        raise invalid("Tags", "keys that start with 'aws:' are reserved")
    await tags.add(call, _find, added, _too_many)
    return {}


@operation("UntagResource")
async def untag_resource(call: Call) -> dict[str, Any]:
    """Remove tags; keys that are not there are passed over."""
    await tags.remove(call, _find, call.request["TagKeys"])
    return {}


@operation("ListTagsForResource")
async def list_tags_for_resource(call: Call) -> dict[str, Any]:
    """A topic's tags."""
    return {"Tags": [{"Key": key, "Value": value} for key, value in sorted(_find(call, call.db.read()).tags.items())]}


def _too_many(topic: Document) -> ServiceError:
    return ServiceError("TagLimitExceeded", f"Could not complete request: tag quota of {tags.MOST} per resource.")


def _find(call: Call, reader: Reader) -> Document:
    topic = documents.by_arn(reader, call.request["ResourceArn"])
    if topic is None or topic.kind != TOPIC.kind:
        raise ServiceError("ResourceNotFound", "Resource does not exist", 404)
    return topic
