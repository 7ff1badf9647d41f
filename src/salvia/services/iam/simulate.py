"""What policies would decide, without doing it. Source: IAM API reference, SimulatePrincipalPolicy,
SimulateCustomPolicy, GetContextKeysForPrincipalPolicy, GetContextKeysForCustomPolicy; IAM user guide, "IAM policy
testing with the IAM policy simulator".

A simulated request knows what its ContextEntries say and who its caller is, and nothing else: whatever more a policy
asks for is listed under MissingContextValues.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from salvia.control.actions import arn_format
from salvia.control.call import Call, operation
from salvia.control.policy import Look, Policy, Request, Scope, Trace, document, positions, trace
from salvia.control.policy.trace import keys, missing
from salvia.control.providers import NamedPolicy
from salvia.core.caller import Caller
from salvia.core.errors import ServiceError
from salvia.store import documents
from salvia.store.db import Reader

from .entities import GROUP, ROLE, USER, no_such_entity, page
from .provided import of_entity

_ACTION = re.compile(r"[A-Za-z0-9-]+:[A-Za-z0-9_-]+")
_OWNER = re.compile(r"(?:arn:aws:iam::)?(\d{12})(?::root)?")
# What AWS knows and Salvia has not: organizations, and scenarios of Amazon EC2.
_UNSUPPORTED = ("OrderedOrganizationPolicyInputList", "PolicyExclusionList", "ResourceHandlingOption")
_SEVERITY = ("allowed", "implicitDeny", "explicitDeny")


def _invalid(sentence: str) -> ServiceError:
    return ServiceError("InvalidInput", sentence)


@dataclass(slots=True)
class _Simulation:
    """Who asks, and under which policies."""

    caller: Caller
    identity: list[Policy] = field(default_factory=list)
    boundary: Policy | None = None
    resource: list[Policy] = field(default_factory=list)
    owner: str | None = None
    entries: dict[str, str | list[str]] = field(default_factory=dict)

    def trace(self, action: str, resource: str) -> tuple[Trace, list[str], str]:
        """The decision on one action and one resource, the context keys that were missing, the resource's owner."""
        parts = resource.split(":", 5)
        account = (parts[4] if len(parts) == 6 else "") or self.owner or self.caller.account
        context = _Context(self.entries, self.caller, account)
        asked = Request(self.caller, action, resource, context, account)
        found = trace(asked, self.identity, self.resource, self.boundary)
        return found, missing(found.looks, context), account


class _Context:
    """A simulated request's keys: those given, and those that follow from its caller."""

    def __init__(self, entries: Mapping[str, str | list[str]], caller: Caller, account: str) -> None:
        known = {"aws:principalaccount": caller.account, "aws:resourceaccount": account, **caller.context}
        if caller.entity:
            known |= {"aws:principalarn": caller.entity, "aws:userid": caller.user_id}
        if caller.kind == "user" and ":user/" in caller.entity:
            known["aws:username"] = caller.entity.rpartition("/")[2]
        self._keys: dict[str, str | list[str]] = {**known, **entries}

    def get(self, key: str, /) -> str | Sequence[str] | None:
        return self._keys.get(key)


def _caller(db: Reader, arn: str) -> Caller:
    """The user, group or role of that ARN as a caller; one that does not exist may be simulated all the same."""
    account = (arn.split(":", 5) + [""] * 5)[4]
    found = documents.by_arn(db, arn)
    tags = {f"aws:principaltag/{name.lower()}": value for name, value in found.tags.items()} if found else {}
    if ":role/" in arn:
        session = f"arn:aws:sts::{account}:assumed-role/{arn.rpartition('/')[2]}/simulated"
        user_id = f"{found.spec['RoleId']}:simulated" if found else ""
        return Caller("assumed-role", account, session, user_id, arn, context=tags)
    if not re.fullmatch(r"arn:aws:iam::\d{12}:(?:user|group)/.+", arn):
        raise _invalid(f"Invalid Entity Arn: {arn} does not clearly define entity type and name.")
    user_id = found.spec.get("UserId", found.spec.get("GroupId", "")) if found else ""
    return Caller("user", account, arn, user_id, arn, context=tags)


