"""Tags of scalable targets. Source: Application Auto Scaling API reference, TagResource."""

from __future__ import annotations

from typing import Any

from salvia.control import tags
from salvia.control.call import Call, operation
from salvia.core.errors import ServiceError, validation_error
from salvia.store import documents
from salvia.store.db import Reader
from salvia.store.documents import Document

from .targets import TARGET


@operation("TagResource")
async def tag_resource(call: Call) -> dict[str, Any]:
    """Add or replace tags. Raises ResourceNotFoundException, TooManyTagsException beyond 50."""
    if tags.reserved(call.request["Tags"]):
        raise validation_error("Tag keys that start with 'aws:' are reserved.")
    await tags.add(call, _find, call.request["Tags"], _too_many)
    return {}


@operation("UntagResource")
async def untag_resource(call: Call) -> dict[str, Any]:
    """Remove tags; keys that are not there are passed over."""
    await tags.remove(call, _find, call.request["TagKeys"])
    return {}


@operation("ListTagsForResource")
async def list_tags_for_resource(call: Call) -> dict[str, Any]:
    """A target's tags."""
    return {"Tags": _find(call, call.db.read()).tags}


def _too_many(target: Document) -> ServiceError:
    return ServiceError("TooManyTagsException", f"A scalable target can have at most {tags.MOST} tags.")


def _find(call: Call, reader: Reader) -> Document:
    arn = call.request["ResourceARN"]
    target = documents.by_arn(reader, arn)
    if target is None or (target.kind, target.account, target.region) != (TARGET.kind, call.account, call.region):
        raise ServiceError("ResourceNotFoundException", f"There is no scalable target {arn}.")
    return target
