"""Tags of queues: TagQueue, UntagQueue, ListQueueTags."""

from __future__ import annotations

from typing import Any

from salvia.control import tags
from salvia.control.call import Call, operation
from salvia.core.errors import ServiceError
from salvia.store.documents import Document

from .errors import invalid
from .queues import find


@operation("TagQueue")
async def tag_queue(call: Call) -> dict[str, Any]:
    """Add or replace tags, 50 at most."""
    added = call.request["Tags"]
    if tags.reserved(added):
        raise invalid(", ".join(added), "Tags", "Keys that start with 'aws:' are reserved.")
    await tags.add(call, find, added, _too_many)
    return {}


@operation("UntagQueue")
async def untag_queue(call: Call) -> dict[str, Any]:
    """Remove tags; keys that are not there are passed over."""
    await tags.remove(call, find, call.request["TagKeys"])
    return {}


@operation("ListQueueTags")
async def list_queue_tags(call: Call) -> dict[str, Any]:
    """A queue's tags."""
    return {"Tags": dict(sorted(find(call, call.db.read()).tags.items()))}


def _too_many(queue: Document) -> ServiceError:
    return invalid(len(queue.tags), "Tags", f"A queue has at most {tags.MOST} tags.")
