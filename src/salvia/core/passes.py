"""What opens the proxy: a name, and a password that follows from it and the server's secret."""

from __future__ import annotations

import hmac
from hashlib import sha256

ADMINISTRATOR = "administrator"


def password(secret: bytes, name: str) -> str:
    """The password of `name`; nothing needs to be kept to know it again."""
    return hmac.new(secret, f"proxy:{name}".encode(), sha256).hexdigest()
