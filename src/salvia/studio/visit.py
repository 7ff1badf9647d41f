"""One request to Studio's host, checked: what a handler of `routes` gets, and what it answers with."""

from __future__ import annotations

import hmac
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import orjson

from salvia.control import chain
from salvia.control.authenticate import Identity
from salvia.control.authorize import authorize
from salvia.control.call import Call
from salvia.control.world import World
from salvia.core import ids
from salvia.core.errors import ServiceError
from salvia.core.http import Headers, HttpRequest, HttpResponse

from .sessions import Session

Answer = dict[str, Any] | HttpResponse | None
_LONGEST = 256 * 1024
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")


@dataclass(slots=True)
class Visit:
    """A request, the session that it is made in, and what its path says (`labels`).

    A handler answers with a dict, which becomes JSON; with None, which is 204; or with a response of its own. What
    it raises as a ServiceError becomes `{"__type", "message"}`.
    """

    world: World
    request: HttpRequest
    known: Session | None = None
    labels: dict[str, str] = field(default_factory=dict)

    @property
    def session(self) -> Session:
        """The session. Raises NotSignedIn where there is none."""
        if self.known is None:
            raise ServiceError("NotSignedIn", "Nobody is signed in, or not any more. Sign in.", 401)
        return self.known

    @property
    def region(self) -> str:
        """The region that the page is in, by X-Salvia-Region; an EventSource has no headers, and says it in its URL."""
        (said,) = parse_qs(self.request.query).get("region", [""])[:1]
        region = self.request.headers.get("x-salvia-region") or said or self.world.settings.region
        if not _REGION.fullmatch(region):
            raise ServiceError("ValidationException", f"'{region[:64]}' is no region. One is us-east-1.")
        return region

    @property
    def identity(self) -> Identity:
        """Who acts, and where."""
        return Identity(self.session.caller, self.region)

    @property
    def secure(self) -> bool:
        """Whether browsers come by TLS, ours or that of a proxy before us, which `--advertise` names."""
        return self.request.scheme == "https" or self.world.settings.studio.startswith("https:")

    async def json(self) -> dict[str, Any]:
        """The body. Raises SerializationException for what is no JSON object."""
        body = await chain.whole_body(self.request, _LONGEST)
        try:
            content = orjson.loads(body)
        except orjson.JSONDecodeError:
            content = None
        if not isinstance(content, dict):
            raise ServiceError("SerializationException", "The request's body is to be a JSON object.")
        return content

    def allow(self, service: str, operation: str, request: dict[str, Any]) -> Call:
        """The call that the session's principal may make: for routes that answer in another way what an operation
        answers. `request` holds the members that its permission depends on. Raises AccessDenied(Exception).
        """
        identity = self.identity
        call = Call(
            service=service,
            operation=operation,
            request=request,
            caller=identity.caller,
            account=identity.caller.account,
            region=identity.region,
            request_id=ids.request_id(),
            world=self.world,
            http=self.request,
            members=True,
            source_ip=self.request.client,
            user_agent=self.request.headers.get("user-agent") or "",
        )
        authorize(call)
        return call

    async def ask(self, target: str, request: dict[str, Any], identity: Identity | None = None) -> dict[str, Any]:
        """The answer to an operation (`sts.AssumeRole`) asked through the chain, as everybody asks it."""
        given = self.request
        headers = [("X-Amz-Target", target), ("User-Agent", given.headers.get("user-agent") or "")]
        asked = HttpRequest("POST", "/", "", Headers(headers), orjson.dumps(request), None, given.scheme, given.client)
        response = await chain.handle(asked, self.world, session=identity or self.identity)
        assert isinstance(response.body, bytes)
        answer: dict[str, Any] = orjson.loads(response.body)
        if response.status >= 400:
            raise ServiceError(answer["__type"], answer["message"], response.status)
        return answer

    def prove_origin(self) -> None:
        """Raise ForbiddenOrigin unless a page of this host makes the request."""
        headers, origin = self.request.headers, self.request.headers.get("origin")
        own = f"{'https' if self.secure else 'http'}://{self.request.host.lower()}"
        changes = self.request.method not in ("GET", "HEAD")
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none") or (
            (changes or origin is not None) and (origin or "").lower() != own
        ):
            raise ServiceError(
                "ForbiddenOrigin",
                f"This is for pages of {own}, and the request's Origin is {(origin or 'none')[:256]}. Behind a proxy "
                "that speaks TLS, start Salvia with --advertise https://….",
                403,
            )

    @property
    def proven(self) -> bool:
        """Whether the request carries the session's own token, which the page was told when it signed in."""
        given = self.request.headers.get("x-salvia-csrf") or ""
        return hmac.compare_digest(given.encode(), self.session.csrf.encode())

    def prove_page(self) -> None:
        """Raise ForbiddenOrigin for a request that changes something and does not carry the session's own token."""
        if not self.proven:
            raise ServiceError("ForbiddenOrigin", "X-Salvia-Csrf is not the session's: signing in tells it.", 403)


Handler = Callable[[Visit], Awaitable[Answer]]
