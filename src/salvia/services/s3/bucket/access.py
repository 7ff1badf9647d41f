"""Block Public Access, object ownership and the bucket's ACL: who may ever be let in.

Source: the API reference's pages of these operations; user guide, "Blocking public access", "Object ownership".
"""

from __future__ import annotations

from typing import Any

from salvia.control.call import Call, Reply, operation
from salvia.core.errors import ServiceError
from salvia.store.documents import Document

from .. import buckets, failures, grants, intake
from ..buckets import OWNERSHIP, PUBLIC_ACCESS_BLOCK

_SETTINGS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
_ENFORCED = "BucketOwnerEnforced"


@operation("GetPublicAccessBlock")
async def get_public_access_block(call: Call) -> dict[str, Any]:
    """The four settings, all on in a new bucket. Raises NoSuchPublicAccessBlockConfiguration once deleted."""
    bucket = buckets.find(call)
    settings = bucket.status.get(PUBLIC_ACCESS_BLOCK)
    if settings is None:
        raise ServiceError(
            "NoSuchPublicAccessBlockConfiguration",
            "The public access block configuration was not found",
            404,
            BucketName=bucket.name,
        )
    return {"PublicAccessBlockConfiguration": settings}


@operation("PutPublicAccessBlock")
async def put_public_access_block(call: Call) -> dict[str, Any]:
    """Replace the four settings; what is left out is off."""
    intake.prove(call)
    wanted = call.request["PublicAccessBlockConfiguration"]

    def edit(bucket: Document) -> None:
        bucket.status[PUBLIC_ACCESS_BLOCK] = {name: bool(wanted.get(name)) for name in _SETTINGS}

    await buckets.change(call, edit)
    return {}


@operation("DeletePublicAccessBlock")
async def delete_public_access_block(call: Call) -> Reply:
    """Switch the four settings off."""

    def edit(bucket: Document) -> None:
        bucket.status.pop(PUBLIC_ACCESS_BLOCK, None)

    await buckets.change(call, edit)
    return Reply(status=204)


@operation("GetBucketOwnershipControls")
async def get_bucket_ownership_controls(call: Call) -> dict[str, Any]:
    """BucketOwnerEnforced, in a new bucket too. Raises OwnershipControlsNotFoundError once deleted."""
    bucket = buckets.find(call)
    if not bucket.status.get(OWNERSHIP, True):
        raise ServiceError(
            "OwnershipControlsNotFoundError",
            "The bucket ownership controls were not found",
            404,
            BucketName=bucket.name,
        )
    return {"OwnershipControls": {"Rules": [{"ObjectOwnership": _ENFORCED}]}}


@operation("PutBucketOwnershipControls")
async def put_bucket_ownership_controls(call: Call) -> dict[str, Any]:
    """Accepts BucketOwnerEnforced. Raises NotImplemented for the settings that need ACLs."""
    intake.prove(call)
    wanted = [rule["ObjectOwnership"] for rule in call.request["OwnershipControls"]["Rules"]]
    if wanted != [_ENFORCED]:
        raise failures.not_implemented(
            f"Salvia does not implement object ownership {', '.join(wanted)}, since that needs ACLs; {_ENFORCED} works."
        )

    def edit(bucket: Document) -> None:
        bucket.status[OWNERSHIP] = True

    await buckets.change(call, edit)
    return {}


@operation("DeleteBucketOwnershipControls")
async def delete_bucket_ownership_controls(call: Call) -> Reply:
    """Forget the setting; objects stay their bucket owner's, since there are no ACLs."""

    def edit(bucket: Document) -> None:
        bucket.status[OWNERSHIP] = False

    await buckets.change(call, edit)
    return Reply(status=204)


@operation("GetBucketAcl")
async def get_bucket_acl(call: Call) -> dict[str, Any]:
    """The owner, with full control."""
    return grants.of_owner(buckets.find(call))


@operation("PutBucketAcl")
async def put_bucket_acl(call: Call) -> dict[str, Any]:
    """Accepts what is so already. Raises AccessControlListNotSupported for everything else."""
    grants.accept(buckets.find(call), call.request)
    return {}
