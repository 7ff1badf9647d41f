"""Tags of scalable targets. Source: Application Auto Scaling API reference, TagResource."""

from __future__ import annotations

from typing import Any

from salvia.control.call import Call, operation
from salvia.core.errors import ServiceError, validation_error
from salvia.store import documents
from salvia.store.db import Reader, Transaction
from salvia.store.documents import Document

from .targets import TARGET

_MOST = 50


@operation("TagResource")
async def tag_resource(call: Call) -> dict[str, Any]:
    """Add or replace tags. Raises ResourceNotFoundException, TooManyTagsException beyond 50."""
    added = call.request["Tags"]
    if any(key.lower().startswith("aws:") for key in added):
        raise validation_error("Tag keys that start with 'aws:' are reserved.")

    def work(tx: Transaction) -> None:
        target = _find(call, tx)
        target.tags |= added
        if len(target.tags) > _MOST:
            raise ServiceError("TooManyTagsException", f"A scalable target can have at most {_MOST} tags.")
        documents.update(tx, target)

    await call.db.write(work)
    return {}


@operation("UntagResource")
async def untag_resource(call: Call) -> dict[str, Any]:
    """Remove tags; keys that are not there are passed over."""

    def work(tx: Transaction) -> None:
        target = _find(call, tx)
        target.tags = {key: value for key, value in target.tags.items() if key not in call.request["TagKeys"]}
        documents.update(tx, target)

    await call.db.write(work)
    return {}


@operation("ListTagsForResource")
async def list_tags_for_resource(call: Call) -> dict[str, Any]:
    """A target's tags."""
    return {"Tags": _find(call, call.db.read()).tags}


def _find(call: Call, reader: Reader) -> Document:
    arn = call.request["ResourceARN"]
    target = documents.by_arn(reader, arn)
    if target is None or (target.kind, target.account, target.region) != (TARGET.kind, call.account, call.region):
        raise ServiceError("ResourceNotFoundException", f"There is no scalable target {arn}.")
    return target
