"""Temporary credentials: of roles, by AssumeRole; of users, by GetSessionToken; of jobs, for control.

Source: STS API reference, AssumeRole and GetSessionToken; IAM user guide, "Methods to assume a role".
"""

from __future__ import annotations

from typing import Any

from salvia.control.actions import need
from salvia.control.authorize import situation
from salvia.control.call import Call, operation
from salvia.control.policy import Decision, Policy, Request, Scope, document, evaluate, resource_based
from salvia.control.providers import NamedPolicy, RoleCredentials
from salvia.control.world import World
from salvia.core.clock import timestamp
from salvia.core.errors import ServiceError
from salvia.store import documents, keys
from salvia.store.db import Transaction
from salvia.store.documents import Document

_ROLE = "iam:Role"
_CHAINED = 3600  # seconds; AWS's limit for a role that assumes another
_LONGEST_POLICY = 2048
_MOST_POLICY_ARNS = 10
_MFA = ("SerialNumber", "TokenCode")
_UNSUPPORTED = (
    "Tags",
    "TransitiveTagKeys",
    "SourceIdentity",
    "ProvidedContexts",
    *_MFA,
)


def provide(world: World) -> None:
    """Fill in the provider of role credentials."""

    async def role_credentials(role_arn: str, session_name: str, seconds: int, owner: str = "") -> RoleCredentials:
        role = documents.by_arn(world.db.read(), role_arn)
        if role is None or role.kind != _ROLE:
            raise ServiceError("ValidationException", f"Role {role_arn} does not exist any more.")
        expires = world.clock.wall() + seconds
        session = keys.Session(session_name, expires, owner=owner)
        key, secret, token = await _issue(world, role, role.spec["RoleId"], session)
        return RoleCredentials(key, secret, token, expires)

    world.providers.role_credentials = role_credentials


async def _issue(world: World, entity: Document, unique_id: str, session: keys.Session) -> tuple[str, str, str]:
    now = world.clock.wall()

    def work(tx: Transaction) -> tuple[str, str, str | None]:
        if documents.by_id(tx, entity.id) is None:
            raise ServiceError("AccessDenied", f"{entity.arn} was deleted meanwhile.", 403)
        return keys.issue(tx, entity.id, unique_id, now, session)

    key, secret, token = await world.db.write(work)
    return key, secret, token or ""


def _credentials(issued: tuple[str, str, str], expires: float) -> dict[str, Any]:
    key, secret, token = issued
    return {
        "AccessKeyId": key,
        "SecretAccessKey": secret,
        "SessionToken": token,
        "Expiration": timestamp(expires),
    }


def _refuse_unsupported(request: dict[str, Any], members: tuple[str, ...]) -> None:
    for member in members:
        if request.get(member):
            raise ServiceError(
                "ValidationError",
                f"Salvia does not implement {member} here yet, and will not ignore it. Leave it out.",
            )


@operation("AssumeRole")
async def assume_role(call: Call) -> dict[str, Any]:
    """Credentials of a role whose trust policy lets the caller in.

    Raises AccessDenied, also for a role that does not exist; ValidationError for a duration over the role's
    MaxSessionDuration, or over an hour where a role's session assumes another role.
    """
    request = call.request
    _refuse_unsupported(request, _UNSUPPORTED)
    arn, name = request["RoleArn"], request["RoleSessionName"]
    role = documents.by_arn(call.db.read(), arn)
    role = _authorize(call, arn, role if role is not None and role.kind == _ROLE else None)
    seconds = _duration(call, role)
    policies = _session_policies(call)
    expires = call.clock.wall() + seconds
    session = keys.Session(name, expires, policies)
    issued = await _issue(call.world, role, role.spec["RoleId"], session)
    role_name = role.spec["RoleName"]
    answer: dict[str, Any] = {
        "Credentials": _credentials(issued, expires),
        "AssumedRoleUser": {
            "AssumedRoleId": f"{role.spec['RoleId']}:{name}",
            "Arn": f"arn:aws:sts::{role.account}:assumed-role/{role_name}/{name}",
        },
    }
    if policies:
        answer["PackedPolicySize"] = _packed(policies)
    return answer


