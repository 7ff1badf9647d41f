"""ACLs of objects: the bucket's owner owns all, and lists of others are disabled, as in every new bucket of AWS.

Source: API_GetObjectAcl, API_PutObjectAcl; user guide, "Controlling ownership of objects and disabling ACLs".
"""

from __future__ import annotations

from typing import Any

from salvia.control.call import Call, operation

from .. import buckets, grants, lookup


@operation("GetObjectAcl")
async def get_object_acl(call: Call) -> dict[str, Any]:
    """The owner, with full control."""
    bucket = buckets.find(call)
    lookup.current(call, bucket, call.request["Key"], call.request.get("VersionId"))
    return grants.of_owner(bucket)


@operation("PutObjectAcl")
async def put_object_acl(call: Call) -> dict[str, Any]:
    """Accepts what is so already. Raises AccessControlListNotSupported for everything else."""
    bucket = buckets.find(call)
    lookup.current(call, bucket, call.request["Key"], call.request.get("VersionId"))
    grants.accept(bucket, call.request)
    return {}
