"""Where a copy copies from. Source: API_CopyObject, `x-amz-copy-source`."""

from __future__ import annotations

from urllib.parse import unquote

from salvia.control.call import Call
from salvia.core.errors import ServiceError
from salvia.store.db import Transaction
from salvia.store.documents import Document

from . import buckets, carried, conditions, failures, lookup, versions
from .versions import Version


def parsed(source: str) -> tuple[str, str, str | None]:
    """Bucket, key and version of a CopySource; the first two are empty when it is none."""
    path, _, version = source.partition("?versionId=")
    try:
        name, _, key = unquote(path, errors="strict").removeprefix("/").partition("/")
    except UnicodeDecodeError:
        return "", "", None
    return name, key, version or None


def find(call: Call) -> tuple[Document, Version]:
    """The bucket and version that `CopySource` names, its conditions asked.

    Raises InvalidArgument, NoSuchBucket, NoSuchKey, NoSuchVersion, PreconditionFailed, or InvalidRequest for a
    version that is a delete marker.
    """
    request = call.request
    if request.get("CopySourceSSECustomerAlgorithm"):
        carried.refuse({"SSECustomerAlgorithm": request["CopySourceSSECustomerAlgorithm"]})
    name, key, version = parsed(request["CopySource"])
    if not name or not key:
        raise failures.invalid_argument(
            "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
            "x-amz-copy-source",
            request["CopySource"],
        )
    bucket = buckets.named(call, name, request.get("ExpectedSourceBucketOwner"))
    try:
        source = lookup.current(call, bucket, key, version)
    except ServiceError as refused:
        if refused.code == "MethodNotAllowed":
            raise failures.invalid_request(
                "The source of a copy request may not specifically refer to a delete marker by version id."
            ) from None
        raise
    conditions.copy(request, source)
    return bucket, source


def still(tx: Transaction, source: Version) -> None:
    """Within the copy's transaction: the source, and so its bytes, are still there. Raises NoSuchKey."""
    now = versions.one(tx, source.bucket, source.key, source.version)
    if now is None or now.layout.extents != source.layout.extents:
        raise failures.no_such_key(source.key)
