"""Python values into JSON bodies, of the json and rest-json protocols.

Every shape becomes one closure from a value to what orjson writes. Members that are None or unknown to the
model are left out: a description may hand over more than its shape shows.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from functools import cache
from math import isfinite
from typing import Any

import orjson

from salvia.protocol import timestamps

Convert = Callable[[Any], Any]

#: Where members of a response travel that are not in its body. (`querystring` means nothing there.)
ELSEWHERE = ("header", "headers", "statusCode")


class Kept(dict[str, Any]):
    """A structure that is answered again and again: once written as JSON, it stays written. Never change one.

    What stands beside it in an answer must be what orjson can write.
    """

    __slots__ = ("wire",)
    wire: orjson.Fragment


def encode(value: Any) -> bytes:
    """`value` as JSON. What orjson refuses (lone surrogates, huge integers, deep trees) goes the slow way."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value, separators=(",", ":")).encode("ascii")


@cache
def builder(service: Any, *, members: bool = False) -> Builder:
    """The one builder of a service model.

    `members`: for JSON that names every member as the model does, wherever it travels at AWS, and moments in seconds.
    """
    return Builder(members=members)


class Builder:
    """Closures by shape. A structure is registered before its members are built, so shapes may recur."""

    def __init__(self, *, members: bool = False) -> None:
        self._members = members
        self._structures: dict[str, Convert] = {}

    def build(self, shape: Any) -> Convert:
        kind: str = shape.type_name
        if kind == "structure":
            return _same if shape.is_document_type else self._structure(shape)
        if kind == "list":
            member = self.build(shape.member)
            return lambda value: [member(item) for item in value if item is not None]
        if kind == "map":
            entry = self.build(shape.value)
            return lambda value: {str(key): entry(item) for key, item in value.items() if item is not None}
        if kind == "timestamp" and self._members:
            return timestamps.epoch
        if kind == "timestamp":
            return _TIMESTAMPS[shape.serialization.get("timestampFormat", "unixtimestamp").lower()]
        return _SCALARS.get(kind, _integer)

    def _structure(self, shape: Any) -> Convert:
        known = self._structures.get(shape.name)
        if known is not None:
            return known
        members: dict[str, tuple[str, Convert]] = {}

        def convert(value: Any) -> Any:
            if type(value) is Kept:
                return _wire(value, plain)
            return plain(value)

        def plain(value: Any) -> dict[str, Any]:
            result = {}
            for name, item in value.items():
                if item is not None and name in members:
                    wire, member = members[name]
                    result[wire] = member(item)
            return result

        self._structures[shape.name] = convert
        for name, member in shape.members.items():
            if self._members:
                members[name] = name, self.build(member)
            elif member.serialization.get("location") not in ELSEWHERE:
                members[name] = member.serialization.get("name", name), self.build(member)
        return convert


def _wire(value: Kept, convert: Convert) -> orjson.Fragment:
    try:
        return value.wire
    except AttributeError:
        value.wire = orjson.Fragment(encode(convert(value)))
        return value.wire


def _same(value: Any) -> Any:
    return value


def _string(value: Any) -> str:
    return value if type(value) is str else str(value)


def _integer(value: Any) -> int:
    return value if type(value) is int else int(value)


def _float(value: Any) -> Any:
    number = float(value) if type(value) is not int else value
    if isfinite(number):
        return number
    return "NaN" if number != number else "Infinity" if number > 0 else "-Infinity"


def blob(value: Any) -> str:
    """Bytes, or text as UTF-8, in base64."""
    return b64encode(value.encode() if isinstance(value, str) else value).decode("ascii")


_TIMESTAMPS: dict[str, Convert] = {
    "unixtimestamp": timestamps.epoch,
    "iso8601": timestamps.iso,
    "rfc822": timestamps.http_date,
}
_SCALARS: dict[str, Convert] = {
    "string": _string,
    "character": _string,
    "boolean": bool,
    "float": _float,
    "double": _float,
    "bigdecimal": _float,
    "blob": blob,
}
