"""The one access control list there is: its owner's, with full control."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from salvia.core.errors import ServiceError
from salvia.store.documents import Document

from . import buckets

_OWN = ("private", "bucket-owner-full-control")


def of_owner(bucket: Document) -> dict[str, Any]:
    """The answer of GetBucketAcl and GetObjectAcl."""
    owner = buckets.owner(bucket.owner)
    return {
        "Owner": owner,
        "Grants": [{"Grantee": {**owner, "Type": "CanonicalUser"}, "Permission": "FULL_CONTROL"}],
    }


def accept(bucket: Document, request: Mapping[str, Any]) -> None:
    """Pass over a list that says what is so: the owner has full control, and nobody else has anything.

    Raises AccessControlListNotSupported for every other one, as a bucket does whose owner is enforced.
    """
    policy, owner = request.get("AccessControlPolicy"), buckets.owner(bucket.owner)["ID"]
    grants = [name for name in request if name.startswith("Grant")]
    if request.get("ACL") is not None:
        same = request["ACL"] in _OWN and not policy and not grants
    elif policy is not None:
        listed = [(grant.get("Grantee", {}).get("ID"), grant.get("Permission")) for grant in policy.get("Grants", ())]
        same = listed == [(owner, "FULL_CONTROL")] and policy.get("Owner", {}).get("ID", owner) == owner and not grants
    else:
        same = grants == ["GrantFullControl"] and request["GrantFullControl"].replace('"', "") == f"id={owner}"
    if not same:
        raise ServiceError("AccessControlListNotSupported", "The bucket does not allow ACLs")
