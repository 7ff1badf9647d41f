"""What all listings share: limits, markers, and keys that XML cannot hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from .. import failures

MOST = 1000
_HIGHEST = 2**31 - 1
Encode = Callable[[str], str]


def limit(request: Mapping[str, Any], member: str, parameter: str) -> int:
    """How many entries a page has. Raises InvalidArgument for a negative number."""
    given = request.get(member, MOST)
    if not 0 <= given <= _HIGHEST:
        raise failures.invalid_argument(
            f"Argument {parameter} must be an integer between 0 and {_HIGHEST}", parameter, given
        )
    return min(int(given), MOST)


def encoder(request: Mapping[str, Any]) -> Encode:
    """How keys are written: percent-encoded when `encoding-type=url` asks for it.

    A space becomes %20, which every client decodes; S3's own `+` only some do.
    """
    if request.get("EncodingType") != "url":
        return str
    return lambda text: quote(text, safe="/-_.~*")


def prefixes(found: list[bytes], encode: Encode) -> list[dict[str, str]]:
    """The CommonPrefixes member."""
    return [{"Prefix": encode(prefix.decode())} for prefix in found]
