"""Bucket policies. Source: API_PutBucketPolicy and its neighbours; user guide, "Bucket policies"."""

from __future__ import annotations

import json
from typing import Any

from salvia.control.call import Call, Reply, operation
from salvia.control.policy import document
from salvia.control.providers import NamedPolicy
from salvia.control.world import World
from salvia.core.errors import ServiceError
from salvia.store import documents
from salvia.store.documents import Document

from .. import buckets, failures, intake
from ..buckets import BUCKET, POLICY, PUBLIC_ACCESS_BLOCK
from .public import is_public, restricted

_LONGEST = 20 * 1024
_ARN = "arn:aws:s3:::"


def provide(world: World) -> None:
    """Let authorisation see the policies of buckets."""

    def attached(arn: str) -> NamedPolicy | None:
        name = arn.removeprefix(_ARN).partition("/")[0]
        bucket = documents.find(world.db.read(), BUCKET.kind, "", "", name)
        text = bucket.status.get(POLICY) if bucket is not None else None
        if bucket is None or text is None:
            return None
        if bucket.status.get(PUBLIC_ACCESS_BLOCK, {}).get("RestrictPublicBuckets") and is_public(text):
            text = restricted(text, bucket.owner)
        return NamedPolicy(f"bucket policy of {name}", text)

    world.providers.resource_policies["s3"] = attached


@operation("GetBucketPolicy")
async def get_bucket_policy(call: Call) -> dict[str, Any]:
    """The policy as it was put. Raises NoSuchBucketPolicy."""
    return {"Policy": _policy(buckets.find(call))}


@operation("GetBucketPolicyStatus")
async def get_bucket_policy_status(call: Call) -> dict[str, Any]:
    """Whether the policy is public. Raises NoSuchBucketPolicy."""
    return {"PolicyStatus": {"IsPublic": is_public(_policy(buckets.find(call)))}}


@operation("PutBucketPolicy")
async def put_bucket_policy(call: Call) -> Reply:
    """Attach a policy. Raises MalformedPolicy, or AccessDenied for a public one where that is blocked."""
    intake.prove(call)
    text = call.request["Policy"]
    found = buckets.find(call)
    _check(text, found)

    def edit(bucket: Document) -> None:
        if bucket.status.get(PUBLIC_ACCESS_BLOCK, {}).get("BlockPublicPolicy") and is_public(text):
            raise failures.access_denied(
                f"User: {call.caller.arn} is not authorized to perform: s3:PutBucketPolicy on resource: "
                f'"{bucket.arn}" because public policies are prevented by the BlockPublicPolicy setting in S3 Block '
                "Public Access."
            )
        bucket.status[POLICY] = text

    await buckets.change(call, edit)
    return Reply(status=204)


@operation("DeleteBucketPolicy")
async def delete_bucket_policy(call: Call) -> Reply:
    """Detach the policy, if there is one."""

    def edit(bucket: Document) -> None:
        bucket.status.pop(POLICY, None)

    await buckets.change(call, edit)
    return Reply(status=204)


def _policy(bucket: Document) -> str:
    text: str | None = bucket.status.get(POLICY)
    if text is None:
        raise ServiceError("NoSuchBucketPolicy", "The bucket policy does not exist", 404, BucketName=bucket.name)
    return text


def _check(text: str, bucket: Document) -> None:
    if len(text.encode()) > _LONGEST:
        raise _malformed(f"Policies must be no larger than {_LONGEST} bytes")
    document(text, "resource", code="MalformedPolicy")
    content = json.loads(text)
    statements = content["Statement"]
    for statement in [statements] if isinstance(statements, dict) else statements:
        if "Principal" not in statement and "NotPrincipal" not in statement:
            raise _malformed("Missing required field Principal")
        for arn in _texts(statement, "Resource", "NotResource"):
            if arn != bucket.arn and not arn.startswith((f"{bucket.arn}/", f"{bucket.arn}*")):
                raise _malformed("Policy has invalid resource")
        for action in _texts(statement, "Action", "NotAction"):
            if action != "*" and not action.lower().startswith("s3:"):
                raise _malformed("Policy has invalid action")


def _texts(statement: dict[str, Any], *names: str) -> list[str]:
    for name in names:
        if name in statement:
            value = statement[name]
            return [value] if isinstance(value, str) else list(value)
    raise _malformed(f"Missing required field {names[0]}")


def _malformed(message: str) -> ServiceError:
    return ServiceError("MalformedPolicy", message)
