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


def accept(request: Mapping[str, Any]) -> None:
    """Pass over a list that says what is so. Raises AccessControlListNotSupported."""
    given = request.get("ACL")
    if given not in _OWN or request.get("AccessControlPolicy") or any(n.startswith("Grant") for n in request):
        raise ServiceError("AccessControlListNotSupported", "The bucket does not allow ACLs")
