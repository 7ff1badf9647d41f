"""Put, Get and DeleteBucketLifecycleConfiguration. Source: the API reference's pages of those names."""

from __future__ import annotations

from typing import Any

from salvia.control.call import Call, Reply, operation
from salvia.core.errors import ServiceError
from salvia.store import documents
from salvia.store.db import Transaction
from salvia.store.documents import Document

from .. import buckets, intake
from . import EXPIRY, rules
from .rules import RULES

_SMALLEST = "all_storage_classes_128K"  # concerns transitions alone, which there are none of


@operation("GetBucketLifecycleConfiguration")
async def get_bucket_lifecycle_configuration(call: Call) -> dict[str, Any]:
    """The rules as they were put. Raises NoSuchLifecycleConfiguration."""
    bucket = buckets.find(call)
    kept = bucket.status.get(RULES)
    if not kept:
        raise ServiceError(
            "NoSuchLifecycleConfiguration",
            "The lifecycle configuration does not exist",
            404,
            BucketName=bucket.name,
        )
    return {"Rules": kept, "TransitionDefaultMinimumObjectSize": _SMALLEST}


@operation("PutBucketLifecycleConfiguration")
async def put_bucket_lifecycle_configuration(call: Call) -> dict[str, Any]:
    """Replace all rules; what is due by them is deleted soon. Raises NotImplemented for transitions."""
    intake.prove(call)
    wanted = rules.checked(call.request.get("LifecycleConfiguration", {}).get("Rules", []))
    found = buckets.find(call)
    now, wall = call.clock.now(), call.clock.wall()

    def work(tx: Transaction) -> None:
        bucket = buckets.again(tx, found)
        bucket.status[RULES] = wanted
        bucket.modified_at = now
        documents.update(tx, bucket)
        expiry = Document(EXPIRY.kind, "", "", bucket.id, created_at=now, modified_at=now, due_at=wall)
        expiry.arn = EXPIRY.arn_of({"Bucket": bucket.id}, "", "")
        known = None if documents.insert(tx, expiry) else documents.find(tx, EXPIRY.kind, "", "", bucket.id)
        if known is not None:
            known.status, known.due_at = {}, wall
            documents.update(tx, known)

    await call.world.write(work)
    return {"TransitionDefaultMinimumObjectSize": _SMALLEST}


@operation("DeleteBucketLifecycle")
async def delete_bucket_lifecycle(call: Call) -> Reply:
    """Forget the rules; nothing expires any more."""

    def edit(bucket: Document) -> None:
        bucket.status.pop(RULES, None)

    await buckets.change(call, edit)
    return Reply(status=204)
