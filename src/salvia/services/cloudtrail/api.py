"""Trails: created, changed, started and stopped. Source: the API reference's pages of these operations."""

from __future__ import annotations

import re
from typing import Any

from salvia.control import crud
from salvia.control.call import Call, operation
from salvia.core.errors import ServiceError
from salvia.store import documents, events
from salvia.store.db import Transaction
from salvia.store.documents import Document

from . import bucket, digests, tags, trails
from .selectors import checked
from .trails import DELETING, TRAIL

_MOST = 5  # trails of a region
_LONGEST_PREFIX = 200
_NAME = re.compile(r"(?!\d+\.\d+\.\d+\.\d+$)[A-Za-z0-9](?:[._-]?[A-Za-z0-9])*")
_FLAGS = {"IncludeGlobalServiceEvents": True, "IsMultiRegionTrail": False, "IsOrganizationTrail": False}
# What a trail may ask for and Salvia does not do: refused rather than ignored.
_UNSUPPORTED = {
    "SnsTopicName": "notify a topic of deliveries",
    "CloudWatchLogsLogGroupArn": "deliver events to a log group",
    "CloudWatchLogsRoleArn": "deliver events to a log group",
    "KmsKeyId": "encrypt log files with a key of one's own",
    "IsOrganizationTrail": "have trails of an organization",
    "RecursiveLogging": "record its own deliveries",
}


@operation("CreateTrail")
async def create_trail(call: Call) -> dict[str, Any]:
    """Create a trail; StartLogging starts it.

    Raises InvalidTrailNameException, TrailAlreadyExistsException, MaximumNumberOfTrailsExceededException,
    S3BucketDoesNotExistException, InsufficientS3BucketPolicyException, InvalidS3PrefixException.
    """
    request = call.request
    _refuse_unsupported(request)
    _check_name(request["Name"])
    given = {member: value for member, value in request.items() if member in (*_FLAGS, "Name", "S3BucketName")}
    spec = {**_FLAGS, **given, "LogFileValidationEnabled": bool(request.get("EnableLogFileValidation"))}
    if request.get("S3KeyPrefix"):
        spec["S3KeyPrefix"] = request["S3KeyPrefix"]
    _check(spec)
    trail = crud.new(call, TRAIL, spec, status={"IsLogging": False})
    trail.tags = tags.given(request.get("TagsList", ()))
    tags.check(trail)
    await bucket.check(call.world, trail)

    def insert(tx: Transaction) -> bool:
        mine = "SELECT COUNT(*) AS n FROM documents WHERE kind = :kind AND account = :account AND region = :region"
        row = tx.one(mine, {"kind": TRAIL.kind, "account": call.account, "region": call.region})
        if row is not None and row["n"] >= _MOST:
            raise ServiceError(
                "MaximumNumberOfTrailsExceededException",
                f"User: {call.account} already has {row['n']} trails in {call.region}.",
            )
        return documents.insert(tx, trail)

    if not await call.db.write(insert):
        raise ServiceError(
            "TrailAlreadyExistsException", f"Trail {trail.name} already exists for customer: {call.account}"
        )
    return trails.described(trail)


@operation("UpdateTrail")
async def update_trail(call: Call) -> dict[str, Any]:
    """Change what is named and keep the rest. Raises what CreateTrail raises, InvalidHomeRegionException."""
    request = call.request
    _refuse_unsupported(request)
    changes = {member: request[member] for member in (*_FLAGS, "S3BucketName", "S3KeyPrefix") if member in request}
    if "EnableLogFileValidation" in request:
        changes["LogFileValidationEnabled"] = request["EnableLogFileValidation"]
    wanted = trails.find(call, request["Name"])
    wanted.spec |= changes
    _check(wanted.spec)
    await bucket.check(call.world, wanted)

    def edit(trail: Document) -> None:
        trail.spec |= changes
        _check(trail.spec)
        if trail.status["IsLogging"] and trail.spec["LogFileValidationEnabled"]:
            digests.begin(trail, call.clock.now())

    return trails.described(await trails.change(call, request["Name"], edit, wake=True))


@operation("DeleteTrail")
async def delete_trail(call: Call) -> dict[str, Any]:
    """Delete a trail. Its name is free at once; what it has recorded is still delivered."""

    def edit(trail: Document) -> None:
        _stop(trail, call.clock.now())
        trail.status["Arn"] = trail.arn
        trail.state = DELETING

    trail = await trails.change(call, call.request["Name"], edit, wake=True)
    rename = "UPDATE documents SET name = :id, arn = :id WHERE id = :id AND state = :state"
    await call.db.write(lambda tx: tx.run(rename, {"id": trail.id, "state": DELETING}))
    return {}


@operation("GetTrail")
async def get_trail(call: Call) -> dict[str, Any]:
    """A trail's settings."""
    return {"Trail": _shown(trails.find(call, call.request["Name"]))}


