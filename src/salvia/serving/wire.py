"""One kept-alive connection to a model server: HTTP/1.1, one request at a time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal, Protocol

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
]
Headers = dict[bytes, bytes]


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
        "_head",
        "_headers",
        "_open",
        "_parser",
        "_paused",
        "_pieces",
        "_pool",
        "_size",
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
        self._pieces = False
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
        if self.taker is None:  # it says something that nobody asked for
            self.transport.abort()
            return
        if self._head >= 0:
            self._head += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as wrong:
            self.fail("malformed", f"it does not speak HTTP/1.1: {wrong}")
        else:
            if self._head > _LONGEST_HEAD:
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

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        if name in _KEPT:
            self._headers[name] = value
        elif name in (b"content-length", b"transfer-encoding"):
            self._open = False

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200:  # 100 Continue and the like: the answer is yet to come
            return
        self._head = -1
        if self.taker is not None:
            self._pieces = self.taker.begun(status, self._headers, self)

    def on_body(self, data: bytes) -> None:
        if self.taker is None:
            return
        if self._pieces:
            self.taker.piece(data)
            return
        self._body.append(data)
        self._size += len(data)
        if self._size > LARGEST:
            self.fail("large", f"its answer is larger than {LARGEST} bytes")

    def on_message_complete(self) -> None:
        if self.taker is None:
            return
        if self._parser.get_status_code() < 200:
            self._reset()
            return
        self._end()

    def _end(self) -> None:
        taker, self.taker = self.taker, None
        body = self._body
        status = self._parser.get_status_code()
        headers = self._headers
        self.resume()
        if self._parser.should_keep_alive():
            self._pool.free(self)
        else:
            self.transport.close()
        assert taker is not None
        taker.answered(status, headers, body[0] if len(body) == 1 else b"".join(body))
