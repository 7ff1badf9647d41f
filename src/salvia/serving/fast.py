"""InvokeEndpoint without ASGI: the same steps as `control.chain` for what is plain, and nothing but these steps.

::

    bytes ─▶ head, plain? ─▶ body ─▶ permit ─▶ proof ─▶ parse, validate ─▶ Invocation ─▶ bytes
                 │                      │        │             │
                 └───────── no ─────────┴────────┴─────────────┴─▶ uvicorn ─▶ chain

Whatever is refused, recorded or in any way peculiar is handed over whole, before anything was done about it: the chain
answers. What remains is an invocation that is allowed by its caller and its endpoint alone, of an endpoint that is
there, of which no trail wants to know.
"""

from __future__ import annotations

import logging
import time
from functools import lru_cache
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from salvia import protocol
from salvia.control.world import World
from salvia.core import ids
from salvia.core.errors import ServiceError
from salvia.core.http import Headers, HttpRequest, HttpResponse
from salvia.protocol.models import operation
from salvia.protocol.proxy.connection import Connection
from salvia.protocol.proxy.door import Proxy
from salvia.protocol.proxy.tunnel import Tunnel

from . import relay, sites
from .forward import Forwarded, invocation
from .head import Head, Reader
from .invocation import Answer, Invocation
from .permit import OPERATION, SERVICE, permit
from .traffic import Traffic
from .wire import LARGEST, How, Wire

_log = logging.getLogger("salvia.serving")
_LONGEST_HEAD = 4096
_NOTED = 60.0  # seconds between notes that a key is used
_BEGINS = b"POST /endpoints/"


