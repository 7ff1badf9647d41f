"""DeleteObject and DeleteObjects. Source: API_DeleteObject, API_DeleteObjects; user guide, "Deleting objects"."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from salvia.control.authorize import check
from salvia.control.call import Call, operation
from salvia.core.errors import ServiceError
from salvia.store.db import Transaction
from salvia.store.documents import Document

from .. import buckets, carried, conditions, failures, intake, lock, lookup, versions
from ..versions import Check, Deleted, Version

_MOST = 1000


@operation("DeleteObject")
async def delete_object(call: Call) -> dict[str, Any]:
    """Delete an object: for good, or under a marker in a bucket with versions; or one version for good."""
    request = call.request
    lock.refuse_bypass(request)
    bucket = buckets.find(call)
    deleted = await call.db.write(lambda tx: _delete(tx, call, bucket, request, request.get("IfMatch")))
    return {"VersionId": deleted.version, "DeleteMarker": deleted.marker or None}


@operation("DeleteObjects")
async def delete_objects(call: Call) -> dict[str, Any]:
    """Delete up to 1,000 objects; each by itself succeeds or fails."""
    intake.prove(call)
    lock.refuse_bypass(call.request)
    wanted = call.request["Delete"]
    objects = wanted["Objects"]
    if not 1 <= len(objects) <= _MOST:
        raise ServiceError(
            "MalformedXML",
            "The XML you provided was not well-formed or did not validate against our published schema: "
            f"Delete lists {len(objects)} objects; it may list 1 to {_MOST}.",
        )
    bucket = buckets.find(call)
    denied = [_denied(call, bucket.name, item) for item in objects]

    def work(tx: Transaction) -> list[Deleted | ServiceError]:
        outcomes: list[Deleted | ServiceError] = []
        for item, refusal in zip(objects, denied, strict=True):
            try:
                outcomes.append(refusal or _delete(tx, call, bucket, item, item.get("ETag")))
            except ServiceError as refused:  # it was refused before it changed anything
                outcomes.append(refused)
        return outcomes

    outcomes = await call.db.write(work)
    deleted, errors = [], []
    for item, outcome in zip(objects, outcomes, strict=True):
        named = {"Key": item["Key"], "VersionId": item.get("VersionId")}
        if isinstance(outcome, ServiceError):
            errors.append({**named, "Code": outcome.code, "Message": outcome.message})
        elif not wanted.get("Quiet"):
            deleted.append({**named, **_shown(outcome)})
    return {"Deleted": deleted, "Errors": errors}


def _denied(call: Call, bucket: str, item: Mapping[str, Any]) -> ServiceError | None:
    """Why the caller may not delete one of the objects; None when it may."""
    action = "s3:DeleteObjectVersion" if item.get("VersionId") else "s3:DeleteObject"
    try:
        check(call, action, f"arn:aws:s3:::{bucket}/{item['Key']}")
    except ServiceError as refused:
        return refused
    return None


def _delete(tx: Transaction, call: Call, bucket: Document, item: Mapping[str, Any], if_match: str | None) -> Deleted:
    key = carried.key_of(item)
    version = lookup.checked_version(item.get("VersionId"))
    clock = call.clock
    return versions.delete(tx, bucket, key, version, clock.wall(), clock.now(), _condition(item, if_match))


def _condition(item: Mapping[str, Any], if_match: str | None) -> Check:
    moment = item.get("IfMatchLastModifiedTime") or item.get("LastModifiedTime")
    size = item.get("IfMatchSize", item.get("Size"))

    def check(current: Version | None) -> None:
        if if_match is None and moment is None and size is None:
            return
        if current is None:
            raise failures.no_such_key(item["Key"])
        if if_match is not None and not conditions.matches(if_match, current.etag):
            raise failures.precondition_failed("If-Match")
        if moment is not None and math.floor(current.created_at) != math.floor(moment.timestamp()):
            raise failures.precondition_failed("x-amz-if-match-last-modified-time")
        if size is not None and current.size != size:
            raise failures.precondition_failed("x-amz-if-match-size")

    return check


def _shown(outcome: Deleted) -> dict[str, Any]:
    if not outcome.marker:
        return {}
    return {"DeleteMarker": True, "DeleteMarkerVersionId": outcome.version}
