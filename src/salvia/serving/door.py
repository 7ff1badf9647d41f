"""The door at which a gateway takes what others forward to it: a socket for those of its node, TLS for the rest.

Not a way into the API: there is one request (`forward`), made by a gateway that has authenticated and authorised
somebody's. It shows what only our servers know, or is refused before its body is read.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import os
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httptools
import orjson

from salvia.core.errors import ServiceError
from salvia.store import gateways
from salvia.store.gateways import Gateway

from . import errors, forward, trust
from .forward import FAILURE, INVOCATION, VARIANT
from .invocation import Answer, Invocation
from .traffic import Traffic
from .wire import LARGEST, How, Wire

if TYPE_CHECKING:
    from salvia.control.world import World

_log = logging.getLogger("salvia.serving")
_LONGEST_HEAD = 64 * 1024
_PATIENCE = 10.0  # seconds for a connection to show whose it is
_BACKLOG = 1024
_REFUSED = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_OK, _FAILED = b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 500 Failed\r\n"


class Door(asyncio.Protocol):
    """A connection from another gateway: one request at a time, whose client it is."""

    def __init__(self, traffic: Traffic, bearer: bytes, present: set[Door]) -> None:
        self._traffic = traffic
        self._bearer = b"Bearer " + bearer
        self._present = present
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._parser = httptools.HttpRequestParser(self)
        self._head = 0  # bytes of a head that is not whole
        self._wire: Wire | None = None  # an answer that comes in pieces
        self._busy = self._pieces = self._ending = False
        self._reset()

    def _reset(self) -> None:
        self._headers: dict[bytes, bytes] = {}
        self._body: list[bytes] = []
        self._size = 0

    def end(self) -> None:
        """Take no further request; what is under way is answered."""
        self._ending = True
        if not self._busy:
            self._transport.close()

    # asyncio's

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._present.add(self)
        self._stranger: asyncio.TimerHandle | None = asyncio.get_running_loop().call_later(_PATIENCE, transport.abort)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        if self._busy:  # it is to wait for its answer
            self._transport.abort()
            return
        if self._head >= 0:
            self._head += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade, PermissionError):
            self._transport.write(_REFUSED)
            self._transport.close()
        else:
            if self._head > _LONGEST_HEAD:
                self._transport.abort()

    def pause_writing(self) -> None:
        if self._wire is not None:
            self._wire.pause()

    def resume_writing(self) -> None:
        if self._wire is not None:
            self._wire.resume()

    def connection_lost(self, exc: Exception | None) -> None:
        self._present.discard(self)
        self.closed.set_result(None)
        if self._stranger is not None:
            self._stranger.cancel()
        wire, self._wire = self._wire, None
        if wire is not None:
            wire.fail("left", "the client hung up")

    # httptools'

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        self._head = -1
        if not hmac.compare_digest(self._headers.get(b"authorization", b""), self._bearer):
            _log.warning("who is no gateway was refused", extra={"event": "forward-refused"})
            raise PermissionError
        if self._stranger is not None:
            self._stranger.cancel()
            self._stranger = None

    def on_body(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > LARGEST:
            raise PermissionError
        self._body.append(data)

    def on_message_complete(self) -> None:
        said, body = self._headers.get(INVOCATION, b""), b"".join(self._body)
        self._reset()
        self._busy, self._pieces, self._head = True, False, 0
        try:
            content = orjson.loads(said)
            self._pieces = content["pieces"]
            endpoint = self._traffic.require(*content["endpoint"])
            request = {**content["request"], "Body": body}
            Invocation(self._traffic, endpoint, request, self, pieces=self._pieces).start()
        except ServiceError as error:
            self.failed(error, None)
        except Exception:
            _log.exception("not forwarded", extra={"event": "forward-failed"})
            self.failed(errors.unavailable("A gateway failed within itself. Its log says why."), None)

    # The invocation's

    def begun(self, answer: Answer, wire: Wire) -> bool:
        if not self._pieces:
            return False
        self._write(_head(answer), b"Transfer-Encoding: chunked\r\n\r\n")
        self._wire = wire
        if self._transport.is_closing():
            asyncio.get_running_loop().call_soon(wire.fail, "left", "the client hung up")
        return True

    def piece(self, data: bytes) -> None:
        self._write(b"%x\r\n" % len(data), data, b"\r\n")

    def done(self, answer: Answer) -> None:
        if self._wire is not None:
            self._write(b"0\r\n\r\n")
        else:
            self._write(_head(answer), b"Content-Length: %d\r\n\r\n" % len(answer.body), answer.body)
        self._over()

    def failed(self, error: ServiceError, how: How | None) -> None:
        told = forward.told(error, how)
        if self._wire is not None:
            self._write(b"0\r\n%b: %b\r\n\r\n" % (FAILURE, told))
        else:
            self._write(_FAILED, b"Content-Length: %d\r\n\r\n" % len(told), told)
        self._over()

    def _write(self, *parts: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(b"".join(parts))

    def _over(self) -> None:
        self._wire = None
        self._busy = False
        if self._ending:
            self._transport.close()


def _head(answer: Answer) -> bytes:
    lines = [b"%b: %b\r\n" % (VARIANT, answer.variant.name.encode())]
    lines += [b"%b: %b\r\n" % pair for pair in answer.headers.items() if not pair[0].startswith(b"x-salvia-")]
    return _OK + b"".join(lines)


async def opened(world: World, index: int) -> Callable[[], Awaitable[None]] | None:
    """Be the gateway `index` of this node, from now on; returns what closes its door. None: it is alone."""
    settings, traffic = world.settings, world.part(Traffic)
    if settings.workers == 1 and not settings.shared:
        return None
    present: set[Door] = set()
    loop, make = asyncio.get_running_loop(), partial(Door, traffic, trust.bearer(world.secret).encode(), present)
    path = settings.run / f"gateway-{index}.sock"
    path.unlink(missing_ok=True)
    name = f"{world.node}/{index}"
    servers = [await loop.create_unix_server(make, os.fspath(path), backlog=_BACKLOG)]
    mine = Gateway(name, world.node, os.fspath(path))
    asks = None
    if settings.shared:
        listens, asks = trust.contexts(world.secret)
        host, _, first = settings.internal.partition(":")
        listen = partial(
            loop.create_server,
            make,
            settings.host,
            ssl=listens,
            ssl_handshake_timeout=_PATIENCE,
            backlog=_BACKLOG,
        )
        if first:
            server = await listen(int(first) + index)
        else:
            try:  # where the one before, that died, is still looked for
                server = await listen(gateways.port(world.db.read(), name))
            except OSError:
                server = await listen(0)
        servers.append(server)
        reached = host or urlsplit(settings.url).hostname or settings.local
        mine = mine._replace(host=reached, port=server.sockets[0].getsockname()[1])
    await traffic.gateways.join(mine, asks)

    async def close() -> None:
        await traffic.gateways.leave()
        for server in servers:
            server.close()
        path.unlink(missing_ok=True)
        busy = [door.closed for door in present]
        for door in list(present):
            door.end()
        if busy:
            await asyncio.wait(busy, timeout=_PATIENCE)

    return close