@operation("DescribeTrails")
async def describe_trails(call: Call) -> dict[str, Any]:
    """The trails that are named, or all that this region sees; names that nobody has are left out."""
    request = call.request
    shadows = request.get("includeShadowTrails", True)
    found = [trail for trail in trails.of_account(call) if trails.visible(call, trail)]
    names = request.get("trailNameList")
    if names:
        found = [trail for trail in found if trail.arn in names or trail.spec["Name"] in names]
    return {"trailList": [_shown(trail) for trail in found if shadows or trail.region == call.region]}


@operation("ListTrails")
async def list_trails(call: Call) -> dict[str, Any]:
    """Every trail of the account, of all regions, in one page: there are few."""
    if call.request.get("NextToken"):
        raise ServiceError("ValidationException", "The next token is not valid: all trails are on the first page.")
    return {
        "Trails": [
            {"TrailARN": trail.arn, "Name": trail.spec["Name"], "HomeRegion": trail.region}
            for trail in trails.of_account(call)
        ]
    }


@operation("StartLogging")
async def start_logging(call: Call) -> dict[str, Any]:
    """Record from now on."""

    def edit(trail: Document) -> None:
        if not trail.status["IsLogging"]:
            now = call.clock.now()
            trail.status |= {"IsLogging": True, "StartLoggingTime": now}
            if trail.spec["LogFileValidationEnabled"]:
                digests.begin(trail, now)

    await trails.change(call, call.request["Name"], edit, wake=True)
    return {}


@operation("StopLogging")
async def stop_logging(call: Call) -> dict[str, Any]:
    """Record no more; what was recorded is delivered at once, with a last digest."""
    await trails.change(call, call.request["Name"], lambda trail: _stop(trail, call.clock.now()), wake=True)
    return {}


@operation("GetTrailStatus")
async def get_trail_status(call: Call) -> dict[str, Any]:
    """Whether the trail is logging, and how its deliveries fare."""
    status = trails.find(call, call.request["Name"]).status
    texts = {
        "LatestDeliveryAttemptTime": status.get("LatestDeliveryAttemptTime"),
        "TimeLoggingStarted": status.get("StartLoggingTime"),
        "TimeLoggingStopped": status.get("StopLoggingTime"),
    }
    delivered = status.get("LatestDeliveryTime")
    succeeded = delivered if not status.get("LatestDeliveryError") else None
    return {
        **status,
        **{member: events.moment(at) if at is not None else "" for member, at in texts.items()},
        "LatestDeliveryAttemptSucceeded": events.moment(succeeded) if succeeded is not None else "",
        "LatestNotificationAttemptTime": "",
        "LatestNotificationAttemptSucceeded": "",
    }


@operation("PutEventSelectors")
async def put_event_selectors(call: Call) -> dict[str, Any]:
    """Replace a trail's selectors. Raises InvalidEventSelectorsException."""
    wanted = checked(call.request)

    def edit(trail: Document) -> None:
        trail.status["Selectors"] = wanted

    trail = await trails.change(call, call.request["TrailName"], edit)
    return {"TrailARN": trail.arn, **wanted}


@operation("GetEventSelectors")
async def get_event_selectors(call: Call) -> dict[str, Any]:
    """A trail's selectors; those of a new trail take all management events."""
    trail = trails.find(call, call.request["TrailName"])
    return {"TrailARN": trail.arn, **trails.selectors(trail)}


def _stop(trail: Document, now: float) -> None:
    if trail.status["IsLogging"]:
        trail.status |= {"IsLogging": False, "StopLoggingTime": now}


def _shown(trail: Document) -> dict[str, Any]:
    return {
        **trails.described(trail),
        "HomeRegion": trail.region,
        "HasCustomEventSelectors": "Selectors" in trail.status,
        "HasInsightSelectors": False,
    }


def _refuse_unsupported(request: dict[str, Any]) -> None:
    for member, what in _UNSUPPORTED.items():
        if request.get(member):
            raise ServiceError(
                "UnsupportedOperationException", f"Salvia does not {what} yet, and will not ignore {member}."
            )


def _check_name(name: str) -> None:
    if not 3 <= len(name) <= 128 or not _NAME.fullmatch(name):
        raise ServiceError(
            "InvalidTrailNameException",
            f"Trail name {name} is not valid: it has 3 to 128 letters, digits, periods, underscores and hyphens, "
            "begins and ends with a letter or digit, has no two of the others side by side, and is no IP address.",
        )


def _check(spec: dict[str, Any]) -> None:
    prefix = spec.get("S3KeyPrefix", "")
    if len(prefix) > _LONGEST_PREFIX or prefix.startswith("/") or prefix.endswith("/"):
        raise ServiceError(
            "InvalidS3PrefixException",
            f"A prefix has up to {_LONGEST_PREFIX} characters, and no slash at its ends: '{prefix[:300]}'.",
        )
    if spec["IsMultiRegionTrail"] and not spec["IncludeGlobalServiceEvents"]:
        raise ServiceError(
            "InvalidParameterCombinationException", "Multi-Region trail must include global service events."
        )
