"""HTTP/1.1 of one client: parsed by httptools, answered in order.

Of pipelined requests as many are under way at once as the model gains from (`Owner.abreast`): one, or what it predicts
in one call.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from typing import Any, Protocol

import httptools

from .exchange import Exchange, head, length
from .message import Refused, Request

_LONGEST_HEAD = 65_536
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_LINGER = 5.0  # seconds that a refused client has to read why


class Owner(Protocol):
    """What a connection belongs to."""

    limit: int
    abreast: int
    stopping: bool

    def opened(self, connection: Connection) -> None:
        """It is there."""

    def closed(self, connection: Connection) -> None:
        """It is gone."""

    def dispatch(self, request: Request, exchange: Exchange) -> None:
        """Have the request answered by `exchange.answer`, or `begin`, `piece` …, `end`."""


class Connection(asyncio.Protocol):
    """Only the loop's thread calls it, but for `wait_writable`."""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._parser = httptools.HttpRequestParser(self)
        self.transport: Any = None
        self.abreast = owner.abreast
        self._under_way: deque[Exchange] = deque()
        self._outgoing: list[bytes] = []  # answers that go out together
        self._waiting: deque[tuple[Request, bool]] = deque()  # pipelined: whole, but not yet begun
        self._head = 0
        self._half = False  # the client sends no more
        self._writable = threading.Event()
        self._writable.set()
        self._receiving = self._in_head = self._refused = False
        self.gone = False

    # What the transport tells.

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self._owner.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.gone = True
        self._writable.set()
        self._owner.closed(self)

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def eof_received(self) -> bool:
        self._half = True
        return self.busy  # some clients close their half, and wait for the answer

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        try:
            self._parser.feed_data(data)
            if self._in_head:  # a header that is not whole is with the parser, which takes any length
                self._count(len(data))
        except httptools.HttpParserCallbackError as problem:
            if not isinstance(problem.__context__, Refused):
                raise
            self._refuse(problem.__context__)
        except Refused as refused:
            self._refuse(refused)
        except httptools.HttpParserUpgrade as offered:
            self._decline(data[offered.args[0] :])
        except httptools.HttpParserError as problem:
            self._refuse(Refused(400, f"This is not HTTP/1.1: {problem}."))

    def _decline(self, rest: bytes) -> None:
        """Some clients offer HTTP/2 in every request. The offer is not taken: the request is read without it."""
        method = self._parser.get_method()
        if method == b"CONNECT":
            self._refuse(Refused(405, "This is no proxy."))
            return
        kept = {name: value for name, value in self._headers.items() if name not in ("connection", "upgrade")}
        lines = "".join(f"{name}: {value}\r\n" for name, value in kept.items())
        self._parser = httptools.HttpRequestParser(self)
        self.data_received(b"%b %b HTTP/1.1\r\n%b\r\n%b" % (method, self._url, lines.encode("latin-1"), rest))

    # What the parser tells.

    def on_message_begin(self) -> None:
        self._url, self._headers, self._body = b"", {}, []
        self._size = self._head = 0
        self._receiving = self._in_head = True

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")
        self._count(len(name) + len(value))

    def on_headers_complete(self) -> None:
        self._in_head = False
        length = self._headers.get("content-length", "0")
        if int(length) > self._owner.limit:
            raise self._too_large(f"has {length} bytes")
        if self._headers.get("expect", "").lower() == "100-continue" and not self.busy:
            self.transport.write(_CONTINUE)

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._size > self._owner.limit:
            raise self._too_large("is larger")
        self._body.append(body)

    def on_message_complete(self) -> None:
        if self._parser.should_upgrade():
            return
        self._receiving = False
        method = self._parser.get_method().decode()
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        request = Request(method, self._url.decode("latin-1"), self._headers, body)
        keep = self._parser.should_keep_alive()
        if len(self._under_way) < self.abreast:
            self._begin(request, keep)
        else:
            self._waiting.append((request, keep))
            self.transport.pause_reading()  # until it is this one's turn

    # What is done about it.

    @property
    def busy(self) -> bool:
        """A request is being answered."""
        return bool(self._under_way)

    @property
    def stays(self) -> bool:
        """Whether the connection outlives the answer that is to be sent."""
        return not (self._half or self._owner.stopping) or len(self._under_way) > 1 or bool(self._waiting)

    def send(self, data: bytes) -> None:
        """Send a part of the first answer, along with what comes after it in this turn of the loop."""
        if len(self._under_way) == 1 and not self._outgoing:
            self.transport.write(data)
            return
        self._outgoing.append(data)
        if len(self._under_way) == 1:
            self._flush()
        elif len(self._outgoing) == 1:
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        together = b"".join(self._outgoing)
        self._outgoing.clear()
        if together and not self.gone:
            self.transport.write(together)

    def ended(self, exchange: Exchange) -> None:
        """The first of those under way has its answer; perhaps the next had theirs before."""
        under_way = self._under_way
        while exchange.over:
            under_way.popleft()
            if not exchange.keep:
                self._flush()
                self.transport.close()
                return
            if not under_way:
                break
            exchange = under_way[0]
            exchange.advance()
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._next)
        elif not under_way and (self._half or self._owner.stopping):
            self.transport.close()

    def close_if_idle(self) -> None:
        """Close, unless a request is being received or answered."""
        if not self.busy and not self._receiving and not self.gone:
            self.transport.close()

    def wait_writable(self, patience: float) -> bool:
        """Block another thread until the client has taken what was sent; False if it does not."""
        return self._writable.wait(patience) and not self.gone

    def _begin(self, request: Request, keep: bool) -> None:
        exchange = Exchange(self, keep, self._parser.get_http_version() != "1.0", not self._under_way)
        self._under_way.append(exchange)
        self._owner.dispatch(request, exchange)

    def _next(self) -> None:
        if self.gone:
            return
        while self._waiting and len(self._under_way) < self.abreast:
            self._begin(*self._waiting.popleft())
        if not self._waiting:
            self.transport.resume_reading()

    def _refuse(self, refused: Refused) -> None:
        """Answer what cannot be read to its end; nothing after it can be told from it.

        The rest of it is read and dropped for a while: a socket closed with unread data takes the answer along.
        """
        self._waiting.clear()
        self._refused, self._receiving = True, False
        if self.busy:
            self.transport.abort()
            return
        response = refused.response()
        assert isinstance(response.body, bytes)
        self.transport.write(head(response, length(response), keep=False) + response.body)
        self.transport.write_eof()
        asyncio.get_running_loop().call_later(_LINGER, self.transport.close)

    def _count(self, size: int) -> None:
        self._head += size
        if self._head > _LONGEST_HEAD:
            raise Refused(431, f"The request's head exceeds {_LONGEST_HEAD} bytes.")

    def _too_large(self, how: str) -> Refused:
        return Refused(
            413,
            f"The body {how}; this model server takes {self._owner.limit}. Send fewer records at once, or set "
            "SAGEMAKER_MAX_REQUEST_SIZE in the model's Environment.",
        )
