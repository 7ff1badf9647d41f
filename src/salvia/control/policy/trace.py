"""Why a decision fell as it did: what every statement made of a request, worked out only when somebody asks.

Source: IAM user guide, "Policy evaluation logic" and "Troubleshoot access denied error messages".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .documents import Policy, Statement, written
from .evaluation import Decision, Request, Scope, evaluate
from .patterns import Context

_VARIABLE = re.compile(r"\$\{\s*([^,\s{}$*?][^,\s{}$]*)[^{}$]*\}")


@dataclass(frozen=True, slots=True)
class Look:
    """What one statement made of a request.

    `failed` is the first element that did not fit (`Action`, `Principal`, `Resource`, `Condition`), empty where all
    did; `because` says what the element has and what the request had.
    """

    scope: Scope
    policy: Policy
    statement: Statement
    failed: str = ""
    because: str = ""

    @property
    def matched(self) -> bool:
        """Whether the statement speaks of the request in all its elements."""
        return not self.failed

    def __str__(self) -> str:
        """One line of an explanation."""
        effect = "Allow" if self.statement.allow else "Deny"
        what = "matches" if self.matched else f"does not match: {self.because}"
        return f"{self.scope.value} {self.policy.name}, {self.statement.label} ({effect}) {what}"


@dataclass(frozen=True, slots=True)
class Trace:
    """A decision, and every statement that was there to be looked at."""

    decision: Decision
    looks: tuple[Look, ...]

    @property
    def deciding(self) -> list[Look]:
        """The statements that the decision rests on: what denied, or what allowed; none when nothing did."""
        if not self.decision.allowed and not self.decision.explicit:
            return []
        allow = self.decision.allowed
        scopes = (Scope.IDENTITY, Scope.RESOURCE) if allow else tuple(Scope)
        return [look for look in self.looks if look.matched and look.statement.allow is allow and look.scope in scopes]

    @property
    def near(self) -> list[Look]:
        """The statements that speak of the action and yet do not match: the likeliest mistakes."""
        return [look for look in self.looks if look.failed not in {"", "Action", "Principal"}]


def trace(
    request: Request,
    identity: Sequence[Policy],
    resource: Sequence[Policy] = (),
    boundary: Policy | None = None,
    session: Sequence[Policy] | None = None,
) -> Trace:
    """What `evaluate` decides on the same arguments, and how each statement bore on it."""
    groups = (
        (Scope.IDENTITY, identity),
        (Scope.RESOURCE, resource),
        (Scope.BOUNDARY, () if boundary is None else (boundary,)),
        (Scope.SESSION, session or ()),
    )
    looks = tuple(
        look(request, scope, policy, statement)
        for scope, policies in groups
        for policy in policies
        for statement in policy.document.statements
    )
    return Trace(evaluate(request, identity, resource, boundary, session), looks)


def look(request: Request, scope: Scope, policy: Policy, statement: Statement) -> Look:
    """What one statement makes of a request."""
    source, context = statement.source, request.context
    if not statement.concerns(request.action.lower()):
        return Look(scope, policy, statement, "Action", f"{_element(source, 'Action')}, not {request.action}")
    if not statement.grade(request.caller):
        return Look(scope, policy, statement, "Principal", f"{_element(source, 'Principal')}, not {request.caller.arn}")
    if not statement.reaches(request.resource, context):
        return Look(scope, policy, statement, "Resource", f"{_element(source, 'Resource')}, not {request.resource}")
    for (operator, key, values), holds in zip(written(source), statement.conditions, strict=True):
        if not holds(context):
            given = context.get(key.lower())
            found = "it is absent" if given is None else f"it is {_listed(given)}"
            return Look(scope, policy, statement, "Condition", f"{operator} {key} {_listed(values)}, but {found}")
    return Look(scope, policy, statement)


def _element(source: Mapping[str, Any], name: str) -> str:
    name = name if name in source else f"Not{name}"
    return f"{name} is {_listed(source[name])}"


def _listed(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{kind} {_listed(names)}" for kind, names in value.items())
    return (
        value if isinstance(value, str) else ", ".join(map(str, value)) if isinstance(value, Sequence) else str(value)
    )


def keys(statement: Statement) -> Iterator[str]:
    """The context keys that a statement asks for, as it writes them: of conditions and of policy variables."""
    source = statement.source
    for _, key, values in written(source):
        yield key
        for value in values:
            yield from _VARIABLE.findall(value)
    for element in ("Resource", "NotResource"):
        texts = source.get(element, ())
        for text in [texts] if isinstance(texts, str) else texts:
            yield from _VARIABLE.findall(text)


def missing(looks: Sequence[Look], context: Context) -> list[str]:
    """The keys that statements on the action ask for, and that the request does not have."""
    asked = [key for look in looks if look.failed not in {"Action", "Principal"} for key in keys(look.statement)]
    return [key for key in dict.fromkeys(asked) if context.get(key.lower()) is None]
