"""CompleteMultipartUpload. Source: API_CompleteMultipartUpload; user guide, "Checking object integrity"."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any
from urllib.parse import quote

from salvia.control.call import Call, operation
from salvia.core import checksums
from salvia.core.errors import ServiceError
from salvia.store.db import Transaction
from salvia.store.documents import Document

from .. import buckets, carried, conditions, failures, uploads, versions
from ..expiry import rules
from ..layout import Layout, Part
from ..uploads import ALGORITHM, TYPE, Upload, UploadedPart
from ..versions import Check, Version

_SMALLEST = 5 << 20  # of every part but the last
_LARGEST = 5 << 40


@operation("CompleteMultipartUpload")
async def complete_multipart_upload(call: Call) -> dict[str, Any]:
    """Make an object of the parts that are listed; the others are forgotten.

    Asked again within a day, it answers the same: an answer can be lost, and clients repeat the request.
    """
    request = call.request
    bucket = buckets.find(call)
    check = conditions.write(request)
    listed = (request.get("MultipartUpload") or {}).get("Parts") or []
    if not listed:
        raise failures.invalid_request("You must specify at least one part")
    numbers = [part.get("PartNumber") for part in listed]
    if None in numbers:
        raise ServiceError(
            "MalformedXML",
            "The XML you provided was not well-formed or did not validate against our published schema",
        )
    if any(first >= second for first, second in pairwise(numbers)):
        raise ServiceError(
            "InvalidPartOrder",
            "The list of parts was not in ascending order. Parts must be ordered by part number.",
            UploadId=request["UploadId"],
        )

    def work(tx: Transaction) -> dict[str, Any]:
        upload = uploads.finished_or_not(call, tx, bucket)
        if upload.outcome is not None:
            return upload.outcome
        return _complete(tx, call, bucket, upload, listed, check)

    outcome = await call.db.write(work)
    return {
        "Location": _location(call, bucket.name, request["Key"]),
        "Bucket": bucket.name,
        "Key": request["Key"],
        **outcome,
    }


def _complete(
    tx: Transaction,
    call: Call,
    bucket: Document,
    upload: Upload,
    listed: Sequence[Mapping[str, Any]],
    check: Check,
) -> dict[str, Any]:
    there = {part.number: part for part in uploads.parts(tx, upload.id)}
    used = [_part(upload, there, item) for item in listed]
    _sizes(upload, used)
    size = sum(part.size for part in used)
    expected = call.request.get("MpuObjectSize")
    if expected is not None and expected != size:
        raise failures.invalid_request(
            f"The provided 'x-amz-mp-object-size' header value {expected} does not match what was computed: {size}"
        )
    facts = {name: value for name, value in upload.facts.items() if name not in (ALGORITHM, TYPE)}
    facts |= _checksum(call, upload, used)
    digests = hashlib.md5(b"".join(bytes.fromhex(part.etag) for part in used), usedforsecurity=False)
    name = upload.algorithm
    version = Version(
        bucket.id,
        upload.key,
        size=size,
        etag=f"{digests.hexdigest()}-{len(used)}",
        created_at=call.clock.now(),
        facts=facts,
        tags=upload.tags,
        layout=Layout.of(
            [extent for part in used for extent in part.layout.extents],
            [Part(part.number, part.size, part.checksums.get(name) if name else None) for part in used],
        ),
    )
    now = call.clock.wall()
    shown = versions.put(tx, bucket, version, now, check, lost=[part.layout for part in there.values()])
    tx.run("DELETE FROM s3_parts WHERE upload = :upload", {"upload": upload.id})
    outcome = {
        "ETag": conditions.quoted(version.etag),
        "VersionId": shown,
        "Expiration": rules.expiration(bucket, version),
        "ServerSideEncryption": facts["ServerSideEncryption"],
        **carried.checksums(facts),
    }
    uploads.finish(tx, upload.id, outcome, now)
    return outcome


def _part(upload: Upload, there: Mapping[int, UploadedPart], item: Mapping[str, Any]) -> UploadedPart:
    number = item["PartNumber"]
    part = there.get(number)
    etag = (item.get("ETag") or "").strip().strip('"')
    claimed = carried.claimed(item)
    wrong = part is None or part.etag != etag
    if part is not None:
        wrong = wrong or any(part.checksums.get(name, value) != value for name, value in claimed.items())
    if wrong or part is None:
        raise ServiceError(
            "InvalidPart",
            "One or more of the specified parts could not be found.  The part may not have been uploaded, or the "
            "specified entity tag may not match the part's entity tag.",
            UploadId=upload.id,
            PartNumber=number,
            ETag=etag,
        )
    name = upload.algorithm
    if name and upload.facts[TYPE] == "COMPOSITE" and name not in claimed:
        raise failures.invalid_request(
            f"The upload was created using a {name.lower()} checksum. The complete request must include the checksum "
            f"for each part. It was missing for part {number} in the request."
        )
    return part


def _sizes(upload: Upload, used: Sequence[UploadedPart]) -> None:
    for part in used[:-1]:
        if part.size < _SMALLEST:
            raise ServiceError(
                "EntityTooSmall",
                "Your proposed upload is smaller than the minimum allowed size",
                ProposedSize=part.size,
                MinSizeAllowed=_SMALLEST,
                PartNumber=part.number,
                ETag=part.etag,
            )
    size = sum(part.size for part in used)
    if size > _LARGEST:
        raise failures.entity_too_large(size, _LARGEST)


def _checksum(call: Call, upload: Upload, used: Sequence[UploadedPart]) -> dict[str, Any]:
    name = upload.algorithm
    kind = upload.facts.get(TYPE)
    asked = call.request.get("ChecksumType")
    if asked is not None and asked != (kind or "FULL_OBJECT"):
        raise failures.invalid_request(
            f"The upload was created using the {kind or 'FULL_OBJECT'} checksum mode. The complete request must use "
            "the same checksum mode."
        )
    if name is None:
        return {}
    if kind == "COMPOSITE":
        value = checksums.composite(name, [part.checksums[name] for part in used])
    else:
        value = checksums.full_object(name, [(part.checksums[name], part.size) for part in used])
    given = carried.claimed(call.request).get(name)
    if given is not None and given not in (value, value.partition("-")[0]):
        raise ServiceError("BadDigest", f"The {name.lower()} you specified did not match the calculated checksum.")
    return {"Checksums": {name: value}, "ChecksumType": kind}


def _location(call: Call, bucket: str, key: str) -> str:
    base = f"{call.http.scheme}://{call.http.host}" if call.http is not None else call.world.settings.url
    return f"{base}/{bucket}/{quote(key, safe='/~')}"
