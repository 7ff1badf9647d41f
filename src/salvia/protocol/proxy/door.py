"""Who may use the proxy, and what becomes of a CONNECT."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from salvia.core.passes import Guest

from .authority import Authority
from .outside import Outside, Refused

_TARGET = re.compile(rb"(?:\[(?P<six>[0-9A-Fa-f:.]{2,45})\]|(?P<name>[A-Za-z0-9._-]{1,253})):(?P<port>[0-9]{1,5})")


@dataclass(frozen=True, slots=True)
class Proxy:
    """What a connection needs to answer CONNECT.

    `admit(name, password, peer, here)` tells who that is, or None; `peer` and `here` are the connection's addresses.
    """

    authority: Authority
    outside: Outside
    admit: Callable[[str, str, str, str], Guest | None]

    def guest(self, headers: Iterable[tuple[bytes, bytes]], peer: str, here: str) -> Guest:
        """Who asks, by their Proxy-Authorization. Raises Refused."""
        given = next((value for name, value in headers if name == b"proxy-authorization"), b"")
        scheme, _, coded = given.partition(b" ")
        try:
            name, _, password = base64.b64decode(coded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            name = password = ""
        guest = self.admit(name, password, peer, here) if scheme.lower() == b"basic" and name else None
        if guest is None:
            raise Refused(407, "The proxy takes the name and password that `salvia env` prints in HTTPS_PROXY.")
        return guest


def target(authority: bytes) -> tuple[str, int]:
    """Host and port of a CONNECT. Raises Refused."""
    found = _TARGET.fullmatch(authority)
    port = int(found["port"]) if found else 0
    if not found or not 0 < port < 65536:
        raise Refused(400, "CONNECT takes host:port.")
    return (found["six"] or found["name"]).decode().lower().rstrip("."), port
