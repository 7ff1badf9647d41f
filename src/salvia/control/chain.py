"""What happens to a request, in order.

    route ─▶ authenticate ─▶ parse ─▶ validate ─▶ authorize ─▶ dispatch ─▶ serialize ─▶ audit

Each step is one call in `serve`. Whatever a step raises becomes AWS's error in the request's own protocol; what is
not a ServiceError is our fault, is logged, and is answered as InternalFailure without its details.

A request of Studio comes with its session's `Identity`, which stands in the signature's stead, and in JSON that names
the model's members, whatever the service's own protocol; from then on it is a request like any other.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from functools import partial
from typing import Any

from salvia import protocol
from salvia.core import chunked, ids
from salvia.core.authorization import Authorization, read_authorization
from salvia.core.errors import ServiceError
from salvia.core.http import HttpRequest, HttpResponse
from salvia.store.db import Transaction, carrying

from . import audit
from .authenticate import Identity, authenticate
from .authorize import authorize
from .call import Call, Forwarder, Reply
from .waiting import held
from .world import World

_log = logging.getLogger("salvia.gateway")
_LONGEST_BODY = 16 * 1024 * 1024  # of what is not streamed; the largest that AWS takes is Lambda's 50 MB upload

LONGEST_STREAM = 16 * 1024 * 1024  # of a member that streams at AWS, and is text in base64 here
LONGEST_MEMBERS = LONGEST_STREAM * 4 // 3 + 256 * 1024
_WITHOUT_REGIONS, _GLOBAL = ("iam", "ce"), "us-east-1"  # source: AWS general reference, "Service endpoints and quotas"

DOMAINS = ("localhost",)  # below which a host's first labels name a bucket
_INLINE = 64 * 1024  # longer bodies, or those that unpack, are parsed on a thread: the largest take a tenth of a second


async def handle(
    request: HttpRequest,
    world: World,
    along: Callable[[Transaction], None] | None = None,
    session: Identity | None = None,
) -> HttpResponse:
    """Answer one request, of Studio's `session` where there is one. What it writes here and `along` become durable
    together.
    """
    exchange = _Exchange(request, ids.request_id(), world, along, session)
    try:
        return await exchange.serve()
    except ServiceError as refused:
        error = refused
    except Exception as failure:
        error = exchange.failed(failure)
    try:
        await exchange.record(None, error)
    except Exception as failure:
        error = exchange.failed(failure)
    return exchange.refuse(error)


class _Exchange:
    """One request on its way; holds what an error's answer needs to know."""

    def __init__(
        self,
        request: HttpRequest,
        request_id: str,
        world: World,
        along: Callable[[Transaction], None] | None,
        session: Identity | None,
    ) -> None:
        self.request = request
        self.request_id = request_id
        self.world = world
        self.along = along
        self.session = session
        self.claim: Authorization | None = None
        self.route: protocol.Route | None = None
        self.call: Call | None = None
        self.draft: audit.Draft | None = None

    async def serve(self) -> HttpResponse:
        request = self.request
        route, identity = await (self.enter() if self.session is None else self.enter_by_session(self.session))
        claim = self.claim
        self.call = call = self._call(route, identity)
        self.world.providers.used(identity.caller, route.service, identity.region)
        if route.streams:
            request.stream = call.stream = _proved(request, claim, identity)
        if len(request.body) > _INLINE or "content-encoding" in request.headers:
            await asyncio.to_thread(_understand, call, route, request)
        else:
            _understand(call, route, request)
        self.draft = audit.draft(call, route.model, valid=True)
        handler = self.world.dispatch.handler(route.service, route.operation)
        authorize(call)
        forward = self.world.providers.elsewhere(call)
        if forward is not None and self.session is None:
            response = await forward(call)
            await self.record(None, None)
            return response
        if forward is not None:
            reply = await _understood(forward, call, route)
        else:
            with audit.riding(self.draft), carrying(self.along):
                result = await held(call, handler)
            reply = result if isinstance(result, Reply) else Reply(result)
        if self.session is not None:
            reply = Reply({name: await _whole(name, value) for name, value in reply.result.items()})
        write = partial(protocol.serialize, status=reply.status, headers=reply.headers)
        if self.session is not None and any(len(v) > _INLINE for v in reply.result.values() if isinstance(v, bytes)):
            response = await asyncio.to_thread(write, route, reply.result, self.request_id)
        else:
            response = write(route, reply.result, self.request_id)
        await self.record(reply.result, None)
        return response

    async def enter(self) -> tuple[protocol.Route, Identity]:
        """What a request is for, and who its signature proves to make it."""
        request = self.request
        if len(request.headers.all("host")) > 1:
            # One would be signed and another name the bucket. Source: RFC 9112, section 3.2.
            raise ServiceError("InvalidRequest", "A request has one Host header.", 400)
        self.claim = claim = read_authorization(request)
        scope = claim.service if claim else None
        if scope != "s3" and (scope is not None or _is_form_or_target(request)):
            request.body = await whole_body(request, _LONGEST_BODY)
        self.route = route = protocol.route(request, scope, domains=DOMAINS)
        if not route.streams and request.stream is not None:
            request.body = await whole_body(request, _LONGEST_BODY)
        return route, authenticate(request, claim, self.world, protocol.bucket_of(request.host, DOMAINS))

    async def enter_by_session(self, session: Identity) -> tuple[protocol.Route, Identity]:
        """What a request of Studio is for; services that have no regions are in the first one."""
        request = self.request
        self.route = route = protocol.named(request.headers.get("x-amz-target") or "")
        request.body = await whole_body(request, LONGEST_MEMBERS)
        return route, replace(session, region=_GLOBAL) if route.service in _WITHOUT_REGIONS else session

    async def record(self, result: dict[str, Any] | None, error: ServiceError | None) -> None:
        """Leave the event of an exchange whose operation is known, before it is answered."""
        if self.draft is None and self.route is not None and error is not None:
            if self.call is None and self.claim is not None and self.route.service != "s3":
                # S3 records no request whose credentials are not valid. Source: S3 user guide, "CloudTrail events".
                self.call = self._call(self.route, Identity(audit.unproved(self.claim.access_key), self.claim.region))
            if self.call is not None:
                self.draft = audit.draft(self.call, self.route.model, valid=False)
        if self.draft is not None:
            await audit.finish(self.draft, result, error)

    def failed(self, failure: Exception) -> ServiceError:
        """The error that stands for a fault of ours, which the log tells."""
        if type(failure).__name__ == "ClientGone":
            raise failure
        extra = {"event": "internal-failure", "request_id": self.request_id}
        _log.error("internal failure", extra=extra, exc_info=failure)
        return ServiceError("InternalFailure", f"An internal error occurred. Its request id is {self.request_id}.", 500)

    def _call(self, route: protocol.Route, identity: Identity) -> Call:
        known = identity.caller.kind != "anonymous"
        account = identity.caller.account if known else self.world.settings.account
        return Call(
            service=route.service,
            operation=route.operation,
            request={},
            caller=identity.caller,
            account=account,
            region=identity.region,
            request_id=self.request_id,
            world=self.world,
            http=self.request,
            members=self.session is not None,
            source_ip=self.request.client,
            user_agent=self.request.headers.get("user-agent") or "",
        )

    def refuse(self, error: ServiceError) -> HttpResponse:
        """The error, spelled in the protocol of the request."""
        scope = self.claim.service if self.claim else None
        return protocol.serialize_error(
            error,
            self.request,
            self.request_id,
            route=self.route,
            scope_service=scope,
            members=self.session is not None,
        )


