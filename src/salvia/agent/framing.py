"""Where an answer in HTTP/1.1 ends. Source: RFC 9112, "Message Body Length"."""

# pathlib takes 10 ms to import, for which a program would wait.

from __future__ import annotations

import re

_LENGTH = re.compile(rb"\r\nContent-Length:[ \t]*([0-9]+)[ \t]*\r\n", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\nTransfer-Encoding:[^\r]*chunked[ \t]*\r\n", re.IGNORECASE)
_LONGEST_HEAD = 65_536


class Framing:
    """Of one answer, which is fed as it comes. `status` is 0 until its head is whole."""

    def __init__(self) -> None:
        self.status = 0
        self._head = self._line = b""
        self._left: int | None = None  # of the body, or of a chunk; None: it ends with the connection
        self._chunked = self._trailer = False

    @property
    def ends_with_connection(self) -> bool:
        """Whether nothing else tells its end."""
        return self.status > 0 and self._left is None

    def feed(self, data: bytes) -> bool:
        """Take the next bytes; whether that was all. Raises ValueError for what is no HTTP."""
        if not self.status:
            self._head += data
            if (rest := self._begin()) is None:
                return False
            data = rest
        if self._chunked:
            return self._chunks(data)
        if self._left is None:
            return False
        self._left -= len(data)
        return self._left <= 0

    def _begin(self) -> bytes | None:
        """Read the head, once it is whole; returns what follows it."""
        while (end := self._head.find(b"\r\n\r\n") + 4) > 3:
            head, rest = self._head[:end], self._head[end:]
            status = int(head[9:12])
            if status >= 200:
                break
            self._head = rest  # the answer is yet to come
        else:
            if len(self._head) > _LONGEST_HEAD:
                raise ValueError(f"the head of its answer is longer than {_LONGEST_HEAD} bytes")
            return None
        self.status = status
        self._chunked = _CHUNKED.search(head) is not None
        length = _LENGTH.search(head)
        if self._chunked or status in (204, 304):
            self._left = 0
        elif length is not None:
            self._left = int(length[1])
        return rest

    def _chunks(self, data: bytes) -> bool:
        assert self._left is not None
        while data:
            if self._left:
                taken = min(self._left, len(data))
                self._left -= taken
                data = data[taken:]
                continue
            line, end, data = data.partition(b"\n")
            self._line += line
            if not end:
                return False
            line, self._line = self._line.strip(), b""
            if self._trailer:
                if not line:
                    return True
            elif size := int(line.partition(b";")[0], 16):
                self._left = size + 2  # and the end of its line
            else:
                self._trailer = True
        return False