class FastConnection(Connection):
    """A connection to the gateway's port.

    `_exchange` is the invocation that it is busy with; what comes meanwhile is kept in `_kept`. Else everything goes
    to uvicorn; between two messages of its, an invocation may begin.
    """

    def __init__(self, world: World, proxy: Proxy, **uvicorns: Any) -> None:
        super().__init__(proxy, **uvicorns)
        self._world = world
        self._traffic = world.part(Traffic)
        self._heads = Reader()
        self._between = True
        self._exchange: _Exchange | None = None
        self._kept: bytes | bytearray = b""
        self._ending = False
        self._active = 0.0  # when it was last answered, other than through uvicorn

    def data_received(self, data: bytes) -> None:
        if self._exchange is not None:
            if not isinstance(self._kept, bytearray):
                self._kept = bytearray(self._kept)
            self._kept += data
            if not self._exchange.started:
                self._exchange.go_on(self._kept)
            elif len(self._kept) > _LONGEST_HEAD:
                self.flow.pause_reading()
        elif data.startswith(_BEGINS) and self._idle() and (exchange := self._begun(data)) is not None:
            self._exchange = exchange
            self._kept = data
            exchange.go_on(data)
        else:
            super().data_received(data)

    def _idle(self) -> bool:
        return (
            self._between
            and self.transport is not None
            and not self.flow.write_paused
            and (self.cycle is None or self.cycle.response_complete)
            and self._world.db.inline
        )

    def _begun(self, data: bytes) -> _Exchange | None:
        end = data.find(b"\r\n\r\n", 0, _LONGEST_HEAD)
        head = self._heads.read(data[:end]) if end > 0 else None
        return _Exchange(self, head, end + 4) if head is not None and head.length <= LARGEST else None

    def give_up(self) -> None:
        """Let uvicorn have what was not understood, as if it came only now."""
        kept, self._kept, self._exchange = self._kept, b"", None
        super().data_received(bytes(kept))

    def answered(self, response: bytes, length: int) -> None:
        """Send the answer to the `length` bytes of a message; go on with what came after them."""
        kept, self._kept = self._kept[length:], b""
        if self.transport.is_closing():
            self._exchange = None
            return
        self.transport.write(response)
        if self._ending:
            self.transport.close()
            return
        if kept:  # by and by: a client may have sent more than a stack can hold
            self._kept = kept
            self.loop.call_soon(self._next)
        else:
            self._exchange = None
        self.server_state.total_requests += 1
        self.flow.resume_reading()
        self._active = time.monotonic()
        if self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_handler()

    def _next(self) -> None:
        kept, self._kept, self._exchange = self._kept, b"", None
        if not self.transport.is_closing():
            self.data_received(bytes(kept))

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that nobody uses; invocations, being many, do not each set and cancel a timer."""
        left = self._active + self.timeout_keep_alive - time.monotonic()
        if self._exchange is None and left <= 0:
            super().timeout_keep_alive_handler()
        else:
            again = self.timeout_keep_alive if self._exchange is not None else left
            self.timeout_keep_alive_task = self.loop.call_later(again, self.timeout_keep_alive_handler)

    def shutdown(self) -> None:
        if self._exchange is not None and self._exchange.started:
            self._ending = True
        else:
            super().shutdown()

    def on_message_begin(self) -> None:
        self._between = False
        super().on_message_begin()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._between = True

    def _should_upgrade(self) -> bool:
        return super()._should_upgrade() or self._site() is not None

    def handle_websocket_upgrade(self) -> None:
        name = self._site()
        if self._asked or name is None:
            super().handle_websocket_upgrade()
        else:
            self._become(self._visit(name))

    def _site(self) -> str | None:
        """The site to whose server the request at hand wants to speak WebSocket."""
        if "host" in self.app_state:
            return None
        headers = dict(self.headers)
        if headers.get(b"upgrade", b"").lower() != b"websocket":
            return None
        return sites.label(headers.get(b"host", b"").decode("latin-1"), self._world.settings.studio_domain)

    async def _visit(self, name: str) -> None:
        """Be a WebSocket to a site's server."""
        path, _, query = self.url.decode("latin-1").partition("?")
        headers = Headers((key.decode("latin-1"), value.decode("latin-1")) for key, value in self.headers)
        client = self.client[0] if self.client else ""
        request = HttpRequest(self.scope["method"], path, query, headers, scheme=self.scheme or "http", client=client)
        try:
            if self.cycle is not None and not self.cycle.response_complete:
                raise ConnectionError("a request is under way")
            found = await relay.shake(self._world, name, request)
        except Exception:
            _log.exception("no websocket", extra={"event": "site-failed"})
            self.transport.abort()
            return
        if self.transport.is_closing():
            if not isinstance(found, HttpResponse):
                found.transport.abort()
        elif isinstance(found, HttpResponse):
            assert isinstance(found.body, bytes)
            headers_sent = [*found.headers, ("content-length", str(len(found.body))), ("connection", "close")]
            lines = "".join(f"{key}: {value}\r\n" for key, value in headers_sent)
            self.transport.write(STATUS_LINE[found.status] + lines.encode("latin-1") + b"\r\n" + found.body)
            self.transport.close()
        else:
            self._join(found)

    def _join(self, found: relay.Shaken) -> None:
        tunnel = Tunnel(self.connections)
        tunnel.near.connection_made(self.transport)
        tunnel.far.connection_made(found.transport)
        self.transport.set_protocol(tunnel.near)
        found.transport.set_protocol(tunnel.far)
        tunnel.far.data_received(found.said)
        self.loop.call_later(max(0.0, found.left), tunnel.shutdown)
        found.transport.resume_reading()
        self.transport.resume_reading()

    def _like(self, **uvicorns: Any) -> Connection:
        return FastConnection(self._world, self._proxy, **uvicorns)


