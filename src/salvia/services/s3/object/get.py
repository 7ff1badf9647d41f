"""GetObject and HeadObject. Source: API_GetObject, API_HeadObject."""

from __future__ import annotations

from typing import Any

from salvia.control.call import Call, Reply, operation

from .. import buckets, carried, conditions, failures, lookup, outlet, ranges
from ..expiry import rules
from ..ranges import Span
from ..versions import Version

_OVERRIDES = (
    "CacheControl",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "ContentType",
    "Expires",
)


@operation("GetObject")
async def get_object(call: Call) -> Reply:
    """The object, or a range or part of it (206), or 304 when the caller's copy is still good."""
    overridden = {name: call.request.get(f"Response{name}") for name in _OVERRIDES}
    overridden = {name: value for name, value in overridden.items() if value is not None}
    if overridden and call.caller.kind == "anonymous":
        raise failures.invalid_request("Request specific response headers cannot be used for anonymous GET requests.")
    version, span, reply = _answer(call)
    if reply.status == 304:
        return reply
    extents = version.layout.extents if span is None else version.layout.cut(span.start, span.size)
    reply.result |= overridden
    reply.result["Body"] = await outlet.body(call.world.objects, extents)
    return reply


@operation("HeadObject")
async def head_object(call: Call) -> Reply:
    """What GetObject would answer, without the bytes."""
    overridden = {name: call.request.get(f"Response{name}") for name in _OVERRIDES}
    *_, reply = _answer(call)
    reply.result |= {name: value for name, value in overridden.items() if value is not None}
    return reply


def _answer(call: Call) -> tuple[Version, Span | None, Reply]:
    request = call.request
    carried.refuse({name: request[name] for name in ("SSECustomerAlgorithm",) if name in request})
    bucket = buckets.find(call)
    version = lookup.current(call, bucket, request["Key"], request.get("VersionId"))
    result = carried.shown(version, buckets.versioning(bucket))
    result["Expiration"] = rules.expiration(bucket, version)
    if not conditions.read(request, version):
        kept = ("ETag", "LastModified", "VersionId", "CacheControl", "Expires")
        return version, None, Reply({name: result[name] for name in kept if name in result}, status=304)
    span = ranges.wanted(request, version)
    if span is None:
        if request.get("ChecksumMode") == "ENABLED":
            result |= carried.checksums(version.facts)
        return version, None, Reply(result)
    return version, span, Reply(result | _partial(request, version, span), status=206)


def _partial(request: dict[str, Any], version: Version, span: Span) -> dict[str, Any]:
    result: dict[str, Any] = {"ContentLength": span.size}
    if span.size:  # an empty object has no range to tell of
        result["ContentRange"] = f"bytes {span.start}-{span.start + span.size - 1}/{version.size}"
    if span.part and version.layout.parts:
        result["PartsCount"] = len(version.layout.parts)
    if request.get("ChecksumMode") != "ENABLED" or not span.part:
        return result
    if not version.layout.parts:
        return result | carried.checksums(version.facts)
    # The checksum of a part is that of its bytes; the object's own would not match them.
    if span.checksum is not None:
        result |= {f"Checksum{name}": span.checksum for name in version.facts.get("Checksums", {})}
        result["ChecksumType"] = version.facts.get("ChecksumType")
    return result
