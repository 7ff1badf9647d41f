"""HTTP/1.1 of one client: parsed by httptools, answered in order, one request at a time."""

from __future__ import annotations

import asyncio
import re
import threading
from collections import deque
from typing import Any, Protocol

import httptools

from .message import Refused, Request, Response, phrase

_LONGEST_HEAD = 65_536
_LINE_ENDS = re.compile(r"[\r\n]+")
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
NO_CONTENT = 204
_LINGER = 5.0  # seconds that a refused client has to read why


class Owner(Protocol):
    """What a connection belongs to."""

    limit: int
    stopping: bool

    def opened(self, connection: Connection) -> None:
        """It is there."""

    def closed(self, connection: Connection) -> None:
        """It is gone."""

    def dispatch(self, request: Request, connection: Connection) -> None:
        """Have the request answered by `connection.answer`, or `begin`, `piece` …, `end`."""


class Connection(asyncio.Protocol):
    """Only the loop's thread calls it, but for `wait_writable`."""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._parser = httptools.HttpRequestParser(self)
        self._transport: Any = None
        self._waiting: deque[tuple[Request, bool]] = deque()  # pipelined: whole, but not yet begun
        self._head = 0
        self._keep = True
        self._chunked = True
        self._writable = threading.Event()
        self._writable.set()
        self._receiving = self._in_head = self._refused = False
        self.busy = False  # a request is being answered
        self.gone = False

    # What the transport tells.

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
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
        self._keep = False
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
            self._transport.write(_CONTINUE)

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
        if self.busy:
            self._waiting.append((request, keep))
            self._transport.pause_reading()  # until it is this one's turn
        else:
            self._begin(request, keep)

    # What is done about it.

    def answer(self, response: Response) -> None:
        """Send a whole answer."""
        if self.gone:
            return
        assert isinstance(response.body, bytes)
        self._transport.write(self._head_of(response, _length(response)) + response.body)
        self._done()

    def begin(self, response: Response) -> None:
        """Send the head of an answer that comes in pieces."""
        if not self.gone:
            if not self._chunked:
                self._keep = False  # HTTP/1.0: it ends with the connection
            self._transport.write(self._head_of(response, "Transfer-Encoding: chunked\r\n" if self._chunked else ""))

    def piece(self, data: bytes) -> None:
        """Send one piece at once."""
        if data and not self.gone:
            self._transport.write(b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data)

    def end(self) -> None:
        """No more pieces."""
        if not self.gone:
            if self._chunked:
                self._transport.write(b"0\r\n\r\n")
            self._done()

    def abort(self) -> None:
        """Break off, so that nobody takes what was sent for the whole answer."""
        if not self.gone:
            self._transport.abort()

    def close_if_idle(self) -> None:
        """Close, unless a request is being received or answered."""
        if not self.busy and not self._receiving and not self.gone:
            self._transport.close()

    def wait_writable(self, patience: float) -> bool:
        """Block another thread until the client has taken what was sent; False if it does not."""
        return self._writable.wait(patience) and not self.gone

    def _begin(self, request: Request, keep: bool) -> None:
        self.busy, self._keep = True, keep
        self._chunked = self._parser.get_http_version() != "1.0"
        self._owner.dispatch(request, self)

    def _done(self) -> None:
        if self._waiting and self._keep:
            asyncio.get_running_loop().call_soon(self._next)
            return
        self.busy = False
        if not self._keep or self._owner.stopping:
            self._transport.close()

    def _next(self) -> None:
        if not self.gone and self._waiting:
            request, keep = self._waiting.popleft()
            if not self._waiting:
                self._transport.resume_reading()
            self._begin(request, keep)

    def _head_of(self, response: Response, framing: str) -> bytes:
        keep = self._keep and not self._owner.stopping
        lines = [f"HTTP/1.1 {response.status} {phrase(response.status)}\r\n"]
        if response.content_type:
            lines.append(f"Content-Type: {response.content_type}\r\n")
        lines += [f"{name}: {_LINE_ENDS.sub(' ', value)}\r\n" for name, value in response.headers.items()]
        lines.append(framing if keep else f"{framing}Connection: close\r\n")
        return "".join([*lines, "\r\n"]).encode("latin-1")

    def _refuse(self, refused: Refused) -> None:
        """Answer what cannot be read to its end; nothing after it can be told from it.

        The rest of it is read and dropped for a while: a socket closed with unread data takes the answer along.
        """
        self._waiting.clear()
        self._refused, self._receiving = True, False
        if self.busy:
            self.abort()
            return
        self._keep = False
        response = refused.response()
        assert isinstance(response.body, bytes)
        self._transport.write(self._head_of(response, _length(response)) + response.body)
        self._transport.write_eof()
        asyncio.get_running_loop().call_later(_LINGER, self._transport.close)

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


def _length(response: Response) -> str:
    return "" if response.status == NO_CONTENT else f"Content-Length: {len(response.body)}\r\n"  # type: ignore[arg-type]
