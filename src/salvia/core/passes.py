"""What opens the proxy: a name, and a password that follows from it and the server's secret; and who came in."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from hashlib import sha256

ADMINISTRATOR = "administrator"


@dataclass(frozen=True, slots=True)
class Guest:
    """Who was admitted. Unless `anywhere`, only public addresses are open to them."""

    name: str
    anywhere: bool


def password(secret: bytes, name: str) -> str:
    """The password of `name`; nothing needs to be kept to know it again."""
    return hmac.new(secret, f"proxy:{name}".encode(), sha256).hexdigest()