class _Exchange:
    """One invocation on one connection: an Invocation's client."""

    __slots__ = ("_began", "_connection", "_head", "_offset", "started")

    def __init__(self, connection: FastConnection, head: Head, offset: int) -> None:
        self._began = time.monotonic()
        self.started = False
        self._connection = connection
        self._head = head
        self._offset = offset

    def go_on(self, kept: bytes | bytearray) -> None:
        """Start as soon as the body is whole."""
        whole = self._offset + self._head.length
        if len(kept) < whole:
            return
        asked = self._invocation(bytes(kept[self._offset : whole]))
        if asked is None:
            self._connection.give_up()
        else:
            self.started = True
            asked.start()

    def _invocation(self, body: bytes) -> Invocation | Forwarded | None:
        """The request, permitted, proved and valid; None: it is not, or more is to be done about it."""
        world, head = self._connection._world, self._head
        now = world.clock.wall()
        try:
            found = permit(world, head)
            if found is None or not found.covers(head, body, now):
                return None
            members = _plain(head, body) or _members(head, body)
            asked = invocation(self._connection._traffic, found.endpoint, members, self, self._began)
        except ServiceError:
            return None
        except Exception:  # the chain has words for it, or does better
            _log.exception("not invoked the fast way", extra={"event": "fast-failed"})
            return None
        if now - found.noted > _NOTED:
            found.noted = now
            world.providers.used(found.caller, SERVICE, found.region)
        return asked

    def begun(self, answer: Answer, wire: Wire) -> bool:
        return False

    def piece(self, data: bytes) -> None:
        raise AssertionError("Nobody asked for pieces.")

    def done(self, answer: Answer) -> None:
        self._send(_good(answer.variant.name, *answer.headers.items()), ids.request_id(), answer.body)

    def failed(self, error: ServiceError, how: How | None) -> None:
        request_id = ids.request_id()
        response = protocol.serialize_error(error, _request(self._head, b""), request_id, route=_route(self._head))
        assert isinstance(response.body, bytes)
        self._send(_lines(response), request_id, response.body)

    def _send(self, lines: bytes, request_id: str, body: bytes) -> None:
        connection = self._connection
        lines %= (
            _default(*connection.server_state.default_headers),
            request_id.encode(),
            len(body),
            b"connection: close\r\n" if connection._ending else b"",
        )
        connection.answered(lines + body, self._offset + self._head.length)


def _plain(head: Head, body: bytes) -> dict[str, Any] | None:
    """The members of a request that has but a body and its types; None for any other, or one that may not be valid."""
    shape = head.shape
    return {**shape.members, "Body": body} if body and not shape.more else None


def _members(head: Head, body: bytes) -> dict[str, Any]:
    """The members of any request. Raises ValidationError."""
    route = _route(head)
    members = protocol.parse(route, _request(head, body))
    protocol.validate(route.model, members)
    return members


def _request(head: Head, body: bytes) -> HttpRequest:
    headers = Headers([(name.decode(), value.decode()) for name, value in head.shape.fields.items()])
    return HttpRequest("POST", head.shape.path.decode(), "", headers, body)


def _route(head: Head) -> protocol.Route:
    return protocol.Route(
        SERVICE, OPERATION, operation(SERVICE, OPERATION), "rest-json", {"EndpointName": head.shape.name}
    )


@lru_cache(maxsize=256)
def _good(variant: str, *headers: tuple[bytes, bytes]) -> bytes:
    """The head of a good answer, to be filled in, as the chain's serialiser writes it."""
    route = protocol.Route(SERVICE, OPERATION, operation(SERVICE, OPERATION), "rest-json")
    members = Answer.members_of(variant, dict(headers))
    return _lines(protocol.serialize(route, {"Body": b"", **members}, ""))


@lru_cache(maxsize=4)
def _default(*headers: tuple[bytes, bytes]) -> bytes:
    return b"".join([b"%b: %b\r\n" % pair for pair in headers])


def _lines(response: HttpResponse) -> bytes:
    """A head, with places for what every answer has for itself."""
    filled = {"x-amzn-requestid": b"%b", "content-length": b"%d"}
    lines = [STATUS_LINE[response.status].replace(b"%", b"%%"), b"%b"]
    for name, value in response.headers:
        name = name.lower()
        place = filled.get(name)
        lines.append(b"%b: %b\r\n" % (name.encode(), place or value.encode("latin-1").replace(b"%", b"%%")))
    return b"".join([*lines, b"%b\r\n"])
