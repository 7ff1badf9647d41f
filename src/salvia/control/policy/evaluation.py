"""May this caller do this to that?

An explicit denial anywhere decides. Within an account, an identity policy or a resource policy must allow;
between accounts both must. A permissions boundary and session policies only ever take away, except from what
a resource policy gives the user or the session by its own name, or everybody.

Source: IAM user guide, "Policy evaluation logic": "How AWS enforcement code logic evaluates requests",
"Cross-account policy evaluation logic", and "Access denied error messages".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from salvia.core.caller import Caller

from .documents import Policy
from .patterns import Context
from .principals import Grade


@dataclass(slots=True)
class Request:
    """One action on one resource. `context` has its keys in lower case.

    `account` owns the resource; None: the caller's own.
    """

    caller: Caller
    action: str
    resource: str
    context: Context
    account: str | None = None


class Scope(Enum):
    """Which kind of policy decided, as AWS's sentences name it."""

    IDENTITY = "identity-based policy"
    RESOURCE = "resource-based policy"
    BOUNDARY = "permissions boundary"
    SESSION = "session policy"
    TRUST = "role trust policy"


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer, and which statement gave it: `policy` and `statement` are empty when none allowed."""

    allowed: bool
    scope: Scope | None = None
    policy: str = ""
    statement: str = ""

    @property
    def explicit(self) -> bool:
        """Whether a statement denied, rather than none allowed."""
        return not self.allowed and bool(self.policy)

    def reason(self, action: str) -> str:
        """Why not, as AWS words it; for an explicit denial with the policy and the statement."""
        if self.scope is None:
            return "because the anonymous caller was given no access"
        if self.explicit:
            article = "an" if self.scope is Scope.IDENTITY else "a"
            return f"with an explicit deny in {article} {self.scope.value} ({self.policy}, {self.statement})"
        return f"because no {self.scope.value} allows the {action} action"

    def sentence(self, request: Request) -> str:
        """AWS's sentence for a denial."""
        resource = f'"{request.resource}"' if request.action.startswith("s3:") else request.resource
        return (
            f"User: {request.caller.arn} is not authorized to perform: {request.action} "
            f"on resource: {resource} {self.reason(request.action)}"
        )


def evaluate(
    request: Request,
    identity: Sequence[Policy],
    resource: Sequence[Policy] = (),
    boundary: Policy | None = None,
    session: Sequence[Policy] | None = None,
) -> Decision:
    """Decide on `request`. `identity` are the policies of the caller's user or role, `resource` those of what
    it acts on; `session` are the session's own, None when it was given none.

    A service acting for itself, and the account's root where no resource policy denies, are allowed.
    """
    caller = request.caller
    if caller.kind == "service":
        return Decision(True)
    limit = () if boundary is None else (boundary,)
    by_resource = _weigh(request, resource, Scope.RESOURCE, bounded=boundary is not None) if resource else _NOTHING
    by_identity = _weigh(request, identity, Scope.IDENTITY)
    by_boundary = _weigh(request, limit, Scope.BOUNDARY) if limit else _NOTHING
    by_session = _weigh(request, session, Scope.SESSION) if session else _NOTHING
    for weight in (by_identity, by_resource, by_boundary, by_session):
        if weight.denial is not None:
            return weight.denial

    given = by_resource.grade
    own = request.account is None or request.account == caller.account
    if caller.kind == "anonymous":
        return _found(by_resource) if given is Grade.EVERYONE else Decision(False, Scope.RESOURCE)
    if own and (given >= Grade.EVERYONE or (given is Grade.ENTITY and caller.kind == "user")):
        return _found(by_resource)
    if not own and not given:
        return Decision(False, Scope.RESOURCE)
    enough = own and given >= Grade.ENTITY
    if not enough and not by_identity.grade and caller.kind != "root":
        return Decision(False, Scope.IDENTITY)
    if limit and not by_boundary.grade:
        return Decision(False, Scope.BOUNDARY)
    if session is not None and not by_session.grade:
        return Decision(False, Scope.SESSION)
    return _found(by_identity if by_identity.grade else by_resource)


def resource_based(request: Request, policies: Sequence[Policy], scope: Scope = Scope.TRUST) -> Decision:
    """What resource policies alone say, the caller's own left aside: does a role trust this service?

    Naming the caller's account counts: whoever asks sees to the identity policies where they matter.
    """
    weight = _weigh(request, policies, scope)
    if weight.denial is not None:
        return weight.denial
    return _found(weight) if weight.grade else Decision(False, scope)


@dataclass(frozen=True, slots=True)
class _Weight:
    """What one group of policies says: a denial, or how directly it allows, and by which statement."""

    denial: Decision | None = None
    grade: Grade = Grade.NONE
    allowance: Decision | None = None


_NOTHING = _Weight()
_ALLOWED = Decision(True)


def _found(weight: _Weight) -> Decision:
    return weight.allowance or _ALLOWED


def _weigh(request: Request, policies: Iterable[Policy], scope: Scope, *, bounded: bool = False) -> _Weight:
    """What policies say. A denial by NotPrincipal hits whoever has a permissions boundary, whomever it names.

    Source: IAM user guide, "AWS JSON policy elements: NotPrincipal".
    """
    best = Grade.NONE
    allowance: Decision | None = None
    for policy in policies:
        for statement in policy.document.concerning(request.action):
            if statement.allow and best >= Grade.ENTITY and statement.principals is None:
                break  # denials come first: nothing further can be learnt here
            others = bounded and statement.principals is not None and statement.principals.negated
            grade = Grade.EVERYONE if others else statement.grade(request.caller)
            if not grade or (statement.allow and grade <= best):
                continue
            if not statement.applies(request.resource, request.context):
                continue
            if not statement.allow:
                return _Weight(denial=Decision(False, scope, policy.name, statement.label))
            best = grade
            allowance = Decision(True, scope, policy.name, statement.label)
    return _Weight(None, best, allowance)
