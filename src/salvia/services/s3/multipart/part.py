"""UploadPart and UploadPartCopy. Source: API_UploadPart, API_UploadPartCopy."""

from __future__ import annotations

from typing import Any

from salvia.control.call import Call, operation
from salvia.core.checksums import Algorithm
from salvia.store.db import Transaction

from .. import buckets, carried, conditions, failures, intake, outlet, ranges, sources, uploads
from ..layout import Layout
from ..uploads import ALGORITHM, MOST_PARTS, Upload, UploadedPart


@operation("UploadPart")
async def upload_part(call: Call) -> dict[str, Any]:
    """Store a part, in place of an earlier one of its number. It is durable when this answers."""
    request = call.request
    bucket = buckets.find(call)
    number = _number(request)
    carried.refuse({name: request[name] for name in ("SSECustomerAlgorithm",) if name in request})
    upload = uploads.find(call, call.db.read(), bucket)
    received = await intake.receive(call, upload.algorithm)
    _same_algorithm(upload, received.checksums)
    part = UploadedPart(number, received.size, received.md5, call.clock.now(), received.checksums, received.layout)
    now = call.clock.wall()

    def work(tx: Transaction) -> None:
        uploads.find(call, tx, bucket)
        uploads.put_part(tx, upload.id, part, now)

    await intake.commit(call, received, work)
    return {
        "ETag": conditions.quoted(part.etag),
        "ServerSideEncryption": upload.facts["ServerSideEncryption"],
        **{f"Checksum{name}": value for name, value in part.checksums.items()},
    }


@operation("UploadPartCopy")
async def upload_part_copy(call: Call) -> dict[str, Any]:
    """Make a part of an object, or of a range of it, that is there already. The bytes are shared, not copied."""
    request = call.request
    bucket = buckets.find(call)
    number = _number(request)
    upload = uploads.find(call, call.db.read(), bucket)
    source_bucket, source = sources.find(call)
    span = ranges.copied(request.get("CopySourceRange"), source)
    if span.size > intake.LARGEST_PUT:
        raise failures.invalid_request(
            "The specified copy source is larger than the maximum allowable size for a copy source: "
            f"{intake.LARGEST_PUT}"
        )
    layout = Layout.of(source.layout.cut(span.start, span.size))
    name = upload.algorithm
    wanted: set[Algorithm] = {"MD5", name} if name else {"MD5"}
    computed = await intake.digest(outlet.stream(call.world.objects, layout.extents), wanted)
    sums: dict[str, str] = {name: computed[name].base64()} if name else {}
    part = UploadedPart(number, span.size, computed["MD5"].hex(), call.clock.now(), sums, layout)
    now = call.clock.wall()

    def work(tx: Transaction) -> None:
        uploads.find(call, tx, bucket)
        sources.still(tx, source)
        uploads.put_part(tx, upload.id, part, now)

    await call.db.write(work)
    return {
        "CopyPartResult": {
            "ETag": conditions.quoted(part.etag),
            "LastModified": part.created_at,
            **{f"Checksum{each}": value for each, value in sums.items()},
        },
        "CopySourceVersionId": source.version if buckets.versioning(source_bucket) else None,
        "ServerSideEncryption": upload.facts["ServerSideEncryption"],
    }


def _number(request: dict[str, Any]) -> int:
    number: int = request["PartNumber"]
    if not 1 <= number <= MOST_PARTS:
        raise failures.invalid_argument(
            f"Part number must be an integer between 1 and {MOST_PARTS}, inclusive", "partNumber", number
        )
    return number


def _same_algorithm(upload: Upload, sums: dict[str, str]) -> None:
    expected = upload.facts.get(ALGORITHM)
    if expected is not None and expected not in sums:
        sent = ", ".join(name.lower() for name in sums) or "null"
        raise failures.invalid_request(
            f"Checksum Type mismatch occurred, expected checksum Type: {expected.lower()}, actual checksum Type: {sent}"
        )