def _authorize(call: Call, arn: str, role: Document | None) -> Document:
    """The role, if the caller may become it.

    The trust policy must let it in, by name or by its account; by account, its own policies must allow it too.
    """
    if call.caller.kind == "anonymous":  # whatever a trust policy says of "*": credentials are for somebody
        raise ServiceError("MissingAuthenticationToken", "Request is missing Authentication Token", 403)
    if role is not None and call.world.settings.auth == "off":
        return role
    if call.caller.kind == "root":
        raise ServiceError("AccessDenied", "Roles may not be assumed by root accounts.", 403)
    asked_need = need("sts:AssumeRole", arn, situation(call), call.request)
    account = role.account if role else None
    asked = Request(call.caller, asked_need.action, arn, asked_need.context, account)
    decision = Decision(False, Scope.TRUST)
    if role is not None:
        trust = [Policy("trust policy", document(role.spec["AssumeRolePolicyDocument"], "trust"))]
        decision = resource_based(asked, trust, Scope.TRUST)
        if decision.allowed:
            found = call.world.providers.policies(call.caller)
            session = None if found.session is None else [_compiled(policy) for policy in found.session]
            boundary = _compiled(found.boundary) if found.boundary else None
            identity = [_compiled(policy) for policy in found.identity]
            decision = evaluate(asked, identity, trust, boundary, session)
    call.checked.append((asked.action, arn, decision.allowed))
    if decision.allowed:
        call.world.providers.accessed(call.caller, asked.action, arn)
    if role is None or not decision.allowed:
        raise ServiceError("AccessDenied", decision.sentence(asked), 403)
    return role


def _compiled(policy: NamedPolicy) -> Policy:
    return Policy(policy.name, document(policy.document))


def _duration(call: Call, role: Document) -> int:
    seconds = int(call.request.get("DurationSeconds", 3600))
    if call.caller.kind == "assumed-role" and seconds > _CHAINED:
        raise ServiceError(
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
        )
    if seconds > role.spec.get("MaxSessionDuration", 3600):
        raise ServiceError(
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        )
    return seconds


def _session_policies(call: Call) -> tuple[str, ...]:
    """The document and the ARNs that limit the session. Raises MalformedPolicyDocument."""
    request = call.request
    text = request.get("Policy")
    arns = [given["arn"] for given in request.get("PolicyArns", ()) if "arn" in given]
    if len(arns) > _MOST_POLICY_ARNS:
        raise ServiceError(
            "ValidationError",
            f"A session takes up to {_MOST_POLICY_ARNS} policy ARNs; these are {len(arns)}.",
        )
    for arn in arns:
        if not arn.startswith("arn:"):
            raise ServiceError("ValidationError", f"ARN {arn} is not valid.")
    if text is None:
        return tuple(arns)
    document(text)
    if len(text) > _LONGEST_POLICY:
        raise ServiceError(
            "PackedPolicyTooLarge",
            f"The session policy has {len(text)} characters; {_LONGEST_POLICY} are the most.",
        )
    return (text, *arns)


def _packed(policies: tuple[str, ...]) -> int:
    """How much of the room for session policies is used, in per cent."""
    return min(100, -(-100 * sum(map(len, policies)) // (2 * _LONGEST_POLICY)))


@operation("GetSessionToken")
async def get_session_token(call: Call) -> dict[str, Any]:
    """Temporary credentials of the calling user, with all that it may do."""
    request = call.request
    _refuse_unsupported(request, _MFA)
    caller = call.caller
    if caller.kind != "user" or caller.context.get("aws:tokenissuetime"):
        raise ServiceError("AccessDenied", "Cannot call GetSessionToken with session credentials", 403)
    user = documents.by_arn(call.db.read(), caller.entity)
    if user is None:
        raise ServiceError("AccessDenied", f"{caller.arn} was deleted meanwhile.", 403)
    expires = call.clock.wall() + int(request.get("DurationSeconds", 43_200))
    session = keys.Session(None, expires)
    issued = await _issue(call.world, user, user.spec["UserId"], session)
    return {"Credentials": _credentials(issued, expires)}
