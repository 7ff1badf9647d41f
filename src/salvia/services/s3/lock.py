"""Object Lock, which no bucket has here: S3's own answers for a bucket without it, and a clear refusal to switch it on.

Source: the API reference's pages of these operations; user guide, "Locking objects with Object Lock".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from salvia.control.call import Call, operation
from salvia.core.errors import ServiceError

from . import buckets, failures, lookup

SENTENCE = "Salvia does not implement S3 Object Lock: nothing here would keep an object from being deleted."


@operation("GetObjectLockConfiguration")
async def get_object_lock_configuration(call: Call) -> dict[str, Any]:
    """Raises ObjectLockConfigurationNotFoundError."""
    bucket = buckets.find(call)
    raise ServiceError(
        "ObjectLockConfigurationNotFoundError",
        "Object Lock configuration does not exist for this bucket",
        404,
        BucketName=bucket.name,
    )


@operation("PutObjectLockConfiguration")
async def put_object_lock_configuration(call: Call) -> dict[str, Any]:
    """Raises NotImplemented."""
    buckets.find(call)
    raise failures.not_implemented(SENTENCE)


@operation("GetObjectRetention")
async def get_object_retention(call: Call) -> dict[str, Any]:
    """Raises InvalidRequest."""
    raise _without_lock(call)


@operation("PutObjectRetention")
async def put_object_retention(call: Call) -> dict[str, Any]:
    """Raises InvalidRequest."""
    raise _without_lock(call)


@operation("GetObjectLegalHold")
async def get_object_legal_hold(call: Call) -> dict[str, Any]:
    """Raises InvalidRequest."""
    raise _without_lock(call)


@operation("PutObjectLegalHold")
async def put_object_legal_hold(call: Call) -> dict[str, Any]:
    """Raises InvalidRequest."""
    raise _without_lock(call)


def refuse_bypass(request: Mapping[str, Any]) -> None:
    """Raise InvalidArgument for a deletion that would pass a lock by."""
    if request.get("BypassGovernanceRetention"):
        raise failures.invalid_argument(
            "x-amz-bypass-governance-retention is only applicable to Object Lock enabled buckets.",
            "x-amz-bypass-governance-retention",
            "true",
        )


def _without_lock(call: Call) -> ServiceError:
    lookup.current(call, buckets.find(call), call.request["Key"], call.request.get("VersionId"))
    return failures.invalid_request("Bucket is missing Object Lock Configuration")
