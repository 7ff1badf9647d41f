"""One kept-alive connection to a model server: HTTP/1.1, one request at a time.

A server that says `X-Salvia-Abreast: N`, as ours does where it predicts all that it has in one call, gets up to N
requests before the first is answered: what comes to us in one turn of the loop leaves in one write, and its answers
are read at once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

import httptools

if TYPE_CHECKING:
    from .pool import Pool

LARGEST = 6 * 1024 * 1024  # bytes of an answer that is kept whole. Source: InvokeEndpointOutput, BodyBlob
_LONGEST_HEAD = 64 * 1024
_ABREAST = 32  # at most: what a server holds of ours is bounded
_KEPT = frozenset(
    (
        b"content-type",
        b"x-amzn-sagemaker-custom-attributes",
        b"x-amzn-sagemaker-new-session-id",
        b"x-amzn-sagemaker-closed-session-id",
        b"x-salvia-error",
        b"x-salvia-figures",
        b"x-salvia-variant",  # between gateways: `forward`
        b"x-salvia-failure",
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
    abreast: int


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
    """A connection; idle when `taker` is None. `deadline` is the loop's time by which the answer must be whole.

    `abreast` is how many requests the server takes at once; those after the taker's wait `_behind`.
    """

    __slots__ = (
        "_abreast",
        "_behind",
        "_body",
        "_head",
        "_headers",
        "_length",
        "_open",
        "_outgoing",
        "_owed",
        "_parser",
        "_paused",
        "_pieces",
        "_pool",
        "_seen",
        "_size",
        "_status",
        "_whole",
        "_wrong",
        "abreast",
        "deadline",
        "taker",
        "transport",
    )

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._parser = httptools.HttpResponseParser(self)
        self._behind: deque[tuple[Taker, float]] = deque()
        self._outgoing: list[bytes] = []  # sent at the end of the turn
        self._owed = 0  # answers that may come before another request is sent
        self._whole: list[tuple[int, Headers, bytes, bool, bool]] = []
        self._wrong: tuple[How, str] | None = None
        self.abreast = 1
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
        self._pieces = False
        self._abreast = 1
        self._seen = b""  # the head, if it came with all the rest
        self._length = -1
        self._open = True  # its end is the connection's, unless a header says otherwise

    @property
    def _asked(self) -> int:
        """How many requests are under way."""
        return len(self._behind) + (self.taker is not None)

    @property
    def room(self) -> bool:
        """Whether another request may be sent."""
        return len(self._behind) + 1 < self.abreast and not self.transport.is_closing()

    def send(self, request: bytes, taker: Taker, deadline: float) -> None:
        """Send a whole request."""
        if self.taker is None:
            self.taker = taker
            self.deadline = deadline
            self.transport.write(request)
            return
        self._behind.append((taker, deadline))
        self._outgoing.append(request)
        if len(self._outgoing) == 1:
            self._pool.loop.call_soon(self._flush)

    def _flush(self) -> None:
        together = b"".join(self._outgoing)
        self._outgoing.clear()
        if not self.transport.is_closing():
            self.transport.write(together)

    def fail(self, how: How, why: str) -> None:
        """Give up what is under way, and the connection."""
        self.transport.abort()
        self._lose(how, why)

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
        at, head = 0, b""
        owed = len(self._behind) + (self.taker is not None)
        while owed and self._head == 0:
            end = data.find(b"\r\n\r\n", at) + 4
            head = data[at:end]
            known = _known.get(head)
            if known is None or len(data) < end + known.length:
                break
            at = end + known.length
            owed -= 1
            self.abreast = known.abreast
            # What comes after the last answer is nobody's: then the connection is not to be used again.
            self._answered(known.status, known.headers, data[end:at], owed > 0 or at == len(data), told=False)
            if at == len(data):
                return
        if not owed:
            self.transport.abort()
            return
        self._owed, self._seen = owed, head
        self._parse(data[at:])

    def _parse(self, data: bytes) -> None:
        if self._head >= 0:
            self._head += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as wrong:
            self._wrong = "malformed", f"it does not speak HTTP/1.1: {wrong}"
        if self._head > _LONGEST_HEAD:
            self._wrong = "malformed", f"the head of its answer is longer than {_LONGEST_HEAD} bytes"
        whole, self._whole = self._whole, []
        for status, headers, body, keep, told in whole:
            self._answered(status, headers, body, keep and self._wrong is None, told=told)
        if self._wrong is not None:
            self.fail(*self._wrong)

    def _answered(self, status: int, headers: Headers, body: bytes, keep: bool, *, told: bool) -> None:
        """The answer to the first of those under way; `told`: they know that it began."""
        taker = self.taker
        if taker is None:
            return
        if self._behind:
            self.taker, self.deadline = self._behind.popleft()
        else:
            self.taker = None
        if not keep:
            self.transport.close()
        elif self.taker is None:
            self._pool.free(self)
        if not told and taker.begun(status, headers, self):
            taker.piece(body)
            body = b""
        taker.answered(status, headers, body)

    def connection_lost(self, exc: Exception | None) -> None:
        began = self._head != 0
        if self._head < 0 and self._open and exc is None:
            began = False
            self._answered(self._status, self._headers, b"".join(self._body), False, told=True)
        if began:
            self._lose("broken", "it closed the connection within its answer")
        else:
            self._lose("closed", "it closed the connection before it answered")

    def _lose(self, how: How, why: str) -> None:
        taker, self.taker = self.taker, None
        behind = [one for one, _ in self._behind]
        self._behind.clear()
        self._pool.gone(self)
        if taker is not None:
            taker.lost(how, why)
        for one in behind:
            one.lost("closed", "its connection ended with another's answer")

    # httptools'

    def on_message_begin(self) -> None:
        if self._owed == 0:  # whose answer would that be?
            self._wrong = "malformed", "it says more than it was asked"
        elif self._head == 0:
            self._head = 1

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        if name in _KEPT:
            self._headers[name] = value
        elif name == b"content-length":
            self._open = False
            self._length = int(value) if value.isdigit() else -1
        elif name == b"transfer-encoding":
            self._open = False
            self._seen = b""
        elif name == b"x-salvia-abreast" and value.isdigit():
            self._abreast = min(int(value), _ABREAST)

    def on_headers_complete(self) -> None:
        status = self._status = self._parser.get_status_code()
        if status < 200:  # 100 Continue and the like: the answer is yet to come
            return
        self._head = -1
        if self.taker is not None and not self._whole and self._wrong is None:
            self._pieces = self.taker.begun(status, self._headers, self)

    def on_body(self, data: bytes) -> None:
        if self._wrong is not None or self.taker is None:
            return
        self._size += len(data)
        if self._pieces:
            self.taker.piece(data)
            return
        self._body.append(data)
        if self._size > LARGEST:
            self._wrong = "large", f"its answer is larger than {LARGEST} bytes"

    def on_message_complete(self) -> None:
        if self._wrong is not None:
            return
        if self._status >= 200:
            self._owed -= 1
            self.abreast = self._abreast
            keep = self._parser.should_keep_alive()
            if keep and self._seen and self._length == self._size:  # the whole of it in one go
                if len(_known) >= _REMEMBERED:
                    _known.clear()
                _known[self._seen] = _Known(self._status, self._headers, self._length, self.abreast)
            body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
            self._whole.append((self._status, self._headers, body, keep, not self._whole))
            self.resume()
        self._reset()
