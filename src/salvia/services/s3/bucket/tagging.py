"""Tags of buckets. Source: API_PutBucketTagging, API_GetBucketTagging, API_DeleteBucketTagging."""

from __future__ import annotations

from typing import Any

from salvia.control.call import Call, Reply, operation
from salvia.core.errors import ServiceError
from salvia.store.documents import Document

from .. import buckets, intake, tags


@operation("GetBucketTagging")
async def get_bucket_tagging(call: Call) -> dict[str, Any]:
    """The tags. Raises NoSuchTagSet when there are none."""
    bucket = buckets.find(call)
    if not bucket.tags:
        raise ServiceError("NoSuchTagSet", "The TagSet does not exist", 404, BucketName=bucket.name)
    return {"TagSet": tags.as_set(bucket.tags)}


@operation("PutBucketTagging")
async def put_bucket_tagging(call: Call) -> Reply:
    """Replace all tags."""
    intake.prove(call)
    wanted = tags.of_set(call.request["Tagging"]["TagSet"], tags.BUCKET_LIMIT, "Bucket")
    return await _replace(call, wanted)


@operation("DeleteBucketTagging")
async def delete_bucket_tagging(call: Call) -> Reply:
    """Remove all tags."""
    return await _replace(call, {})


async def _replace(call: Call, wanted: dict[str, str]) -> Reply:
    def edit(bucket: Document) -> None:
        bucket.tags = wanted

    await buckets.change(call, edit)
    return Reply(status=204)
