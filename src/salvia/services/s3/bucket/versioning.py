"""Versioning. Source: API_PutBucketVersioning, API_GetBucketVersioning."""

from __future__ import annotations

from typing import Any

from salvia.control.call import Call, operation
from salvia.core.errors import ServiceError
from salvia.store.documents import Document

from .. import buckets, failures, intake
from ..buckets import VERSIONING


@operation("GetBucketVersioning")
async def get_bucket_versioning(call: Call) -> dict[str, Any]:
    """Enabled or Suspended; nothing for a bucket that never had versions."""
    return {"Status": buckets.versioning(buckets.find(call))}


@operation("PutBucketVersioning")
async def put_bucket_versioning(call: Call) -> dict[str, Any]:
    """Enable or suspend versions; there is no way back to never."""
    intake.prove(call)
    wanted = call.request["VersioningConfiguration"]
    if wanted.get("MFADelete") == "Enabled":
        raise failures.not_implemented("Salvia does not implement MFA delete.")
    status = wanted.get("Status")
    if status is None:
        raise ServiceError(
            "IllegalVersioningConfigurationException",
            "The Versioning element must be specified",
        )

    def edit(bucket: Document) -> None:
        bucket.status[VERSIONING] = status

    await buckets.change(call, edit)
    return {}
