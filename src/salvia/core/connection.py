"""One HTTP/1.1 connection of a client, over a socket.

The standard library's `http.client` imports TLS and a mail parser, which alone would take half of the 70 ms
in which an agent has to start; and it tells the end of a broken download from its proper end in silence.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl

_LONGEST_LINE = 65536
_MOST_HEADERS = 256
_BLOCK = 262144
_CONTINUE_SECONDS = 2.0
_EXPECT_FROM = 1 << 20  # bodies of this size wait for the server's consent


class BrokenConnectionError(ConnectionError):
    """The other side broke off, or does not speak HTTP/1.1.

    `unanswered` is true when not one byte of a response had come.
    """

    def __init__(self, message: str, unanswered: bool = False) -> None:
        super().__init__(message)
        self.unanswered = unanswered


class Connection:
    """A connection to `host`:`port`, wrapped in `tls`. Used by one thread at a time."""

    def __init__(self, host: str, port: int, tls: ssl.SSLContext | None, timeout: float) -> None:
        self._timeout = timeout
        plain = socket.create_connection((host, port), timeout)
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket = tls.wrap_socket(plain, server_hostname=host) if tls else plain
        except BaseException:
            plain.close()
            raise
        self._received = bytearray()

    def close(self) -> None:
        """Close it; harmless twice."""
        self._socket.close()

    def usable(self) -> bool:
        """Whether an idle connection can take another request: neither closed nor spoken to."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return not self._received and not poll.poll(0)

    def request(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | Iterable[bytes], length: int
    ) -> Response:
        """Send a request with a body of `length` bytes and read the head of its response.

        Raises BrokenConnectionError, OSError (TimeoutError among them); the connection is then useless.
        """
        lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        if length or method in ("POST", "PUT"):
            lines.append(f"Content-Length: {length}")
        # A refused upload is answered at once and not after gigabytes that nobody reads.
        expect = length >= _EXPECT_FROM
        if expect:
            lines.append("Expect: 100-continue")
        if any("\r" in line or "\n" in line for line in lines):
            raise ValueError("A header or a path contains a line break.")
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        try:
            if expect:
                self._socket.sendall(head)
                early = self._consent(method)
                if early is not None:
                    return early
                head = b""
            if isinstance(body, bytes) and len(body) <= _BLOCK:
                self._socket.sendall(head + body)
            else:
                self._socket.sendall(head)
                self._send(body, length)
        except (BrokenPipeError, ConnectionResetError) as problem:
            # The server may have answered before it hung up: that answer is the better explanation.
            try:
                return self._response(method, closing=True)
            except OSError:
                raise BrokenConnectionError(
                    f"The connection broke while sending: {problem}", not self._received
                ) from problem
        return self._response(method)

    def _send(self, body: bytes | Iterable[bytes], length: int) -> None:
        sent = 0
        if isinstance(body, bytes):
            self._socket.sendall(body)
            sent = len(body)
        else:
            for block in body:
                self._socket.sendall(block)
                sent += len(block)
        if sent != length:
            raise BrokenConnectionError(f"The body has {sent} bytes and not {length} as announced.")

    def _consent(self, method: str) -> Response | None:
        """Wait for '100 Continue'; None when the body should be sent, else the response that came instead."""
        self._socket.settimeout(_CONTINUE_SECONDS)
        try:
            if not self._received:
                self._fill()
        except TimeoutError:
            return None  # an old server that does not know Expect
        finally:
            self._socket.settimeout(self._timeout)
        status, headers = self._head()
        if status == 100:
            return None
        if status < 200:
            raise BrokenConnectionError(f"The server answered {status} to Expect: 100-continue.")
        return Response(self, method, status, headers, closing=True)

    def _response(self, method: str, closing: bool = False) -> Response:
        while True:
            status, headers = self._head()
            if status >= 200:
                return Response(self, method, status, headers, closing)

    def _head(self) -> tuple[int, dict[str, str]]:
        first = self._line(unanswered=True)
        version, _, rest = first.partition(" ")
        status = rest[:3]
        if not version.startswith("HTTP/1.") or not (status.isdigit() and len(status) == 3):
            raise BrokenConnectionError(f"This is not an HTTP/1.1 server: it answered '{first[:64]}'.")
        headers: dict[str, str] = {}
        if version == "HTTP/1.0":
            headers["connection"] = "close"
        for _ in range(_MOST_HEADERS):
            line = self._line()
            if not line:
                return int(status), headers
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        raise BrokenConnectionError(f"A response with more than {_MOST_HEADERS} headers.")

    def _line(self, unanswered: bool = False) -> str:
        start = 0
        while (end := self._received.find(b"\n", start)) < 0:
            start = len(self._received)
            if start > _LONGEST_LINE:
                raise BrokenConnectionError("A response with an endless line.")
            if not self._fill():
                raise BrokenConnectionError(
                    "The server closed the connection without an answer.", unanswered and not start
                )
        line = bytes(self._received[:end]).rstrip(b"\r").decode("latin-1")
        del self._received[: end + 1]
        return line

    def _fill(self) -> int:
        try:
            block = self._socket.recv(_BLOCK)
        except TimeoutError:
            raise
        except OSError as problem:
            raise BrokenConnectionError(f"The connection broke: {problem}", not self._received) from problem
        self._received += block
        return len(block)

    def _read_into(self, view: memoryview) -> int:
        """Whatever has come, at most as much as `view` holds; 0 at the end of the connection."""
        if self._received:
            size = min(len(view), len(self._received))
            view[:size] = self._received[:size]
            del self._received[:size]
            return size
        return self._socket.recv_into(view)


