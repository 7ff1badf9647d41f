"""ListObjectVersions. Source: API_ListObjectVersions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from salvia.control.call import Call, operation
from salvia.store.documents import Document

from .. import buckets, conditions, failures
from ..versions import NULL
from . import walk
from .encoding import encoder, limit, prefixes
from .walk import Page, Place

_SELECT = """
SELECT key, position AS place, version, latest, marker, size, etag, created_at, facts FROM s3_versions
WHERE bucket = :bucket AND key >= :start AND key < :end AND (key, position) > (:start, :place)
ORDER BY key, position LIMIT :count"""
_PLACE = "SELECT position FROM s3_versions WHERE bucket = :bucket AND key = :key AND version = :version"
_LOW, _HIGH = -(2**63), 2**63 - 1


@operation("ListObjectVersions")
async def list_object_versions(call: Call) -> dict[str, Any]:
    """Versions and delete markers, by key and then the newest first."""
    request = call.request
    bucket = buckets.find(call)
    encode = encoder(request)
    most = limit(request, "MaxKeys", "max-keys")
    prefix = (request.get("Prefix") or "").encode()
    delimiter = (request.get("Delimiter") or "").encode()

    async def fetch(place: Place, end: bytes, count: int) -> Sequence[Any]:
        values = {"bucket": bucket.id, "start": place[0], "place": place[1], "end": end, "count": count}
        return await call.db.scan(_SELECT, values)

    page = await walk.walk(fetch, _start(call, bucket, prefix, delimiter), prefix, delimiter, most, _LOW)
    owner = buckets.owner(bucket.owner)
    found, markers = [], []
    for row in page.rows:
        entry = {
            "Key": encode(row["key"].decode()),
            "VersionId": row["version"],
            "IsLatest": bool(row["latest"]),
            "LastModified": row["created_at"],
            "Owner": owner,
        }
        if row["marker"]:
            markers.append(entry)
            continue
        facts = orjson.loads(row["facts"])
        entry |= {
            "ETag": conditions.quoted(row["etag"]),
            "Size": row["size"],
            "StorageClass": facts.get("StorageClass", "STANDARD"),
        }
        if "Checksums" in facts:
            entry |= {
                "ChecksumAlgorithm": list(facts["Checksums"]),
                "ChecksumType": facts.get("ChecksumType"),
            }
        found.append(entry)
    return {
        "Name": bucket.name,
        "Prefix": encode(request.get("Prefix") or ""),
        "Delimiter": encode(request["Delimiter"]) if request.get("Delimiter") else None,
        "KeyMarker": encode(request.get("KeyMarker") or ""),
        "VersionIdMarker": request.get("VersionIdMarker") or "",
        "MaxKeys": most,
        "EncodingType": request.get("EncodingType"),
        "IsTruncated": page.truncated,
        "Versions": found,
        "DeleteMarkers": markers,
        "CommonPrefixes": prefixes(page.prefixes, encode),
        **(_next(page, encode) if page.truncated else {}),
    }


def _start(call: Call, bucket: Document, prefix: bytes, delimiter: bytes) -> Place:
    key, version = call.request.get("KeyMarker"), call.request.get("VersionIdMarker")
    if not key:
        if version:
            raise failures.invalid_argument(
                "A version-id marker cannot be specified without a key marker.", "version-id-marker", version
            )
        return b"", _LOW
    raw = key.encode()
    if walk.rolled_up(raw, prefix, delimiter):
        return walk.beyond(raw), _LOW
    if not version:
        return raw, _HIGH
    row = call.db.read().one(_PLACE, {"bucket": bucket.id, "key": raw, "version": version})
    if row is None:
        if version != NULL and len(version) != 32:
            raise failures.invalid_argument("Invalid version id specified", "version-id-marker", version)
        return (
            raw,
            _HIGH,
        )  # it was deleted meanwhile: the other versions of its key may be missed, none comes twice
    return raw, row["position"]


def _next(page: Page, encode: Any) -> dict[str, str]:
    last = page.last
    if isinstance(last, bytes):
        return {"NextKeyMarker": encode(last.decode())}
    assert last is not None
    return {"NextKeyMarker": encode(last["key"].decode()), "NextVersionIdMarker": last["version"]}
