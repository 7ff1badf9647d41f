"""CreateMultipartUpload, AbortMultipartUpload, ListParts. Source: the API reference's pages of those names."""

from __future__ import annotations

import math
from typing import Any

from salvia.control.call import Call, operation
from salvia.core.ids import token
from salvia.store.db import Transaction

from .. import buckets, carried, conditions, failures, tags, uploads
from ..expiry import rules
from ..uploads import ALGORITHM, TYPE, Upload

_FULL, _COMPOSITE = "FULL_OBJECT", "COMPOSITE"
_TYPES = {"CRC32": (_COMPOSITE, _FULL), "CRC32C": (_COMPOSITE, _FULL), "CRC64NVME": (_FULL,)}
_MOST = 1000


@operation("CreateMultipartUpload")
async def create_multipart_upload(call: Call) -> dict[str, Any]:
    """Begin an upload; what the object will carry is said now."""
    request = call.request
    bucket = buckets.find(call)
    facts = carried.of(request)
    facts |= _checksum(request.get("ChecksumAlgorithm"), request.get("ChecksumType"))
    upload = Upload(
        id=token(48),
        bucket=bucket.id,
        key=carried.key_of(request),
        created_at=call.clock.now(),
        initiator={"ID": call.caller.arn, "DisplayName": call.caller.arn.rpartition("/")[2]},
        facts=facts,
        tags=tags.of_header(request.get("Tagging")),
    )

    def work(tx: Transaction) -> None:
        buckets.again(tx, bucket)
        uploads.create(tx, upload)

    await call.db.write(work)
    return {
        "Bucket": bucket.name,
        "Key": upload.key,
        "UploadId": upload.id,
        "ServerSideEncryption": facts["ServerSideEncryption"],
        "ChecksumAlgorithm": facts.get(ALGORITHM),
        "ChecksumType": facts.get(TYPE),
        **rules.abortion(bucket, upload.key, upload.created_at),
    }


@operation("AbortMultipartUpload")
async def abort_multipart_upload(call: Call) -> dict[str, Any]:
    """Forget an upload and its parts. Raises NoSuchUpload."""
    bucket = buckets.find(call)
    moment = call.request.get("IfMatchInitiatedTime")
    now = call.clock.wall()

    def work(tx: Transaction) -> None:
        upload = uploads.find(call, tx, bucket)
        if moment is not None and math.floor(upload.created_at) != math.floor(moment.timestamp()):
            raise failures.precondition_failed("x-amz-if-match-initiated-time")
        uploads.drop(tx, upload.id, now)

    await call.db.write(work)
    return {}


@operation("ListParts")
async def list_parts(call: Call) -> dict[str, Any]:
    """The parts that have arrived."""
    request = call.request
    bucket = buckets.find(call)
    upload = uploads.find(call, call.db.read(), bucket)
    after = request.get("PartNumberMarker", 0)
    most = min(request.get("MaxParts", _MOST), _MOST)
    if most < 0 or after < 0:
        raise failures.invalid_argument(
            f"Argument max-parts must be an integer between 0 and {2**31 - 1}", "max-parts", most
        )
    found = uploads.parts(call.db.read(), upload.id, after, most + 1)
    page = found[:most]
    return {
        "Bucket": bucket.name,
        "Key": upload.key,
        "UploadId": upload.id,
        "PartNumberMarker": after,
        "NextPartNumberMarker": page[-1].number if page else after,
        "MaxParts": most,
        "IsTruncated": most > 0 and len(found) > most,
        "Initiator": upload.initiator,
        "Owner": buckets.owner(bucket.owner),
        "StorageClass": upload.facts.get("StorageClass", "STANDARD"),
        "ChecksumAlgorithm": upload.facts.get(ALGORITHM),
        "ChecksumType": upload.facts.get(TYPE),
        "Parts": [
            {
                "PartNumber": part.number,
                "LastModified": part.created_at,
                "ETag": conditions.quoted(part.etag),
                "Size": part.size,
                **{f"Checksum{name}": value for name, value in part.checksums.items()},
            }
            for part in page
        ],
        **rules.abortion(bucket, upload.key, upload.created_at),
    }


def _checksum(algorithm: str | None, kind: str | None) -> dict[str, str]:
    if algorithm is None:
        if kind is not None:
            raise failures.invalid_request(
                "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header."
            )
        return {}
    allowed = _TYPES.get(algorithm, (_COMPOSITE,))
    if kind is not None and kind not in allowed:
        raise failures.invalid_request(
            f"The {kind} checksum type cannot be used with the {algorithm.lower()} checksum algorithm."
        )
    return {ALGORITHM: algorithm, TYPE: kind or allowed[0]}
