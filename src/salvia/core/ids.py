"""Identifiers as AWS shapes them."""

from __future__ import annotations

import os
import random
import secrets
import string

_numbers = random.Random(secrets.randbits(256))  # noqa: S311
# Gateways and controllers are forks of one process: each would make the ids that the others make.
os.register_at_fork(after_in_child=lambda: _numbers.seed(secrets.randbits(256)))
_KEY_ALPHABET = string.ascii_uppercase + "234567"


def request_id() -> str:
    """A request id, a UUID as in `x-amzn-RequestId`."""
    return row_id()


def row_id() -> str:
    """A version 4 UUID that is unique and no secret: the kernel, which makes secrets, takes 50 times as long."""
    digits = _numbers.randbytes(16).hex()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def event_id(moment: float) -> str:
    """A UUID of version 7: those of later milliseconds compare greater. Source: RFC 9562, section 5.7."""
    tail = f"{_numbers.getrandbits(72):018x}"
    return f"{event_ids_from(moment)}-7{tail[:3]}-a{tail[3:6]}-{tail[6:18]}"


def event_ids_from(moment: float) -> str:
    """What every event id of `moment`'s millisecond, or of a later one, is at least."""
    stamp = f"{int(moment * 1000):012x}"
    return f"{stamp[:8]}-{stamp[8:]}"


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
