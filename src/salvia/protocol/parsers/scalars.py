"""Single values as text (headers, query strings, forms, XML) and what is wrong with them."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable
from typing import Any

from salvia.protocol import timestamps

#: No request nests deeper than this; the deepest shapes of AWS that are not recursive reach 20.
MAX_DEPTH = 100

BOUNDS = {"integer": 2**31, "long": 2**63, "short": 2**15, "byte": 2**7, "biginteger": 2**1023}

_INTEGER = re.compile(r"[-+]?[0-9]{1,19}")
_FLOAT = re.compile(r"[-+]?([0-9]{1,400}\.?[0-9]{0,400}|\.[0-9]{1,400})([eE][-+]?[0-9]{1,4})?")
SPECIAL_FLOATS = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


class MalformedError(Exception):
    """A value that its shape cannot hold. `path` fills up, innermost first, while the exception rises."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.path: list[str] = []

    def sentence(self) -> str:
        """The reason, and where in the request it applies."""
        if not self.path:
            return self.reason
        return f"{self.reason} (at '{'.'.join(reversed(self.path))}')"


def text_scalar(shape: Any) -> Callable[[str], Any]:
    """A function from text to the value of a scalar `shape`; it raises MalformedError."""
    kind: str = shape.type_name
    if kind in BOUNDS:
        bound = BOUNDS[kind]
        return lambda text: integer(text, bound)
    return _SCALARS.get(kind, _string)


def integer(text: str, bound: int) -> int:
    text = text.strip()
    if _INTEGER.fullmatch(text):
        number = int(text)
        if -bound <= number < bound:
            return number
    raise MalformedError(f"'{text[:64]}' is not an integer of {bound.bit_length()} bits")


def _float(text: str) -> float:
    text = text.strip()
    if text in SPECIAL_FLOATS:
        return SPECIAL_FLOATS[text]
    if _FLOAT.fullmatch(text):
        number = float(text)
        if abs(number) != float("inf"):
            return number
    raise MalformedError(f"'{text[:64]}' is not a number")


def _boolean(text: str) -> bool:
    word = text.strip().lower()
    if word == "true":
        return True
    if word == "false":
        return False
    raise MalformedError(f"'{text[:64]}' is neither true nor false")


def _timestamp(text: str) -> object:
    try:
        return timestamps.from_text(text)
    except ValueError as wrong:
        raise MalformedError(str(wrong)) from None


def blob(text: str) -> bytes:
    try:
        return b64decode(text.encode("ascii"), validate=True)
    except ValueError:
        raise MalformedError("The value is not valid base64") from None


def _string(text: str) -> str:
    return text


_SCALARS: dict[str, Callable[[str], Any]] = {
    "float": _float,
    "double": _float,
    "bigdecimal": _float,
    "boolean": _boolean,
    "timestamp": _timestamp,
    "blob": blob,
    "string": _string,
    "character": _string,
}
