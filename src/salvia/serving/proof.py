"""Signature Version 4 over the requests of one shape, proved in a few microseconds.

The same canonical request as `core.sigv4`'s. What is the same in all requests of a second is hashed once, and so is
the key: HMAC is two hashes that begin with it (RFC 2104).
"""

from __future__ import annotations

from hashlib import sha256
from hmac import compare_digest

from salvia.core.authorization import ALGORITHM, SKEW
from salvia.core.canonical import seconds

from .head import Head

_BLOCK = 64  # bytes of SHA-256's
_ALGORITHM = f"{ALGORITHM}\n".encode()


class Proof:
    """`before` and `behind` are the canonical request around the time that a request was signed at."""

    __slots__ = (
        "_at",
        "_before",
        "_behind",
        "_canonical",
        "_date",
        "_inner",
        "_moment",
        "_outer",
        "_scope",
        "_to_sign",
    )

    def __init__(self, key: bytes, date: bytes, scope: bytes, before: bytes, behind: bytes) -> None:
        padded = key.ljust(_BLOCK, b"\0")
        self._inner = sha256(bytes(byte ^ 0x36 for byte in padded))
        self._outer = sha256(bytes(byte ^ 0x5C for byte in padded))
        self._date = date
        self._scope = scope
        self._before = before
        self._behind = behind
        self._at = b""
        self._moment = 0.0
        self._canonical = self._to_sign = sha256()

    def holds(self, head: Head, body: bytes, now: float) -> bool:
        """Whether a request is its signer's, as it stands, and of now."""
        if head.date != self._at and not self._turn_to(head.date):
            return False
        if abs(self._moment - now) > SKEW:
            return False
        canonical, inner, outer = self._canonical.copy(), self._to_sign.copy(), self._outer.copy()
        canonical.update(sha256(body).hexdigest().encode())
        inner.update(canonical.hexdigest().encode())
        outer.update(inner.digest())
        return compare_digest(outer.hexdigest().encode(), head.signature)

    def _turn_to(self, at: bytes) -> bool:
        """Hash what the requests of a second have in common; False where none can be good."""
        try:
            self._moment = seconds(at.decode())
        except ValueError:
            return False
        if at[:8] != self._date:
            return False
        self._at = at
        self._canonical = sha256(self._before + at + self._behind)
        self._to_sign = self._inner.copy()
        self._to_sign.update(b"%b%b\n%b\n" % (_ALGORITHM, at, self._scope))
        return True