def _source(call: Call) -> tuple[list[NamedPolicy], NamedPolicy | None]:
    """The policies of the entity that a request names. Raises NoSuchEntity."""
    db, arn = call.db.read(), call.request["PolicySourceArn"]
    found = documents.by_arn(db, arn)
    if found is None or found.kind not in {USER.kind, GROUP.kind, ROLE.kind} or found.account != call.account:
        raise no_such_entity(f"The entity {arn} cannot be found.")
    return of_entity(db, arn)


def _named(policy: NamedPolicy) -> Policy:
    """A policy under the name that the simulator gives it: `role_NAME_POLICY` of inline ones."""
    if policy.name.startswith("arn:"):
        return Policy(policy.name.rpartition("/")[2], document(policy.document))
    kind, _, path = policy.holder.rpartition(":")[2].partition("/")
    name = policy.name.removeprefix("inline policy ").partition(" of group ")[0]
    return Policy(f"{kind}_{path.rpartition('/')[2]}_{name}", document(policy.document))


def _inputs(request: Mapping[str, Any], member: str) -> list[Policy]:
    texts = request.get(member, ())
    return [Policy(f"{member}.{n}", document(text, code="InvalidInput")) for n, text in enumerate(texts, 1)]


def _entries(request: Mapping[str, Any]) -> dict[str, str | list[str]]:
    found: dict[str, str | list[str]] = {}
    for entry in request.get("ContextEntries", ()):
        name, values = entry.get("ContextKeyName", ""), entry.get("ContextKeyValues", [])
        many = entry.get("ContextKeyType", "string").endswith("List")
        if not many and len(values) != 1:
            raise _invalid(f"Context key {name} takes one value for its type; it was given {len(values)}.")
        found[name.lower()] = values if many else values[0]
    return found


def _simulation(call: Call, caller_arn: str | None, identity: list[Policy], boundary: Policy | None) -> _Simulation:
    request = call.request
    for member in _UNSUPPORTED:
        if request.get(member):
            raise _invalid(f"Salvia does not simulate {member}, and will not ignore it. Leave it out.")
    for action in request["ActionNames"]:
        if not _ACTION.fullmatch(action):
            raise _invalid(f"Invalid Action: {action}. Actions read service:Operation, without wildcards.")
    anybody = Caller("user", call.account, "", "", "")
    found = _Simulation(_caller(call.db.read(), caller_arn) if caller_arn else anybody, identity, boundary)
    bounds = _inputs(request, "PermissionsBoundaryPolicyInputList")
    if len(bounds) > 1:
        raise _invalid("A simulation takes one permissions boundary.")
    found.boundary = bounds[0] if bounds else boundary
    found.entries = _entries(request)
    if "ResourceOwner" in request:
        owner = _OWNER.fullmatch(request["ResourceOwner"])
        if owner is None:
            raise _invalid("ResourceOwner reads arn:aws:iam::ACCOUNT:root.")
        found.owner = owner[1]
    if "ResourcePolicy" in request:
        if caller_arn is None:
            raise _invalid("CallerArn is required with a ResourcePolicy: its Principal must be compared with somebody.")
        if ":role/" in caller_arn:
            raise _invalid("Simulation of resource-based policies isn't supported for IAM roles.")
        found.resource = [Policy("ResourcePolicy", document(request["ResourcePolicy"], "resource", "InvalidInput"))]
    return found


def _verdict(found: Trace) -> str:
    return "allowed" if found.decision.allowed else "explicitDeny" if found.decision.explicit else "implicitDeny"


def _alone(looks: Iterable[Look], scope: Scope) -> str:
    """What the policies of one kind say by themselves."""
    effects = {look.statement.allow for look in looks if look.scope is scope and look.matched}
    return "explicitDeny" if False in effects else "allowed" if effects else "implicitDeny"


def _matched(look: Look) -> dict[str, Any]:
    start, end = positions(look.policy.document.text)[look.statement.index]
    return {
        "SourcePolicyId": look.policy.name,
        # What AWS answers, where the model's enum would say `user` or `aws-managed`.
        "SourcePolicyType": "Resource Policy" if look.scope is Scope.RESOURCE else "IAM Policy",
        "StartPosition": {"Line": start.line, "Column": start.column},
        "EndPosition": {"Line": end.line, "Column": end.column},
    }


