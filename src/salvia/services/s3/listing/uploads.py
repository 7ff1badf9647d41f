"""ListMultipartUploads. Source: API_ListMultipartUploads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from salvia.control.call import Call, operation

from .. import buckets
from . import walk
from .encoding import encoder, limit, prefixes
from .walk import Place

_SELECT = """
SELECT key, id AS place, created_at, initiator, facts FROM s3_uploads
WHERE bucket = :bucket AND outcome IS NULL AND key >= :start AND key < :end AND (key, id) > (:start, :place)
ORDER BY key, id LIMIT :count"""
_LOW, _HIGH = "", "\x7f"  # ids are URL-safe base64


@operation("ListMultipartUploads")
async def list_multipart_uploads(call: Call) -> dict[str, Any]:
    """Uploads under way, by key."""
    request = call.request
    bucket = buckets.find(call)
    encode = encoder(request)
    most = limit(request, "MaxUploads", "max-uploads")
    prefix = (request.get("Prefix") or "").encode()
    delimiter = (request.get("Delimiter") or "").encode()
    marker, upload = (request.get("KeyMarker") or "").encode(), request.get("UploadIdMarker")
    start: Place = (marker, upload or _HIGH) if marker else (b"", _LOW)
    if walk.rolled_up(marker, prefix, delimiter):
        start = (walk.beyond(marker), _LOW)

    async def fetch(place: Place, end: bytes, count: int) -> Sequence[Any]:
        values = {"bucket": bucket.id, "start": place[0], "place": place[1], "end": end, "count": count}
        return await call.db.scan(_SELECT, values)

    page = await walk.walk(fetch, start, prefix, delimiter, most, _LOW)
    owner = buckets.owner(bucket.owner)
    result: dict[str, Any] = {
        "Bucket": bucket.name,
        "KeyMarker": encode(request.get("KeyMarker") or ""),
        "UploadIdMarker": upload or "",
        "Prefix": encode(request.get("Prefix") or ""),
        "Delimiter": encode(request["Delimiter"]) if request.get("Delimiter") else None,
        "MaxUploads": most,
        "EncodingType": request.get("EncodingType"),
        "IsTruncated": page.truncated,
        "Uploads": [],
        "CommonPrefixes": prefixes(page.prefixes, encode),
    }
    for row in page.rows:
        facts = orjson.loads(row["facts"])
        result["Uploads"].append(
            {
                "UploadId": row["place"],
                "Key": encode(row["key"].decode()),
                "Initiated": row["created_at"],
                "StorageClass": facts.get("StorageClass", "STANDARD"),
                "Owner": owner,
                "Initiator": orjson.loads(row["initiator"]),
                "ChecksumAlgorithm": facts.get("ChecksumAlgorithm"),
                "ChecksumType": facts.get("ChecksumType"),
            }
        )
    if page.truncated and page.last is not None:
        last = page.last
        key = last if isinstance(last, bytes) else last["key"]
        result["NextKeyMarker"] = encode(key.decode())
        result["NextUploadIdMarker"] = "" if isinstance(last, bytes) else last["place"]
    return result
