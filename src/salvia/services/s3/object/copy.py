"""CopyObject. Source: API_CopyObject; user guide, "Copying, moving, and renaming objects".

A copy shares its source's bytes: blobs are counted, not duplicated.
"""

from __future__ import annotations

from typing import Any

from salvia.control.call import Call, operation
from salvia.core import checksums
from salvia.core.checksums import Algorithm
from salvia.store.db import Transaction

from .. import buckets, carried, conditions, failures, intake, outlet, sources, tags, versions
from ..expiry import rules
from ..layout import Layout
from ..versions import Version

_CHANGES = ("StorageClass", "WebsiteRedirectLocation", "ServerSideEncryption")


@operation("CopyObject")
async def copy_object(call: Call) -> dict[str, Any]:
    """Copy an object of at most 5 GiB, with its metadata and tags or with new ones."""
    request = call.request
    bucket = buckets.find(call)
    key = carried.key_of(request)
    source_bucket, source = sources.find(call)
    if source.size > intake.LARGEST_PUT:
        raise failures.invalid_request(
            "The specified copy source is larger than the maximum allowable size for a copy source: "
            f"{intake.LARGEST_PUT}"
        )
    replaces = request.get("MetadataDirective", "COPY") == "REPLACE"
    itself = source.latest and (source.bucket, source.key) == (bucket.id, key)
    if itself and not replaces and not any(request.get(name) for name in _CHANGES):
        raise failures.invalid_request(
            "This copy request is illegal because it is trying to copy an object to itself without changing the "
            "object's metadata, storage class, website redirect location or encryption attributes."
        )
    given = facts = carried.of(request)
    if not replaces:
        facts = dict(source.facts)
        for name in ("StorageClass", "WebsiteRedirectLocation"):  # these are never taken over
            facts.pop(name, None)
            if given.get(name):
                facts[name] = given[name]
    etag, found = await _sums(call, source)
    facts.pop("Checksums", None)
    facts.pop("ChecksumType", None)
    if found:
        facts |= {"Checksums": found, "ChecksumType": "FULL_OBJECT"}
    new_tags = source.tags
    if request.get("TaggingDirective", "COPY") == "REPLACE":
        new_tags = tags.of_header(request.get("Tagging"))
    version = Version(
        bucket.id,
        key,
        size=source.size,
        etag=etag,
        created_at=call.clock.now(),
        facts=facts,
        tags=new_tags,
        layout=Layout.of(source.layout.extents),
    )
    now = call.clock.wall()
    check = conditions.write(request)

    def work(tx: Transaction) -> str | None:
        sources.still(tx, source)
        return versions.put(tx, bucket, version, now, check)

    shown = await call.db.write(work)
    return {
        "CopyObjectResult": {
            "ETag": conditions.quoted(etag),
            "LastModified": version.created_at,
            **carried.checksums(facts),
        },
        "VersionId": shown,
        "Expiration": rules.expiration(bucket, version),
        "CopySourceVersionId": source.version if buckets.versioning(source_bucket) else None,
        "ServerSideEncryption": facts["ServerSideEncryption"],
    }


async def _sums(call: Call, source: Version) -> tuple[str, dict[str, str]]:
    """ETag and checksums of the copy. A copy is one piece: where the source's are made of its parts', or another
    checksum is wanted, the bytes are read.
    """
    known: dict[str, str] = source.facts.get("Checksums", {})
    if source.facts.get("ChecksumType") == "COMPOSITE":
        known = {}
    wanted: set[Algorithm] = set()
    for name in (call.request.get("ChecksumAlgorithm"), *source.facts.get("Checksums", {})):
        algorithm = checksums.algorithm(name) if name else None
        if algorithm is not None:
            wanted = {algorithm}
            break
    missing = {name for name in wanted if name not in known}
    if not source.layout.parts and not missing:
        return source.etag, {name: known[name] for name in wanted}
    computed = await intake.digest(outlet.stream(call.world.objects, source.layout.extents), missing | {"MD5"})
    sums = {name: known.get(name) or computed[name].base64() for name in wanted}
    return computed["MD5"].hex(), {str(name): value for name, value in sums.items()}
