"""A request, its answer, and the refusal that becomes one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from http import HTTPStatus

JSON, TEXT = "application/json", "text/plain; charset=utf-8"


@dataclass(slots=True)
class Request:
    """`headers` have lower-case names; `target` is the path, with its query if any."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes = b""

    @property
    def content_type(self) -> str | None:
        """What the body is said to be."""
        return self.headers.get("content-type") or None

    @property
    def accept(self) -> str | None:
        """What is wanted; None for nothing in particular."""
        wanted = self.headers.get("accept")
        return None if not wanted or wanted.strip() == "*/*" else wanted


@dataclass(slots=True)
class Response:
    """`body` is bytes, or pieces to be sent one by one, as they come."""

    body: bytes | Iterable[bytes] = b""
    content_type: str | None = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class Refused(Exception):
    """A request that is not answered; the text says what is wrong with it, and what to do."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status

    def response(self) -> Response:
        """As the client gets it."""
        return Response(str(self).encode(), TEXT, self.status)


def phrase(status: int) -> str:
    """The words beside a status."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
