"""One request's place among the answers of its connection, which come in the order of the requests."""

from __future__ import annotations

import re
from typing import Any, Protocol

from .message import Response, phrase

_LINE_ENDS = re.compile(r"[\r\n]+")
NO_CONTENT = 204


class Line(Protocol):
    """The connection that an exchange is on."""

    gone: bool
    stays: bool
    abreast: int
    transport: Any

    def send(self, data: bytes) -> None:
        """Send a part of the first answer."""

    def ended(self, exchange: Exchange) -> None:
        """The answer is whole."""

    def wait_writable(self, patience: float) -> bool:
        """Block another thread until the client has taken what was sent; False if it does not."""


class Exchange:
    """A request under way. `first`: it is its turn to be answered; what is said before is kept.

    Only the loop's thread calls it, but for `wait_writable` and `gone`.
    """

    __slots__ = ("_chunked", "_kept", "_line", "first", "keep", "over", "wait_writable")

    def __init__(self, line: Line, keep: bool, chunked: bool, first: bool) -> None:
        self._line = line
        self._chunked = chunked
        self._kept: list[bytes] = []
        self.first = first
        self.keep = keep
        self.over = False
        self.wait_writable = line.wait_writable

    @property
    def gone(self) -> bool:
        """The client is not there any more."""
        return self._line.gone

    def answer(self, response: Response) -> None:
        """Send a whole answer."""
        assert isinstance(response.body, bytes)
        self._send(self._head(response, length(response)) + response.body)
        self._end()

    def begin(self, response: Response) -> None:
        """Send the head of an answer that comes in pieces."""
        if not self._chunked:
            self.keep = False  # HTTP/1.0: it ends with the connection
        self._send(self._head(response, "Transfer-Encoding: chunked\r\n" if self._chunked else ""))

    def piece(self, data: bytes) -> None:
        """Send one piece at once."""
        if data:
            self._send(b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data)

    def end(self) -> None:
        """No more pieces."""
        if self._chunked:
            self._send(b"0\r\n\r\n")
        self._end()

    def abort(self) -> None:
        """Break off, so that nobody takes what was sent for the whole answer."""
        if not self.gone:
            self._line.transport.abort()

    def advance(self) -> None:
        """It is its turn."""
        self.first = True
        if self._kept:
            self._line.send(b"".join(self._kept))

    def _send(self, data: bytes) -> None:
        if not self.first:
            self._kept.append(data)
        elif not self.gone:
            self._line.send(data)

    def _end(self) -> None:
        self.over = True
        if self.first and not self.gone:
            self._line.ended(self)

    def _head(self, response: Response, framing: str) -> bytes:
        return head(response, framing, keep=self.keep and self._line.stays, abreast=self._line.abreast)


def head(response: Response, framing: str, *, keep: bool, abreast: int = 1) -> bytes:
    """The head of an answer. `abreast` is how many requests may be sent on before the first is answered."""
    lines = [f"HTTP/1.1 {response.status} {phrase(response.status)}\r\n"]
    if response.content_type:
        lines.append(f"Content-Type: {response.content_type}\r\n")
    lines += [f"{name}: {_LINE_ENDS.sub(' ', value)}\r\n" for name, value in response.headers.items()]
    lines.append(framing)
    if not keep:
        lines.append("Connection: close\r\n")
    elif abreast > 1:
        lines.append(f"X-Salvia-Abreast: {abreast}\r\n")
    return "".join([*lines, "\r\n"]).encode("latin-1")


def length(response: Response) -> str:
    """The framing of a whole answer."""
    return "" if response.status == NO_CONTENT else f"Content-Length: {len(response.body)}\r\n"  # type: ignore[arg-type]
