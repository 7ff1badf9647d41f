"""ListObjects and ListObjectsV2. Source: API_ListObjects, API_ListObjectsV2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from salvia.control.call import Call, operation
from salvia.control.listing import decode_token, encode_token
from salvia.core.errors import ServiceError
from salvia.store.documents import Document

from .. import buckets, conditions, failures
from . import walk
from .encoding import encoder, limit, prefixes
from .walk import Page, Place

_SELECT = """
SELECT key, 1 AS place, size, etag, created_at, facts FROM s3_versions
WHERE bucket = :bucket AND latest = 1 AND marker = 0 AND key >= :start AND key < :end
    AND (key > :start OR :place = 0)
ORDER BY key LIMIT :count"""
_INLINE = 200  # rows that are read faster than a thread takes over
_LOW, _AFTER = 0, 1


@operation("ListObjects")
async def list_objects(call: Call) -> dict[str, Any]:
    """Objects in the order of their keys, from after `Marker`."""
    request = call.request
    bucket = buckets.find(call)
    encode = encoder(request)
    most = limit(request, "MaxKeys", "max-keys")
    marker = request.get("Marker") or ""
    page = await _page(call, bucket, marker.encode(), most)
    result = _result(call, bucket, page, most, owners=True)
    result["Marker"] = encode(marker)
    if page.truncated and request.get("Delimiter"):
        result["NextMarker"] = encode(_last(page).decode())
    return result


@operation("ListObjectsV2")
async def list_objects_v2(call: Call) -> dict[str, Any]:
    """Objects in the order of their keys, from after `StartAfter` or where the last page ended."""
    request = call.request
    bucket = buckets.find(call)
    encode = encoder(request)
    most = limit(request, "MaxKeys", "max-keys")
    token, after = request.get("ContinuationToken"), request.get("StartAfter")
    start = (after or "").encode()
    if token is not None:
        start = _decoded(token)
    page = await _page(call, bucket, start, most)
    result = _result(call, bucket, page, most, owners=bool(request.get("FetchOwner")))
    result["KeyCount"] = len(page.rows) + len(page.prefixes)
    result["ContinuationToken"] = token
    if after is not None:
        result["StartAfter"] = encode(after)
    if page.truncated:
        result["NextContinuationToken"] = encode_token(_last(page).hex())
    return result


async def _page(call: Call, bucket: Document, after: bytes, most: int) -> Page:
    request = call.request
    prefix = (request.get("Prefix") or "").encode()
    delimiter = (request.get("Delimiter") or "").encode()
    start: Place = (after, _AFTER) if after else (b"", _LOW)
    if walk.rolled_up(after, prefix, delimiter):  # all under it is behind us
        start = (walk.beyond(after), _LOW)
    return await walk.walk(_fetch(call, bucket), start, prefix, delimiter, most, _LOW)


def _fetch(call: Call, bucket: Document) -> walk.Fetch:
    async def fetch(place: Place, end: bytes, count: int) -> Sequence[Any]:
        values = {"bucket": bucket.id, "start": place[0], "place": place[1], "end": end, "count": count}
        if count <= _INLINE:
            return call.db.read().all(_SELECT, values)
        return await call.db.scan(_SELECT, values)

    return fetch


def _result(call: Call, bucket: Document, page: Page, most: int, *, owners: bool) -> dict[str, Any]:
    request = call.request
    encode = encoder(request)
    owner = buckets.owner(bucket.owner) if owners else None
    return {
        "Name": bucket.name,
        "Prefix": encode(request.get("Prefix") or ""),
        "Delimiter": encode(request["Delimiter"]) if request.get("Delimiter") else None,
        "MaxKeys": most,
        "EncodingType": request.get("EncodingType"),
        "IsTruncated": page.truncated,
        "Contents": [_entry(row, encode(row["key"].decode()), owner) for row in page.rows],
        "CommonPrefixes": prefixes(page.prefixes, encode),
    }


def _entry(row: Mapping[str, Any], key: str, owner: dict[str, str] | None) -> dict[str, Any]:
    facts = orjson.loads(row["facts"])
    entry = {
        "Key": key,
        "LastModified": row["created_at"],
        "ETag": conditions.quoted(row["etag"]),
        "Size": row["size"],
        "StorageClass": facts.get("StorageClass", "STANDARD"),
        "Owner": owner,
    }
    if "Checksums" in facts:
        entry["ChecksumAlgorithm"] = list(facts["Checksums"])
        entry["ChecksumType"] = facts.get("ChecksumType")
    return entry


def _last(page: Page) -> bytes:
    last = page.last
    return last if isinstance(last, bytes) else bytes(last["key"]) if last is not None else b""


def _decoded(token: str) -> bytes:
    try:
        return bytes.fromhex(decode_token(token))
    except (ServiceError, TypeError, ValueError):
        raise failures.invalid_argument(
            "The continuation token provided is incorrect", "continuation-token", token
        ) from None
