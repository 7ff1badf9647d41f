"""What `control` needs from rooms, as small interfaces that the rooms fill in at start.

`control` knows no room: the iam and sts rooms bring credentials and policies, the s3 room bucket policies.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from salvia.core.caller import Caller
from salvia.core.http import HttpResponse
from salvia.store.db import Reader
from salvia.store.documents import Document
from salvia.store.events import Subscriber

from .policy import Request, Trace

if TYPE_CHECKING:
    from .call import Call, Forwarder


@dataclass(frozen=True, slots=True)
class Key:
    """An access key that exists. `expires_at` is wall time, for session keys."""

    secret: str = field(repr=False)
    caller: Caller
    session_token: str | None = field(default=None, repr=False)
    expires_at: float | None = None


@dataclass(frozen=True, slots=True)
class NamedPolicy:
    """A policy document and what a denial calls it: an ARN, or `inline policy NAME`; `holder` is whom it hangs on."""

    name: str
    document: str
    holder: str = ""


@dataclass(frozen=True, slots=True)
class PolicySet:
    """Everything that limits one principal; `boundary` and `session` are None where there is none."""

    identity: tuple[NamedPolicy, ...] = ()
    boundary: NamedPolicy | None = None
    session: tuple[NamedPolicy, ...] | None = None


@dataclass(frozen=True, slots=True)
class SignIn:
    """Who signs in, or the sentence that says why nobody does; `change`: with a new password along, somebody would."""

    caller: Caller | None = None
    why: str = ""
    change: bool = False


@dataclass(frozen=True, slots=True)
class RoleCredentials:
    """Temporary credentials of a role. `expires_at` is wall time."""

    access_key: str
    secret: str = field(repr=False)
    session_token: str = field(repr=False)
    expires_at: float


@dataclass(frozen=True, slots=True)
class Curve:
    """A metric, and which statistic of its data: Average, Sum, Minimum, Maximum or SampleCount."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    stat: str


@dataclass(frozen=True, slots=True)
class Points:
    """Those of a curve that are shown, in the order of time, and of how many."""

    at: list[float]
    values: list[float]
    count: int


def _nobody(*_: Any) -> Any:
    raise RuntimeError("No room has filled in this provider.")


@dataclass
class Providers:
    """`key(access_key)`, `policies(caller)`, `trust(role_arn)` read inline, by index.

    `entity_arn(kind, account, name)` is the ARN, path included, of a user, group, role or policy.
    `role_credentials(role_arn, session_name, seconds, owner)` issues credentials to a job, a document's id; the trust
    policy was checked when it was accepted. `sign_in(account, name, password, new="")` tells whose a name and a
    password are, who may choose a `new` one with it; whoever does not know the password learns nothing, not even from
    how long it takes. `used(caller, service, region)` notes that a key was used; it returns at once.
    `accessed(caller, action, resource)` notes what was allowed, `denied(call, request, trace)` why something was not;
    `settled()` returns when this process's notes are written.
    `curve(account, region, curve, since, until, most)` is a metric between two moments, in so many points at most.
    `trails(db)` are those that may want events delivered.
    `resource_policies[service](arn)` is the policy attached to a resource, or None; `tags[service](arn, version)` its
    tags, for services whose resources are not all documents. `alarm_actions[service](action, alarm)` does what an alarm
    is to do in its new state; `action` is an ARN of that service. `pages[path]()` is what a path
    of our own, below `/_`, shows to everybody. `elsewhere(call)` sends a call on to another
    server; None: it is handled here.
    """

    key: Callable[[str], Key | None] = _nobody
    policies: Callable[[Caller], PolicySet] = _nobody
    trust: Callable[[str], str | None] = _nobody
    entity_arn: Callable[[str, str, str], str | None] = _nobody
    role_credentials: Callable[[str, str, int, str], Awaitable[RoleCredentials]] = _nobody
    sign_in: Callable[..., Awaitable[SignIn]] = _nobody
    used: Callable[[Caller, str, str], None] = lambda caller, service, region: None
    accessed: Callable[[Caller, str, str], None] = lambda caller, action, resource: None
    denied: Callable[[Call, Request, Callable[[], Trace]], None] = lambda call, request, trace: None
    settled: Callable[[], Awaitable[None]] = _nobody
    curve: Callable[[str, str, Curve, float, float, int], Awaitable[Points]] = _nobody
    trails: Callable[[Reader], Sequence[Subscriber]] = lambda db: ()
    pages: dict[str, Callable[[], Awaitable[HttpResponse]]] = field(default_factory=dict)
    elsewhere: Callable[[Call], Forwarder | None] = lambda call: None
    resource_policies: dict[str, Callable[[str], NamedPolicy | None]] = field(default_factory=dict)
    tags: dict[str, Callable[[str, str | None], Mapping[str, str] | None]] = field(default_factory=dict)
    alarm_actions: dict[str, Callable[[str, Document], Awaitable[None]]] = field(default_factory=dict)
