"""Identifiers as AWS shapes them."""

from __future__ import annotations

import secrets
import string
import uuid

_KEY_ALPHABET = string.ascii_uppercase + "234567"


def request_id() -> str:
    """A request id, a UUID as in `x-amzn-RequestId`."""
    return str(uuid.uuid4())


def unique_id(prefix: str) -> str:
    """An IAM unique id: `AKIA`, `ASIA`, `AROA`, `AIDA`, `ANPA` and 16 characters.

    Source: IAM user guide, "Unique identifiers".
    """
    return prefix + "".join(secrets.choice(_KEY_ALPHABET) for _ in range(16))


def secret_key() -> str:
    """A secret access key of 40 characters."""
    return secrets.token_urlsafe(30)


def token(size: int = 32) -> str:
    """An opaque URL-safe token of `size` random bytes."""
    return secrets.token_urlsafe(size)
