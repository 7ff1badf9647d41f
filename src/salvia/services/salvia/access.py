"""ExplainDenial, GeneratePolicy: why a request was denied, and the least policy that would have sufficed."""

from __future__ import annotations

import json
from typing import Any

from salvia.control.call import Call, operation
from salvia.control.policy.least import least
from salvia.core.errors import validation_error
from salvia.store import accesses, documents
from salvia.store.documents import Document

_ENTITIES = ("iam:Role", "iam:User")
_JOBS = ("training-job", "processing-job", "transform-job", "hyper-parameter-tuning-job")


@operation("ExplainDenial")
async def explain_denial(call: Call) -> dict[str, Any]:
    """What was denied, and every statement on the action that was looked at. Raises ValidationException."""
    request_id = call.request["RequestId"]
    await call.world.providers.settled()
    found = accesses.denial(call.db.read(), call.account, request_id)
    if found is None:
        raise validation_error(
            f"No denial of request {request_id} is known. Denials are kept for 90 days; the request id is "
            "in the answer, and in its CloudTrail record."
        )
    return found


@operation("GeneratePolicy")
async def generate_policy(call: Call) -> dict[str, Any]:
    """The least policy that would have sufficed for what a role or a user did, or for what a job's role did in it."""
    found = _source(call, call.request["Source"])
    await call.world.providers.settled()
    db = call.db.read()
    entity = found.kind in _ENTITIES
    done = accesses.of(db, entity=found.arn) if entity else accesses.of(db, owner=found.id)
    if not done:
        raise validation_error(
            f"{found.arn} has done nothing in the last 90 days, so there is nothing to make a policy of."
        )
    names: dict[str, str] = {"": ""}
    for owner in {one.owner for one in done} - {""}:
        job = documents.by_id(db, owner)
        names[owner] = job.name if job else ""
    policy = least((one.action, one.resource, names[one.owner]) for one in done)
    return {"Source": found.arn, "PolicyDocument": json.dumps(policy, indent=2)}


def _source(call: Call, name: str) -> Document:
    db = call.db.read()
    if name.startswith("arn:"):
        found = documents.by_arn(db, name)
    else:
        found = next(
            (one for kind in _ENTITIES if (one := documents.find(db, kind, call.account, "", name.lower()))), None
        ) or next((one for kind in _JOBS if (one := documents.by_arn(db, _arn(call, kind, name)))), None)
    if found is None or found.account != call.account:
        raise validation_error(f"There is no role, user or job {name} here.")
    return found


def _arn(call: Call, kind: str, name: str) -> str:
    return f"arn:aws:sagemaker:{call.region}:{call.account}:{kind}/{name.lower()}"
