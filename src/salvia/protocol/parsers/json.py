"""JSON bodies, of the json and rest-json protocols, into Python values.

Every shape becomes one closure `parse(value, depth)`, built once. AWS ignores members it does not know and
takes null for absent; a value of the wrong type is a SerializationException.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import orjson

from salvia.core.errors import ServiceError
from salvia.protocol import timestamps

from .scalars import BOUNDS, MAX_DEPTH, SPECIAL_FLOATS, MalformedError, blob

Parse = Callable[[Any, int], Any]


def body_parser(service: Any, shape: Any, *, members: bool = False) -> Callable[[bytes], Any]:
    """A function from a body to the value of `shape`. It raises SerializationException."""
    parse = builder(service, members=members).build(shape)

    def parse_body(body: bytes) -> Any:
        value = decode(body)
        try:
            return parse(value, 0)
        except MalformedError as wrong:
            raise ServiceError("SerializationException", wrong.sentence()) from None

    return parse_body


def decode(body: bytes) -> Any:
    """The JSON value of `body`; {} when it is empty or null."""
    if not body:
        return {}
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as wrong:
        raise ServiceError("SerializationException", f"The request body is not valid JSON: {wrong}.") from None
    return {} if value is None else value


@cache
def builder(service: Any, *, members: bool = False) -> Builder:
    """The one builder of a service model, whose closures are shared by its operations.

    `members`: for JSON that names every member as the model does, wherever it travels at AWS; moments are numbers or
    text.
    """
    return Builder(members=members)


class Builder:
    """Closures by shape. A structure is registered before its members are built, so shapes may recur."""

    def __init__(self, *, members: bool = False) -> None:
        self._members = members
        self._structures: dict[str, Parse] = {}

    def build(self, shape: Any) -> Parse:
        kind: str = shape.type_name
        if kind == "structure":
            return _document if shape.is_document_type else self._structure(shape)
        if kind == "list":
            return _list(self.build(shape.member))
        if kind == "map":
            return _map(self.build(shape.value))
        if kind in BOUNDS:
            return _integer(BOUNDS[kind])
        if kind == "timestamp":
            wire = shape.serialization.get("timestampFormat", "unixtimestamp").lower()
            return _timestamp("" if self._members else wire)
        return _SCALARS[kind]

    def _structure(self, shape: Any) -> Parse:
        known = self._structures.get(shape.name)
        if known is not None:
            return known
        members: dict[str, tuple[str, Parse]] = {}
        find = members.get

        def parse(value: Any, depth: int) -> dict[str, Any]:
            if type(value) is not dict:
                raise MalformedError(_unexpected(value, "Structure"))
            if depth > MAX_DEPTH:
                raise MalformedError(f"The request nests deeper than {MAX_DEPTH} levels")
            depth += 1
            result = {}
            key = ""
            try:
                for key, item in value.items():
                    member = find(key)
                    if member is not None and item is not None:
                        result[member[0]] = member[1](item, depth)
            except MalformedError as wrong:
                wrong.path.append(key)
                raise
            return result

        self._structures[shape.name] = parse
        for name, member in shape.members.items():
            wire = name if self._members else member.serialization.get("name", name)
            members[wire] = (name, self.build(member))
        return parse


def _list(parse_member: Parse) -> Parse:
    def parse(value: Any, depth: int) -> list[Any]:
        if type(value) is not list:
            raise MalformedError(_unexpected(value, "List"))
        depth += 1
        index = 0
        result = []
        try:
            for item in value:
                index += 1
                if item is not None:
                    result.append(parse_member(item, depth))
        except MalformedError as wrong:
            wrong.path.append(str(index))
            raise
        return result

    return parse


def _map(parse_value: Parse) -> Parse:
    def parse(value: Any, depth: int) -> dict[str, Any]:
        if type(value) is not dict:
            raise MalformedError(_unexpected(value, "Map"))
        depth += 1
        result = {}
        key = ""
        try:
            for key, item in value.items():
                if item is not None:
                    result[key] = parse_value(item, depth)
        except MalformedError as wrong:
            wrong.path.append(key[:256])
            raise
        return result

    return parse


def _integer(bound: int) -> Parse:
    name = "Integer" if bound <= 2**31 else "Long"

    def parse(value: Any, depth: int) -> int:
        if type(value) is float and value.is_integer():
            value = int(value)
        if type(value) is not int:
            raise MalformedError(_unexpected(value, name))
        if not -bound <= value < bound:
            raise MalformedError(f"NUMBER_VALUE {value} is out of range for an {bound.bit_length()} bit {name}")
        return value

    return parse


def _string(value: Any, depth: int) -> str:
    if type(value) is not str:
        raise MalformedError(_unexpected(value, "String"))
    return value


def _boolean(value: Any, depth: int) -> bool:
    if type(value) is not bool:
        raise MalformedError(_unexpected(value, "Boolean"))
    return value


def _float(value: Any, depth: int) -> float:
    if type(value) is float or type(value) is int:
        return value
    if type(value) is str and value in SPECIAL_FLOATS:
        return SPECIAL_FLOATS[value]
    raise MalformedError(_unexpected(value, "Double"))


def _blob(value: Any, depth: int) -> bytes:
    if type(value) is not str:
        raise MalformedError(_unexpected(value, "Blob"))
    return blob(value)


def _timestamp(wire: str) -> Parse:
    def parse(value: Any, depth: int) -> object:
        try:
            if type(value) is int or type(value) is float:
                return timestamps.from_epoch(value)
            if type(value) is str and wire != "unixtimestamp":
                return timestamps.from_text(value)
        except ValueError as wrong:
            raise MalformedError(str(wrong)) from None
        raise MalformedError(f"{_token(value)} can not be converted to milliseconds since epoch")

    return parse


def _document(value: Any, depth: int) -> Any:
    """Any JSON; looked through only for its depth, level by level."""
    level = [value]
    while level:
        if depth > MAX_DEPTH:
            raise MalformedError(f"The request nests deeper than {MAX_DEPTH} levels")
        depth += 1
        level = [
            child
            for item in level
            if isinstance(item, (dict, list))
            for child in (item.values() if isinstance(item, dict) else item)
        ]
    return value


def _token(value: Any) -> str:
    names = {str: "STRING_VALUE", int: "NUMBER_VALUE", float: "NUMBER_VALUE", type(None): "NULL_VALUE"}
    if isinstance(value, bool):
        return "TRUE_VALUE" if value else "FALSE_VALUE"
    return names.get(type(value), "VALUE")


def _unexpected(value: Any, expected: str) -> str:
    # Coral's wording, as SageMaker and CloudWatch Logs answer it.
    if isinstance(value, dict):
        return "Start of structure or map found where not expected."
    if isinstance(value, list):
        return "Start of list found where not expected"
    if expected in ("Structure", "Map", "List"):
        return f"Unexpected token {_token(value)}: expected {expected.lower()} or null"
    article = "an" if expected[0] in "AEIOU" else "a"
    return f"{_token(value)} can not be converted to {article} {expected}"


_SCALARS: dict[str, Parse] = {
    "string": _string,
    "character": _string,
    "boolean": _boolean,
    "float": _float,
    "double": _float,
    "bigdecimal": _float,
    "blob": _blob,
}
