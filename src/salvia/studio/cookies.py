"""The session's cookie: for this host alone, for no script, and for no request that another site makes."""

from __future__ import annotations

from salvia.core.errors import ServiceError
from salvia.core.http import HttpRequest

_NAME = "salvia-session"


def name(*, secure: bool) -> str:
    """Its name. Browsers take `__Host-` over TLS alone, and from no other host, not even one below the same domain."""
    return f"__Host-{_NAME}" if secure else _NAME


def read(request: HttpRequest, *, secure: bool) -> str | None:
    """The token that a request carries. Raises ForbiddenOrigin for two: one is not ours, and nobody knows which."""
    wanted = name(secure=secure)
    pairs = (part.strip().partition("=") for header in request.headers.all("cookie") for part in header.split(";"))
    tokens = [value for key, _, value in pairs if key == wanted]
    if len(tokens) > 1:
        raise ServiceError(
            "ForbiddenOrigin", f"The browser sends two cookies {wanted}: another host planted one. Delete both.", 403
        )
    return tokens[0] if tokens else None


def given(token: str, seconds: float, *, secure: bool) -> tuple[str, str]:
    """The header that has a browser keep a token."""
    return _header(token, int(seconds), secure=secure)


def taken(*, secure: bool) -> tuple[str, str]:
    """The header that has it forget one."""
    return _header("", 0, secure=secure)


def _header(value: str, seconds: int, *, secure: bool) -> tuple[str, str]:
    cookie = f"{name(secure=secure)}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict"
    return "Set-Cookie", f"{cookie}; Secure" if secure else cookie
