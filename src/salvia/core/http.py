"""HTTP as the rest of Salvia sees it: one request, one response, no server inside.

::

    serving (uvicorn)  --HttpRequest-->  control, protocol, services
                       <--HttpResponse--

Nothing here parses or normalises: the path and the query stay as they came over the wire, because a
signature is made over exactly those characters.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol


class Headers:
    """The headers of a request: an ordered multi-map whose names do not know upper case.

    >>> Headers([("Host", "a"), ("X-Amz-Meta-A", "1")]).get("host")
    'a'
    """

    __slots__ = ("_first", "_pairs")

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._pairs: list[tuple[str, str]] = [(name.lower(), value) for name, value in pairs]
        first: dict[str, str] = {}
        for name, value in self._pairs:
            first.setdefault(name, value)
        self._first = first

    def get(self, name: str, default: str | None = None) -> str | None:
        """The first value sent under `name`, or `default`."""
        return self._first.get(name.lower(), default)

    def all(self, name: str) -> list[str]:
        """Every value sent under `name`, in the order of sending."""
        lowered = name.lower()
        if lowered not in self._first:
            return []
        return [value for key, value in self._pairs if key == lowered]

    def items(self) -> list[tuple[str, str]]:
        """Every (lower-cased name, value), in the order of sending."""
        return list(self._pairs)

    def __getitem__(self, name: str) -> str:
        return self._first[name.lower()]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._first

    def __iter__(self) -> Iterator[str]:
        return iter(self._first)

    def __len__(self) -> int:
        return len(self._pairs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Headers) and self._pairs == other._pairs

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        # Names only: values carry signatures and tokens, and a repr ends up in logs.
        return f"Headers({[name for name, _ in self._pairs]!r})"


@dataclass(slots=True)
class HttpRequest:
    """One request. `path` and `query` are raw, still percent-encoded, without the '?'."""

    method: str
    path: str
    query: str = ""
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""
    stream: AsyncIterable[bytes] | None = None  # a streaming upload; `body` is then b""
    scheme: str = "http"
    client: str = ""  # the peer's address

    @property
    def host(self) -> str:
        """The Host header as sent (with its port), or ''."""
        return self.headers.get("host", "") or ""


class OpenFile(Protocol):
    """A file that is open as long as somebody has this."""

    def fileno(self) -> int:
        """Its descriptor."""
        ...


class FilePart(NamedTuple):
    """`size` bytes of a file, from its byte `start` on."""

    file: OpenFile
    start: int
    size: int


@dataclass(slots=True)
class FileBody(AsyncIterator[bytes]):
    """A body that lies in files: whoever can hands its `parts` to the kernel, others read its chunks. Not both."""

    parts: AsyncIterator[FilePart]
    chunks: AsyncIterator[bytes]

    def __anext__(self) -> Awaitable[bytes]:
        return self.chunks.__anext__()


@dataclass(slots=True)
class HttpResponse:
    """One response; `body` is either whole or a stream of chunks."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes | AsyncIterator[bytes] = b""
