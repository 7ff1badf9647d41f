"""PutObject. Source: API_PutObject."""

from __future__ import annotations

from typing import Any

from salvia.control.call import Call, operation

from .. import buckets, carried, conditions, intake, tags, versions
from ..expiry import rules
from ..versions import Version


@operation("PutObject")
async def put_object(call: Call) -> dict[str, Any]:
    """Store an object. It is durable, and visible to everybody at once, when this answers.

    A condition is asked twice: before the body is read, to spare the sender the way, and in the transaction, which
    decides. Of several puts at once the last to commit stays.
    """
    request = call.request
    bucket = buckets.find(call)
    key = carried.key_of(request)
    facts = carried.of(request)
    tagged = tags.of_header(request.get("Tagging"))
    check = conditions.write(request)
    _ask_early(call, bucket.id, key, check)
    received = await intake.receive(call)
    if received.checksums:
        facts |= {"Checksums": received.checksums, "ChecksumType": "FULL_OBJECT"}
    version = Version(
        bucket.id,
        key,
        size=received.size,
        etag=received.md5,
        created_at=call.clock.now(),
        facts=facts,
        tags=tagged,
        layout=received.layout,
    )
    now = call.clock.wall()
    shown = await intake.commit(call, received, lambda tx: versions.put(tx, bucket, version, now, check))
    return {
        "ETag": conditions.quoted(received.md5),
        "VersionId": shown,
        "Expiration": rules.expiration(bucket, version),
        "ServerSideEncryption": facts["ServerSideEncryption"],
        **carried.checksums(facts),
    }


def _ask_early(call: Call, bucket: str, key: str, check: versions.Check) -> None:
    if call.request.get("IfMatch") is None and call.request.get("IfNoneMatch") is None:
        return
    current = versions.latest(call.db.read(), bucket, key)
    check(None if current is None or current.marker else current)