def _proved(request: HttpRequest, claim: Authorization | None, identity: Identity) -> chunked.Body:
    """A streamed body, proved as it flows. With `--auth off` there is no seed to prove its chunks from."""
    if identity.seed is None and claim is not None and (claim.payload or "").startswith("STREAMING-AWS4"):
        claim = claim._replace(payload="STREAMING-UNSIGNED-PAYLOAD-TRAILER")
    return chunked.body(request, claim, identity.seed, compute=("MD5",))


def _understand(call: Call, route: protocol.Route, request: HttpRequest) -> None:
    call.request = protocol.parse(route, request)
    protocol.validate(route.model, call.request)


async def _understood(forward: Forwarder, call: Call, route: protocol.Route) -> Reply:
    """What another server answers to a request of Studio, which it is sent in the service's own protocol."""
    call.http = protocol.sent(route.model, call.request)
    response = await forward(call)
    response.body = await _whole("The answer", response.body)
    return Reply(protocol.understood(route.model, response))


async def _whole(name: str, value: Any) -> Any:
    """A member, in bytes where it streams. Raises RequestEntityTooLarge for what is no answer in JSON."""
    if not isinstance(value, AsyncIterator):
        return value
    parts, size = [], 0
    async for chunk in value:
        size += len(chunk)
        if size > LONGEST_STREAM:
            raise ServiceError(
                "RequestEntityTooLargeException",
                f"{name} has more than {LONGEST_STREAM} bytes, the most that is answered in JSON. Ask for a Range.",
                413,
            )
        parts.append(chunk)
    return b"".join(parts)


async def whole_body(request: HttpRequest, limit: int) -> bytes:
    """Read a body that is not streamed. Raises RequestEntityTooLarge over `limit` bytes."""
    if request.stream is None:
        return request.body
    length = request.headers.get("content-length")
    too_large = ServiceError("RequestEntityTooLargeException", f"The request is larger than {limit} bytes.", 413)
    if length is not None and length.isdigit() and int(length) > limit:
        raise too_large
    parts: list[bytes] = []
    size = 0
    async for chunk in request.stream:
        size += len(chunk)
        if size > limit:
            raise too_large
        parts.append(chunk)
    request.stream = None
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _is_form_or_target(request: HttpRequest) -> bool:
    content_type = request.headers.get("content-type") or ""
    return "x-amz-target" in request.headers or content_type.startswith("application/x-www-form-urlencoded")
