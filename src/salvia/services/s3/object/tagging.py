"""Tags of objects. Source: API_PutObjectTagging, API_GetObjectTagging, API_DeleteObjectTagging."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from salvia.control.call import Call, Reply, operation
from salvia.control.world import World
from salvia.store import documents
from salvia.store.db import Transaction

from .. import buckets, failures, intake, lookup, tags, versions
from ..buckets import BUCKET, ENDPOINT


def provide(world: World) -> None:
    """Let authorisation see the tags of buckets and of objects (s3:BucketTag, s3:ExistingObjectTag)."""

    def found(arn: str, version: str | None) -> Mapping[str, str] | None:
        name, slash, key = arn.removeprefix("arn:aws:s3:::").partition("/")
        db = world.db.read()
        bucket = documents.find(db, BUCKET.kind, "", "", name)
        if bucket is None or not slash:
            return bucket.tags if bucket else None
        if ENDPOINT in bucket.spec:  # a denial that depends on it must not be passed by
            raise failures.not_implemented(
                f"A policy asks for s3:ExistingObjectTag of an object in {name}, which is another S3's."
            )
        one = versions.one(db, bucket.id, key, version) if version else versions.latest(db, bucket.id, key)
        return one.tags if one else None

    world.providers.tags["s3"] = found


@operation("GetObjectTagging")
async def get_object_tagging(call: Call) -> dict[str, Any]:
    """The tags of an object or version."""
    bucket = buckets.find(call)
    version = lookup.current(call, bucket, call.request["Key"], call.request.get("VersionId"))
    return {"VersionId": lookup.shown_version(bucket, version), "TagSet": tags.as_set(version.tags)}


@operation("PutObjectTagging")
async def put_object_tagging(call: Call) -> dict[str, Any]:
    """Replace all tags of an object or version."""
    intake.prove(call)
    wanted = tags.of_set(call.request["Tagging"]["TagSet"], tags.OBJECT_LIMIT, "Object")
    return {"VersionId": await _replace(call, wanted)}


@operation("DeleteObjectTagging")
async def delete_object_tagging(call: Call) -> Reply:
    """Remove all tags of an object or version."""
    return Reply({"VersionId": await _replace(call, {})}, status=204)


async def _replace(call: Call, wanted: dict[str, str]) -> str | None:
    bucket = buckets.find(call)
    version = lookup.current(call, bucket, call.request["Key"], call.request.get("VersionId"))

    def work(tx: Transaction) -> None:
        if not versions.tag(tx, version, wanted):
            raise failures.no_such_key(version.key)

    await call.db.write(work)
    return lookup.shown_version(bucket, version)
