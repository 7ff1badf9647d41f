"""Whether a request obeys its model: required, type, range, length, pattern, enum, union.

Two passes. `check` closures, built once a shape, only say yes or no, and fast. Only when they say no does
`violations` look again and word everything that is wrong, as AWS does.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable
from datetime import datetime
from functools import cache
from typing import Any

from .models import BUILDING
from .patterns import compiled
from .refusals import refusal
from .violations import violations

Check = Callable[[Any], bool]

#: Patterns that any text matches, or any of one line.
ANYTHING = frozenset({"[\\s\\S]*", "[\\S\\s]*", "^[\\s\\S]*$", "[\\s\\S]+", "[\\S\\s]+"})
ONE_LINE = frozenset({".*", "^.*$", ".+"})


def validate(model: Any, params: dict[str, Any]) -> None:
    """Check the parsed input of the OperationModel `model`.

    Raises ServiceError with the code of the service (ValidationException, ValidationError,
    InvalidParameterException, InvalidArgument, MalformedXML) and all violations in AWS's sentence:
    `1 validation error detected: Value 'x' at 'y' failed to satisfy constraint: Member must …`.
    """
    if model.input_shape is None or checker(model)(params):
        return
    found = violations(model.input_shape, params)
    if found:
        raise refusal(model, found)


@cache
def checker(model: Any) -> Check:
    """The fast check of an operation's input."""
    with BUILDING:
        return _builder(model.service_model).build(model.input_shape)


@cache
def _builder(service: Any) -> _Builder:
    return _Builder()


class _Builder:
    """Closures by shape. A structure is registered before its members are built, so shapes may recur."""

    def __init__(self) -> None:
        self._structures: dict[str, Check] = {}

    def build(self, shape: Any) -> Check:
        kind: str = shape.type_name
        traits = shape.metadata
        if kind == "structure":
            return _anything if shape.is_document_type else self._structure(shape)
        low, high = traits.get("min"), traits.get("max")
        if kind == "list":
            return _list(self.build(shape.member), low, high)
        if kind == "map":
            return _map(self.build(shape.key), self.build(shape.value), low, high)
        if kind in ("string", "character"):
            return _string(shape, low, high)
        if kind == "blob":
            return _blob(low, high)
        if kind == "boolean":
            return _boolean
        if kind == "timestamp":
            return _timestamp
        if kind in ("float", "double", "bigdecimal"):
            return _number((int, float), low, high)
        return _number((int,), low, high)

    def _structure(self, shape: Any) -> Check:
        known = self._structures.get(shape.name)
        if known is not None:
            return known
        members: dict[str, Check] = {}
        find = members.get
        required = frozenset(shape.required_members)
        union = bool(shape.is_tagged_union)

        def check(value: Any) -> bool:
            if type(value) is not dict or not required <= value.keys() or (union and len(value) != 1):
                return False
            for name, item in value.items():
                member = find(name)
                if member is not None and not member(item):
                    return False
            return True

        self._structures[shape.name] = check
        for name, member in shape.members.items():
            if not member.serialization.get("eventstream"):
                members[name] = self.build(member)
        return check


def _anything(value: Any) -> bool:
    return True


def _list(member: Check, low: int | None, high: int | None) -> Check:
    low, high = low or 0, high if high is not None else 2**62

    def check(value: Any) -> bool:
        if not isinstance(value, (list, tuple)) or not low <= len(value) <= high:
            return False
        return all(map(member, value))

    return check


def _map(key: Check, member: Check, low: int | None, high: int | None) -> Check:
    low, high = low or 0, high if high is not None else 2**62

    def check(value: Any) -> bool:
        if type(value) is not dict or not low <= len(value) <= high:
            return False
        return all(map(key, value)) and all(map(member, value.values()))

    return check


def _string(shape: Any, low: int | None, high: int | None) -> Check:
    enum = shape.metadata.get("enum")
    if enum:
        allowed = frozenset(enum)
        return lambda value: type(value) is str and value in allowed
    low, high = low or 0, high if high is not None else 2**62
    pattern = shape.metadata.get("pattern")
    if pattern is None or pattern in ANYTHING:
        if low == 0 and high == 2**62:
            return lambda value: type(value) is str
        return lambda value: type(value) is str and low <= len(value) <= high
    if pattern in ONE_LINE:
        return lambda value: type(value) is str and low <= len(value) <= high and "\n" not in value
    match = compiled(pattern).fullmatch
    # Length comes first, which bounds what a pattern may have to go through.
    return lambda value: type(value) is str and low <= len(value) <= high and match(value) is not None


def _blob(low: int | None, high: int | None) -> Check:
    low, high = low or 0, high if high is not None else 2**62

    def check(value: Any) -> bool:
        if isinstance(value, (bytes, bytearray, memoryview)):
            return low <= len(value) <= high
        return isinstance(value, AsyncIterable)

    return check


def _number(kinds: tuple[type, ...], low: float | None, high: float | None) -> Check:
    low = low if low is not None else float("-inf")
    high = high if high is not None else float("inf")
    plain = kinds == (int,)

    def check(value: Any) -> bool:
        kind = type(value)
        if kind is int or (kind is float and not plain):
            # NaN compares with nothing; where the model sets no bounds it is a double like others.
            return low <= value <= high or (value != value and low == -high == float("-inf"))
        return False

    return check


def _boolean(value: Any) -> bool:
    return type(value) is bool


def _timestamp(value: Any) -> bool:
    return isinstance(value, datetime)