class Response:
    """Status and headers (by lower-case name) of a response, and its body to be read from the connection."""

    def __init__(
        self, connection: Connection, method: str, status: int, headers: dict[str, str], closing: bool
    ) -> None:
        self.status = status
        self.headers = headers
        self.connection = connection
        self._chunked = "chunked" in headers.get("transfer-encoding", "").lower()
        length = headers.get("content-length", "")
        self._left: int | None = None
        if method == "HEAD" or status in (204, 304):
            self._chunked = False
            self._left = 0
        elif self._chunked:
            self._left = 0
        elif length:
            if not (length.isascii() and length.isdigit()):
                raise BrokenConnectionError(f"A response with a Content-Length of '{length[:32]}'.")
            self._left = int(length)
        self._ended = self._left == 0 and not self._chunked
        self._keep = not closing and self._left is not None and headers.get("connection", "").lower() != "close"

    @property
    def reusable(self) -> bool:
        """Whether the body is read to its end and the connection free for the next request."""
        return self._ended and self._keep

    def read_into(self, buffer: memoryview) -> int:
        """Fill some of `buffer`; 0 at the end. Raises BrokenConnectionError when the body breaks off."""
        if self._ended or not len(buffer):
            return 0
        if self._chunked and self._left == 0 and not self._next_chunk():
            return 0
        left = self._left
        read = self.connection._read_into(buffer if left is None else buffer[:left])
        if left is None:
            self._ended = read == 0
            return read
        if read == 0:
            raise BrokenConnectionError(f"The response broke off with {left} bytes missing.")
        self._left = left - read
        if self._chunked:
            if self._left == 0:
                self.connection._line()
        else:
            self._ended = self._left == 0
        return read

    def read(self, limit: int = 64 << 20) -> bytes:
        """The whole body. Raises BrokenConnectionError when it is longer than `limit` bytes."""
        body = bytearray()
        block = memoryview(bytearray(65536))
        while size := self.read_into(block):
            body += block[:size]
            if len(body) > limit:
                raise BrokenConnectionError(f"A response of more than {limit} bytes.")
        return bytes(body)

    def _next_chunk(self) -> bool:
        text = self.connection._line().partition(";")[0].strip()
        try:
            size = int(text, 16)
        except ValueError:
            raise BrokenConnectionError(f"A chunk of size '{text[:32]}'.") from None
        if size < 0:
            raise BrokenConnectionError(f"A chunk of size {size}.")
        self._left = size
        if size:
            return True
        while self.connection._line():
            pass  # trailers, which no one here reads
        self._ended = True
        return False
