"""GetObjectAttributes. Source: API_GetObjectAttributes."""

from __future__ import annotations

from typing import Any

from salvia.control.call import Call, operation

from .. import buckets, carried, lookup
from ..versions import Version

_MOST_PARTS = 1000


@operation("GetObjectAttributes")
async def get_object_attributes(call: Call) -> dict[str, Any]:
    """Those attributes that are asked for. Parts are listed for objects whose parts have checksums."""
    request = call.request
    bucket = buckets.find(call)
    version = lookup.current(call, bucket, request["Key"], request.get("VersionId"))
    checksums = carried.checksums(version.facts)
    attributes: dict[str, Any] = {
        "ETag": version.etag,
        "Checksum": checksums or None,
        "ObjectParts": _parts(request, version),
        "StorageClass": version.facts.get("StorageClass", "STANDARD"),
        "ObjectSize": version.size,
    }
    return {
        "LastModified": version.created_at,
        "VersionId": lookup.shown_version(bucket, version),
        **{name: attributes[name] for name in request["ObjectAttributes"]},
    }


def _parts(request: dict[str, Any], version: Version) -> dict[str, Any] | None:
    parts = version.layout.parts
    if not parts:
        return None
    result: dict[str, Any] = {"TotalPartsCount": len(parts)}
    algorithms = list(version.facts.get("Checksums", {}))
    if not algorithms:
        return result
    marker = int(request.get("PartNumberMarker") or 0)
    most = min(request.get("MaxParts", _MOST_PARTS), _MOST_PARTS)
    left = [part for part in parts if part.number > marker]
    page = left[:most]
    return result | {
        "PartNumberMarker": marker,
        "NextPartNumberMarker": page[-1].number if page else marker,
        "MaxParts": most,
        "IsTruncated": len(left) > len(page),
        "Parts": [
            {"PartNumber": part.number, "Size": part.size, f"Checksum{algorithms[0]}": part.checksum} for part in page
        ],
    }
