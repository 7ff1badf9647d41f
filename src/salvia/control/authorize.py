"""May this caller do this? Enforced on every operation; a denial says which statement denied, or that none allowed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from salvia.core.arns import parse_arn
from salvia.core.caller import service_caller
from salvia.core.errors import ServiceError, validation_error
from salvia.store import documents

from . import actions
from .actions import Need, Situation
from .call import Call
from .policy import Decision, Policy, Request, Scope, Trace, document, evaluate, resource_based, trace
from .providers import NamedPolicy

# Services that answer 403, and how they spell it.
_DENIED_BY_XML = {"s3": "AccessDenied", "iam": "AccessDenied", "sts": "AccessDenied", "sns": "AuthorizationError"}


def authorize(call: Call) -> None:
    """Check everything that an operation needs. Raises AccessDenied(Exception), with the statement that denied."""
    if call.world.settings.auth == "off" or call.caller.kind == "service":
        return
    _check(call, actions.required(call.service, call.operation, call.request, situation(call)))


def standing(call: Call) -> bool:
    """Whether a call is allowed by its caller, actions and resources alone, whatever else is in the request.

    It is then allowed for as long as no policy changes. Where it is not, nothing is noted: the call decides.
    """
    if call.world.settings.auth == "off" or call.caller.kind == "service":
        return True
    needs = actions.required(call.service, call.operation, call.request, situation(call))
    if not all(decision.allowed and not need.context.asked for need, decision, _, _ in _decisions(call, needs)):
        return False
    for need in needs:
        call.world.providers.accessed(call.caller, need.action, need.resource)
    return True


def allowed(call: Call, action: str, resource: str) -> bool:
    """Whether the caller may do one more thing: for operations whose needs show only while they run."""
    try:
        check(call, action, resource)
    except ServiceError:
        return False
    return True


def permits(call: Call, action: str, resource: str) -> bool:
    """The same, where nobody asked: it is noted neither as done nor as denied."""
    if call.world.settings.auth == "off" or call.caller.kind == "service":
        return True
    needs = [actions.need(action, resource, situation(call))]
    return all(decision.allowed for _, decision, _, _ in _decisions(call, needs))


def check(call: Call, action: str, resource: str, extra: Mapping[str, str] | None = None) -> None:
    """Raise AccessDenied(Exception) unless the caller may do `action` on `resource`."""
    if call.world.settings.auth == "off" or call.caller.kind == "service":
        return
    _check(call, [actions.need(action, resource, situation(call, extra or {}))])


def pass_role(call: Call, role_arn: str, *, to: str) -> None:
    """Check that a role exists, trusts the service `to`, and may be passed to it by the caller.

    Raises ValidationException in SageMaker's words, or AccessDenied for iam:PassRole. Source: IAM user guide,
    "Granting a user permissions to pass a role to an AWS service".
    """
    arn = parse_arn(role_arn)
    trust = call.world.providers.trust(role_arn)
    if trust is not None:
        policy = Policy("trust policy", document(trust, "trust"))
        principal = service_caller(to, arn.account)
        asked = Request(principal, "sts:AssumeRole", role_arn, {})
        trust = trust if resource_based(asked, [policy], Scope.TRUST).allowed else None
    if trust is None or arn.account != call.account:
        raise validation_error(
            f"Could not assume role {role_arn}. Please ensure that the role exists and allows principal '{to}' to "
            "assume the role."
        )
    check(call, "iam:PassRole", role_arn, {"iam:passedtoservice": to})


def situation(call: Call, extra: Mapping[str, str] | None = None) -> Situation:
    """What condition keys may tell of a call."""
    return Situation(
        caller=call.caller,
        account=call.account,
        region=call.region,
        now=call.clock.wall(),
        source_ip=call.source_ip,
        user_agent=call.user_agent,
        referer=(call.http.headers.get("referer") or "") if call.http is not None else "",
        secure=call.http is not None and call.http.scheme == "https",
        resolve=call.world.providers.entity_arn,
        tags=partial(_tags, call),
        stored=partial(_stored, call),
        extra=extra or {},
    )


def _tags(call: Call, arn: str, version: str | None) -> Mapping[str, str] | None:
    own = call.world.providers.tags.get(arn.partition("arn:aws:")[2].partition(":")[0])
    if own is not None:
        return own(arn, version)
    found = documents.by_arn(call.db.read(), arn)
    return found.tags if found else None


def _stored(call: Call, arn: str) -> Mapping[str, Any] | None:
    found = documents.by_arn(call.db.read(), arn)
    return found.description() if found else None


def _decisions(call: Call, needs: list[Need]) -> Iterator[tuple[Need, Decision, Request, Callable[[], Trace]]]:
    """The decision on each need, and how it came about."""
    if not needs:
        return
    policies = call.world.providers.policies(call.caller)
    identity = _compiled(policies.identity)
    session = None if policies.session is None else _compiled(policies.session)
    boundary = _compile(policies.boundary) if policies.boundary else None
    for need in needs:
        asked = Request(call.caller, need.action, need.resource, need.context)
        attached = call.world.providers.resource_policies.get(need.action.partition(":")[0])
        policy = attached(need.resource) if attached else None
        resource = [_compile(policy, "resource")] if policy else ()
        explain = partial(trace, asked, identity, resource, boundary, session)
        yield need, evaluate(asked, identity, resource, boundary, session), asked, explain


def _check(call: Call, needs: list[Need]) -> None:
    for need, decision, asked, explain in _decisions(call, needs):
        call.checked.append((need.action, need.resource, decision.allowed))
        if decision.allowed:
            call.world.providers.accessed(call.caller, need.action, need.resource)
        else:
            call.world.providers.denied(call, asked, explain)
            xml = _DENIED_BY_XML.get(call.service)
            raise ServiceError(xml or "AccessDeniedException", decision.sentence(asked), 403 if xml else 400)


def _compiled(policies: tuple[NamedPolicy, ...]) -> list[Policy]:
    return [_compile(policy) for policy in policies]


def _compile(policy: NamedPolicy, kind: str = "identity") -> Policy:
    return Policy(policy.name, document(policy.document, kind))  # type: ignore[arg-type]
