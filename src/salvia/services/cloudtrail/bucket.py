"""A trail's bucket: whether CloudTrail may write to it, and writing to it, as cloudtrail.amazonaws.com.

Source: CloudTrail user guide, "Amazon S3 bucket policy for CloudTrail".
"""

from __future__ import annotations

from typing import Any

from salvia.control.call import Call, Reply
from salvia.control.policy import Policy, Request, Scope, document, resource_based
from salvia.control.world import World
from salvia.core import ids
from salvia.core.caller import service_caller
from salvia.core.errors import ServiceError
from salvia.store.documents import Document

_SERVICE = "cloudtrail.amazonaws.com"
_ACL = "bucket-owner-full-control"


def folder(trail: Document, name: str) -> str:
    """Where a trail writes: below its prefix, AWSLogs and the account. `name` is CloudTrail or CloudTrail-Digest."""
    prefix = trail.spec.get("S3KeyPrefix")
    return f"{prefix}/AWSLogs/{trail.account}/{name}" if prefix else f"AWSLogs/{trail.account}/{name}"


async def check(world: World, trail: Document) -> None:
    """Raise S3BucketDoesNotExistException, or InsufficientS3BucketPolicyException where the policy does not let
    CloudTrail read the ACL and write below the trail's folder.
    """
    name = trail.spec["S3BucketName"]
    try:
        await _ask(world, trail, "HeadBucket", {"Bucket": name})
    except ServiceError as error:
        if error.code != "NoSuchBucket":
            raise
        raise ServiceError("S3BucketDoesNotExistException", f"S3 bucket {name} does not exist!") from None
    bucket = f"arn:aws:s3:::{name}"
    for action, resource in (
        ("s3:GetBucketAcl", bucket),
        ("s3:PutObject", f"{bucket}/{folder(trail, 'CloudTrail')}/{trail.region}/"),
    ):
        if not _allowed(world, trail, action, resource):
            raise ServiceError(
                "InsufficientS3BucketPolicyException",
                f"Incorrect S3 bucket policy is detected for bucket: {name}. It must allow {_SERVICE} the action "
                f"{action} on {resource}.",
            )


async def put(world: World, trail: Document, bucket: str, key: str, content: bytes, metadata: dict[str, str]) -> None:
    """Write an object of gzip JSON. Raises AccessDenied where the bucket's policy does not allow it, NoSuchBucket, …"""
    if not _allowed(world, trail, "s3:PutObject", f"arn:aws:s3:::{bucket}/{key}"):
        raise ServiceError("AccessDenied", f"The policy of {bucket} does not let {_SERVICE} put {key}.", 403)
    request = {
        "Bucket": bucket,
        "Key": key,
        "Body": content,
        "ContentType": "application/json",
        "ContentEncoding": "gzip",
        "Metadata": metadata,
    }
    await _ask(world, trail, "PutObject", request)


def _allowed(world: World, trail: Document, action: str, resource: str) -> bool:
    attached = world.providers.resource_policies["s3"](resource)
    if attached is None:
        return False
    policy = Policy(attached.name, document(attached.document, "resource"))
    context = {
        "aws:sourcearn": trail.status.get("Arn", trail.arn),
        "aws:sourceaccount": trail.account,
        "aws:securetransport": "true",
        "s3:x-amz-acl": _ACL,
    }
    asked = Request(service_caller(_SERVICE, trail.account), action, resource, context)
    return resource_based(asked, [policy], Scope.RESOURCE).allowed


async def _ask(world: World, trail: Document, operation: str, request: dict[str, Any]) -> None:
    """Call S3 as the service. These calls are no events: else each delivery would be the next one's content."""
    call = Call(
        service="s3",
        operation=operation,
        request=request,
        caller=service_caller(_SERVICE, trail.account),
        account=trail.account,
        region=trail.region,
        request_id=ids.request_id(),
        world=world,
    )
    answer = await world.dispatch.handler("s3", operation)(call)
    assert isinstance(answer, dict | Reply)
