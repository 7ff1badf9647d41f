"""One kept-alive connection to a model server: HTTP/1.1, one request at a time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

import httptools

if TYPE_CHECKING:
    from .pool import Pool

LARGEST = 6 * 1024 * 1024  # bytes of an answer that is kept whole. Source: InvokeEndpointOutput, BodyBlob
_LONGEST_HEAD = 64 * 1024
_KEPT = frozenset(
    (
        b"content-type",
        b"x-amzn-sagemaker-custom-attributes",
        b"x-amzn-sagemaker-new-session-id",
        b"x-amzn-sagemaker-closed-session-id",
        b"x-salvia-error",
        b"x-salvia-figures",
    )
)

How = Literal[
    "refused",  # nobody listens
    "full",  # too many wait already
    "closed",  # the connection ended without a byte of an answer
    "broken",  # it ended within the answer
    "late",
    "malformed",
    "large",
    "left",  # the client hung up
]
Headers = dict[bytes, bytes]


class _Known(NamedTuple):
    """What the head of an answer says that was there before, byte by byte."""

    status: int
    headers: Headers
    length: int


_known: dict[bytes, _Known] = {}
_REMEMBERED = 1024


class Taker(Protocol):
    """Whoever waits for an answer; called once with its end."""

    def begun(self, status: int, headers: Headers, wire: Wire) -> bool:
        """The head is here: True has the body handed over piece by piece."""

    def piece(self, data: bytes) -> None:
        """A piece of a body that was asked for in pieces."""

    def answered(self, status: int, headers: Headers, body: bytes) -> None:
        """The answer is whole; of a body in pieces, `body` is empty."""

    def lost(self, how: How, why: str) -> None:
        """There will be no answer, or no more of it."""


class Wire(asyncio.Protocol):
    """A connection; idle when `taker` is None. `deadline` is the loop's time by which the answer must be whole."""

    __slots__ = (
        "_body",
        "_complete",
        "_head",
        "_headers",
        "_keep",
        "_length",
        "_open",
        "_parser",
        "_paused",
        "_pieces",
        "_pool",
        "_seen",
        "_size",
        "_status",
        "deadline",
        "taker",
        "transport",
    )

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._parser = httptools.HttpResponseParser(self)
        self.taker: Taker | None = None
        self.deadline = 0.0
        self.transport: asyncio.Transport
        self._paused = False
        self._reset()

    def _reset(self) -> None:
        self._head = 0  # bytes of an answer whose head is not whole yet
        self._headers: Headers = {}
        self._body: list[bytes] = []
        self._size = 0
        self._status = 0
        self._complete = False
        self._keep = False
        self._pieces = False
        self._seen = b""  # the head, if it came with all the rest
        self._length = -1
        self._open = True  # its end is the connection's, unless a header says otherwise

    def send(self, request: bytes, taker: Taker, deadline: float) -> None:
        """Send a whole request."""
        self.taker = taker
        self.deadline = deadline
        self._reset()
        self.transport.write(request)

    def fail(self, how: How, why: str) -> None:
        """Give up what is under way, and the connection."""
        taker, self.taker = self.taker, None
        self.transport.abort()
        if taker is not None:
            taker.lost(how, why)

    def pause(self) -> None:
        """Read no more for now: whoever takes the answer is slow."""
        self._paused = True
        self.transport.pause_reading()

    def resume(self) -> None:
        """Read on."""
        if self._paused:
            self._paused = False
            self.transport.resume_reading()

    # asyncio's

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        taker = self.taker
        if taker is None:  # it says something that nobody asked for
            self.transport.abort()
            return
        head = b""
        if self._head == 0:
            end = data.find(b"\r\n\r\n") + 4
            head = data[:end]
            known = _known.get(head)
            if known is not None and len(data) - end == known.length:
                self.taker = None
                body = data[end:]
                if taker.begun(known.status, known.headers, self):
                    taker.piece(body)
                    body = b""
                self._pool.free(self)
                taker.answered(known.status, known.headers, body)
                return
        if self._head >= 0:
            self._head += len(data)
        self._seen = head
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as wrong:
            self.fail("malformed", f"it does not speak HTTP/1.1: {wrong}")
        else:
            if self._complete:
                self._end()
            elif self._head > _LONGEST_HEAD:
                self.fail("malformed", f"the head of its answer is longer than {_LONGEST_HEAD} bytes")

    def connection_lost(self, exc: Exception | None) -> None:
        self._pool.gone(self)
        taker = self.taker
        if taker is None:
            return
        if self._head < 0 and self._open and exc is None:
            self._end()
            return
        self.taker = None
        if self._head == 0:
            taker.lost("closed", "it closed the connection before it answered")
        else:
            taker.lost("broken", "it closed the connection within its answer")

    # httptools'

    def on_message_begin(self) -> None:
        if self._complete:  # more than was asked for: whose answer would that be?
            self._keep = False

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        if self._complete:
            return
        if name in _KEPT:
            self._headers[name] = value
        elif name == b"content-length":
            self._open = False
            self._length = int(value) if value.isdigit() else -1
        elif name == b"transfer-encoding":
            self._open = False
            self._seen = b""

    def on_headers_complete(self) -> None:
        if self._complete:
            return
        status = self._status = self._parser.get_status_code()
        self._keep = self._parser.should_keep_alive()
        if status < 200:  # 100 Continue and the like: the answer is yet to come
            return
        self._head = -1
        if self.taker is not None:
            self._pieces = self.taker.begun(status, self._headers, self)

    def on_body(self, data: bytes) -> None:
        if self.taker is None or self._complete:
            return
        self._size += len(data)
        if self._pieces:
            self.taker.piece(data)
            return
        self._body.append(data)
        if self._size > LARGEST:
            self.fail("large", f"its answer is larger than {LARGEST} bytes")

    def on_message_complete(self) -> None:
        if self.taker is None or self._complete:
            return
        if self._status < 200:
            self._reset()
        else:
            self._complete = True

    def _end(self) -> None:
        taker, self.taker = self.taker, None
        body = self._body
        status = self._status
        headers = self._headers
        self.resume()
        if self._keep:
            if self._seen and self._length == self._size:  # the whole of it in one go
                if len(_known) >= _REMEMBERED:
                    _known.clear()
                _known[self._seen] = _Known(status, headers, self._length)
            self._pool.free(self)
        else:
            self.transport.close()
        assert taker is not None
        taker.answered(status, headers, body[0] if len(body) == 1 else b"".join(body))