def _on(simulation: _Simulation, action: str, resource: str) -> dict[str, Any]:
    """The ResourceSpecificResult of one resource."""
    found, absent, account = simulation.trace(action, resource)
    result: dict[str, Any] = {
        "EvalResourceName": resource,
        "EvalResourceDecision": _verdict(found),
        "MatchedStatements": [_matched(look) for look in found.deciding],
        "MissingContextValues": absent,
    }
    if simulation.boundary is not None:
        bounded = _alone(found.looks, Scope.BOUNDARY) == "allowed"
        result["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": bounded}
    if account != simulation.caller.account:
        result["EvalDecisionDetails"] = {
            "IAM Policy": _alone(found.looks, Scope.IDENTITY),
            "Resource Policy": _alone(found.looks, Scope.RESOURCE),
        }
    return result


def _result(simulation: _Simulation, action: str, resources: Sequence[str]) -> dict[str, Any]:
    """The EvaluationResult of one action: the severest decision, and what led to it, of all its resources."""
    each = [_on(simulation, action, resource) for resource in resources]
    worst = max((one["EvalResourceDecision"] for one in each), key=_SEVERITY.index)
    matched: list[dict[str, Any]] = []
    for one in each:
        if one["EvalResourceDecision"] == worst:
            matched += [statement for statement in one["MatchedStatements"] if statement not in matched]
    result: dict[str, Any] = {
        "EvalActionName": action,
        "EvalResourceName": arn_format(action),
        "EvalDecision": worst,
        "MatchedStatements": matched,
        "MissingContextValues": list(dict.fromkeys(key for one in each for key in one["MissingContextValues"])),
    }
    if simulation.boundary is not None:
        bounded = all(one["PermissionsBoundaryDecisionDetail"]["AllowedByPermissionsBoundary"] for one in each)
        result["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": bounded}
    if resources != ["*"]:
        details = [one.get("EvalDecisionDetails", {}) for one in each]
        result["EvalDecisionDetails"] = {
            kind: max((one[kind] for one in details if one), key=_SEVERITY.index)
            for kind in next(filter(None, details), {})
        }
        result["ResourceSpecificResults"] = each
    return result


def _simulated(call: Call, simulation: _Simulation) -> dict[str, Any]:
    request = call.request
    resources = list(dict.fromkeys(request.get("ResourceArns", ["*"])))
    for resource in resources:
        if resource != "*" and resource.count(":") < 5:
            raise _invalid(f"Invalid ARN: {resource}. A resource is an ARN, or * for all of them.")
    actions = {f"{n:06}": action for n, action in enumerate(dict.fromkeys(request["ActionNames"]))}
    shown, more = page(list(actions), request, str)
    return {"EvaluationResults": [_result(simulation, actions[n], resources) for n in shown], **more}


@operation("SimulatePrincipalPolicy")
async def simulate_principal_policy(call: Call) -> dict[str, Any]:
    """Whether a user, group or role may do each action on each resource, by its policies and those given besides."""
    request = call.request
    attached, boundary = _source(call)
    identity = [_named(policy) for policy in attached] + _inputs(request, "PolicyInputList")
    caller = request.get("CallerArn", request["PolicySourceArn"])
    return _simulated(call, _simulation(call, caller, identity, _named(boundary) if boundary else None))


@operation("SimulateCustomPolicy")
async def simulate_custom_policy(call: Call) -> dict[str, Any]:
    """Whether the policies given would allow each action on each resource."""
    request = call.request
    return _simulated(call, _simulation(call, request.get("CallerArn"), _inputs(request, "PolicyInputList"), None))


def _context_keys(policies: Iterable[Policy]) -> dict[str, Any]:
    found = (key for policy in policies for statement in policy.document.statements for key in keys(statement))
    return {"ContextKeyNames": list({key.lower(): key for key in found}.values())}


@operation("GetContextKeysForPrincipalPolicy")
async def get_context_keys_for_principal_policy(call: Call) -> dict[str, Any]:
    """The context keys that the policies of a user (and of its groups), a group or a role ask for."""
    attached, _ = _source(call)
    return _context_keys([_named(policy) for policy in attached] + _inputs(call.request, "PolicyInputList"))


@operation("GetContextKeysForCustomPolicy")
async def get_context_keys_for_custom_policy(call: Call) -> dict[str, Any]:
    """The context keys that the policies given ask for."""
    return _context_keys(_inputs(call.request, "PolicyInputList"))
