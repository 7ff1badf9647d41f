"""One operation under way, and how a coroutine says that it handles one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from salvia.core.caller import Caller
from salvia.core.http import HttpRequest, HttpResponse

if TYPE_CHECKING:
    from salvia.core.chunked import Body
    from salvia.core.clock import Clock
    from salvia.store.db import Database

    from .world import World

Handler = Callable[["Call"], Awaitable["dict[str, Any] | Reply"]]
Forwarder = Callable[["Call"], Awaitable[HttpResponse]]  # of what is answered elsewhere
H = TypeVar("H", bound=Handler)


@dataclass(slots=True)
class Reply:
    """A result whose status or headers the model does not decide, as S3 answers 206 and 304."""

    result: dict[str, Any] = field(default_factory=dict)
    status: int | None = None
    headers: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class Call:
    """One operation under way. By the time a handler sees it, it is authenticated, valid and authorised.

    `request` holds the model's members; `stream` is a streamed body, proved only once it is read to its end.
    `http` is None when the service calls itself; with `members` it is Studio's, whose headers and body are not those
    of the service's own protocol. `checked` holds each (action, resource, allowed) that authorisation
    decided on, for the audit trail.
    """

    service: str
    operation: str
    request: dict[str, Any]
    caller: Caller
    account: str
    region: str
    request_id: str
    world: World
    http: HttpRequest | None = None
    stream: Body | None = None
    source_ip: str = ""
    user_agent: str = ""
    members: bool = False
    checked: list[tuple[str, str, bool]] = field(default_factory=list)

    @property
    def db(self) -> Database:
        """The database."""
        return self.world.db

    @property
    def clock(self) -> Clock:
        """Wall and virtual time."""
        return self.world.clock


def operation(name: str, *, service: str = "") -> Callable[[H], H]:
    """Mark a coroutine as the handler of an operation, of `service` or that whose folder it lives in."""

    def mark(handler: H) -> H:
        handler.__salvia_operation__ = name  # type: ignore[attr-defined]
        handler.__salvia_service__ = service  # type: ignore[attr-defined]
        return handler

    return mark
