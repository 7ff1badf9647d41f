"""From the bytes that a program prints to the lines that a log holds."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator

EVENT_LIMIT = 262_144 - 26
"""The longest message of a log event in UTF-8 bytes: 256 KiB with 26 bytes of overhead (PutLogEvents)."""


class Splitter:
    r"""Cuts a stream of bytes into lines, at \n, \r\n and \r.

    A lone \r ends a line too: a progress bar redraws itself that way for hours, and is then seen while it
    moves. Blank lines are dropped, since a log event cannot be empty. A line longer than EVENT_LIMIT is cut,
    never inside a character.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._carriage = False

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that `data` completes."""
        if self._carriage and data[:1] == b"\n":
            data = data[1:]
        if not data:
            return []
        self._carriage = data[-1:] == b"\r"
        lines = (self._rest + data).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        self._rest = lines.pop()
        lines = [line for line in lines if line]
        while len(self._rest) > EVENT_LIMIT:
            cut = boundary(self._rest, EVENT_LIMIT)
            lines.append(self._rest[:cut])
            self._rest = self._rest[cut:]
        return lines

    def end(self) -> list[bytes]:
        """What is left when the stream ends without a line's end."""
        rest, self._rest = self._rest, b""
        return [rest] if rest else []


def boundary(data: bytes, limit: int) -> int:
    """The largest index up to `limit` that does not cut a UTF-8 character of `data`."""
    cut = limit
    while cut > limit - 4 and cut < len(data) and data[cut] & 0xC0 == 0x80:
        cut -= 1
    return cut


def messages(line: bytes) -> Iterator[tuple[str, int]]:
    """The text of `line` as log messages with their sizes in UTF-8 bytes; usually one.

    Bytes that are no UTF-8 become U+FFFD, three bytes each, so that a line may have to be cut once more.
    """
    text = line.decode("utf-8", "replace")
    if len(text) * 3 <= EVENT_LIMIT or text.isascii():
        size = len(text) if text.isascii() else len(text.encode())
        if size <= EVENT_LIMIT:
            yield text, size
            return
    data = text.encode()
    while data:
        cut = boundary(data, EVENT_LIMIT) if len(data) > EVENT_LIMIT else len(data)
        yield data[:cut].decode(), cut
        data = data[cut:]


class Buffer:
    """What has been read and not been shipped, bounded: a full buffer makes its writer wait.

    So a program that prints faster than the log takes it waits in its own `write`, as with any full pipe.
    Nothing is spilled to disk: a program can print without end, and a disk that its log has filled would fail
    the job at the worst moment, when its model is to be saved.
    """

    def __init__(self, limit: int = 4 << 20, wall: Callable[[], float] = time.time) -> None:
        self._limit, self._wall = limit, wall
        self._changed = threading.Condition()
        self._chunks: deque[tuple[int, bytes]] = deque()
        self._size = 0
        self._closed = False
        self._last = 0

    def put(self, data: bytes) -> None:
        """Append bytes, stamped with the time; waits while the buffer is full."""
        with self._changed:
            while self._size >= self._limit:
                self._changed.wait()
            # The events of a batch must be in order of time, and the clock may be set back.
            self._last = max(self._last, int(self._wall() * 1000))
            self._chunks.append((self._last, data))
            self._size += len(data)
            self._changed.notify_all()

    def take(self, linger: float, enough: int) -> list[tuple[int, bytes]] | None:
        """All chunks: when `enough` bytes are there, or `linger` seconds after the first. None at the end."""
        with self._changed:
            while not self._chunks and not self._closed:
                self._changed.wait()
            if not self._chunks:
                return None
            until = time.monotonic() + linger
            while self._size < enough and not self._closed and (left := until - time.monotonic()) > 0:
                self._changed.wait(left)
            chunks, self._chunks = list(self._chunks), deque()
            self._size = 0
            self._changed.notify_all()
            return chunks

    def close(self) -> None:
        """No more will come."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
