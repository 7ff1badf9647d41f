"""Connections to the port: HTTP as uvicorn speaks it, and CONNECT besides."""

from __future__ import annotations

import asyncio
import contextlib
import http
import logging
import socket
import ssl
from collections.abc import Coroutine
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from salvia.core.domains import is_aws

from .door import Proxy, target
from .files import Hand
from .outside import Refused
from .tunnel import Tunnel

HAND = "salvia.hand"  # the extension of ASGI by which files are sent
_log = logging.getLogger("salvia.proxy")
_LONGEST_HEAD = 64 * 1024
_HEAD_SECONDS = 60.0
HANDSHAKE_SECONDS = 10.0
GOODBYE_SECONDS = 2.0  # a client that says none is not waited for when the server goes down


class Connection(HttpToolsProtocol):
    """HTTP/1.1 with a bound on heads, which uvicorn's has not, and with CONNECT.

    `app_state` names the `host` that a connection through the proxy is for: in one of those, CONNECT is refused.
    """

    def __init__(self, proxy: Proxy, **uvicorns: Any) -> None:
        super().__init__(**uvicorns)
        self._proxy = proxy
        self._uvicorns = uvicorns
        self._early = b""  # what came before uvicorn's part of a TLS handshake was over
        self._head: int | None = None  # bytes of an unfinished head, but for those that came with its beginning
        self._slow: asyncio.TimerHandle | None = None
        self._asked = b""  # the target of a CONNECT
        self._connecting: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self._early:
            self.data_received(self._early)

    def connection_lost(self, exc: Exception | None) -> None:
        self._patience(over=True)
        if self.transport is not None:
            super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport is None:
            self._early += data
            return
        began = self._head
        super().data_received(data)
        if self._asked and not data.endswith(b"\n"):  # it says more before our answer, as no client of a proxy does
            self.transport.close()
        if self._head is not None:
            self._head += len(data) if began is not None else 0
            if self._head > _LONGEST_HEAD:
                self.send_400_response("The request's head is too long.")
            else:
                self._patience()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {HAND: {"of": self._hand}}
        self._head = 0

    def on_headers_complete(self) -> None:
        self._head = None
        self._patience(over=True)
        if self.parser.get_method() == b"CONNECT":
            self._asked = self.url
        else:
            super().on_headers_complete()

    def _hand(self) -> Hand | None:
        """What sends files as the body of the response at hand; None where they would have to be encrypted."""
        if self.pipeline or self.cycle is None or self.transport.get_extra_info("ssl_object") is not None:
            return None
        return Hand(self.transport, self.flow, self.cycle)

    def _should_upgrade(self) -> bool:
        # A CONNECT is to uvicorn what an upgrade to WebSocket is: the connection goes to somebody else.
        return bool(self._asked)

    def handle_websocket_upgrade(self) -> None:
        self._become(self._connect())

    def _become(self, work: Coroutine[Any, Any, None]) -> None:
        """Have `work` make something else of this connection."""
        self.transport.pause_reading()
        self._connecting = self.loop.create_task(work)
        self._connecting.add_done_callback(lambda _: self.connections.discard(self))

    def shutdown(self) -> None:
        if self._connecting is None:
            super().shutdown()
        else:
            self._connecting.cancel()
            self.transport.abort()

    def _like(self, **uvicorns: Any) -> Connection:
        """A connection of the same kind, within this one."""
        return Connection(self._proxy, **uvicorns)

    def _patience(self, *, over: bool = False) -> None:
        """A head that has begun has a minute to end."""
        if over and self._slow is not None:
            self._slow.cancel()
            self._slow = None
        elif not over and self._slow is None:
            self._slow = self.loop.call_later(_HEAD_SECONDS, self.transport.close)

    async def _connect(self) -> None:
        peer = self.client[0] if self.client else ""
        try:
            if "host" in self.app_state or (self.cycle is not None and not self.cycle.response_complete):
                raise Refused(400, "CONNECT stands at the beginning of a connection.")
            guest = self._proxy.guest(self.headers, peer, self.server[0] if self.server else "")
            host, port = target(self._asked)
            if is_aws(host):
                await self._answer(host)
                return
            connected, said = await self._proxy.outside.open(host, port, anywhere=guest.anywhere)
        except Refused as refused:
            _log.info(
                "refused",
                extra={"event": "proxy-refused", "client": peer, "status": refused.status, "why": str(refused)},
            )
            self._refuse(refused)
            return
        except Exception:
            _log.exception("failed", extra={"event": "proxy-failed", "client": peer})
            self.transport.abort()
            return
        _log.info("tunnel", extra={"event": "proxy-tunnel", "who": guest.name, "host": host, "port": port})
        await self._tunnel(connected, said)

    async def _answer(self, host: str) -> None:
        """Be `host`: TLS with a certificate of our authority, and the same application behind it."""
        context = await asyncio.to_thread(self._proxy.authority.context, host)
        if self.transport.is_closing():
            return
        self._agree()
        inner = self._like(**{**self._uvicorns, "app_state": {**self.app_state, "host": host}})
        await secure(self.transport, inner, context)

    async def _tunnel(self, connected: socket.socket, said: bytes) -> None:
        if self.transport.is_closing():
            connected.close()
            return
        self._agree(said)
        tunnel = Tunnel(self.connections)
        tunnel.near.connection_made(self.transport)
        self.transport.set_protocol(tunnel.near)
        try:
            await self.loop.create_connection(lambda: tunnel.far, sock=connected)
        except OSError:  # it hung up at once
            self.transport.close()
        if self.transport.is_closing():
            tunnel.shutdown()
        else:
            self.transport.resume_reading()

    def _agree(self, said: bytes = b"") -> None:
        self.transport.write(b"HTTP/1.1 200 Connection established\r\n\r\n" + said)

    def _refuse(self, refused: Refused) -> None:
        if self.transport.is_closing():
            return
        # Clients show the reason of a refused CONNECT, and hardly ever its body.
        reason = f"{http.HTTPStatus(refused.status).phrase}: {refused}".encode("ascii", "replace")
        head = [b"HTTP/1.1 %d %s" % (refused.status, reason.replace(b"\r", b" ").replace(b"\n", b" "))]
        if refused.status == 407:
            head.append(b'Proxy-Authenticate: Basic realm="Salvia"')
        head += [b"Content-Length: 0", b"Connection: close", b"", b""]
        self.transport.write(b"\r\n".join(head))
        self.transport.close()


async def secure(transport: asyncio.Transport, inner: Connection, context: ssl.SSLContext) -> None:
    """Speak TLS on `transport`, with `inner` on top of it. Quiet about clients that do not trust us, or hang up."""
    try:
        with contextlib.suppress(ssl.SSLError, OSError):
            secured = await asyncio.get_running_loop().start_tls(
                transport,
                inner,
                context,
                server_side=True,
                ssl_handshake_timeout=HANDSHAKE_SECONDS,
                ssl_shutdown_timeout=GOODBYE_SECONDS,
            )
            if secured is not None:
                inner.connection_made(secured)
                return
    finally:
        if inner.transport is None:
            transport.abort()
