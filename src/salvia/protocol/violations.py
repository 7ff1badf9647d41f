"""Everything that is wrong with a request, worded as AWS words it.

The slow half of validation: it runs only for requests that are refused.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .patterns import compiled

MAX_REPORTED = 50  # a message is read by people; the number of violations is not bounded by anything else
_MAX_ECHO = 1024


@dataclass(frozen=True, slots=True)
class Violation:
    """One constraint that one value fails. `members` is the way there, in the model's own names."""

    path: str  # as AWS prints it: `inputDataConfig.1.member.channelName`
    shown: str  # the value as it may be shown: "'x'", "null", or "" for sensitive ones
    constraint: str  # `Member must …`
    member: str  # the top-level member of the input
    missing: bool = False
    value: Any = None

    def sentence(self) -> str:
        shown = f"Value {self.shown} at" if self.shown else "Value at"
        return f"{shown} '{self.path}' failed to satisfy constraint: {self.constraint}"


def violations(shape: Any, params: Any) -> list[Violation]:
    """All violations of the structure `shape` in `params`, in the model's order, at most MAX_REPORTED."""
    found: list[Violation] = []
    for violation in _structure(shape, params, "", ""):
        found.append(violation)
        if len(found) == MAX_REPORTED:
            break
    return found


def message(found: list[Violation]) -> str:
    """`2 validation errors detected: …; …`."""
    plural = "s" if len(found) != 1 else ""
    return f"{len(found)} validation error{plural} detected: " + "; ".join(violation.sentence() for violation in found)


def _structure(shape: Any, value: Any, path: str, top: str) -> Iterator[Violation]:
    if not isinstance(value, dict):
        yield Violation(path, _show(shape, value), "Member must be a structure", top)
        return
    required = set(shape.required_members)
    for name, member in shape.members.items():
        item = value.get(name)
        below = f"{path}.{_lower(name)}" if path else _lower(name)
        if item is None:
            if name in required:
                yield Violation(below, "null", "Member must not be null", top or name, missing=True)
        elif not member.serialization.get("eventstream"):
            yield from _value(member, item, below, top or name)
    if shape.is_tagged_union:
        names = [name for name in value if name in shape.members and value[name] is not None]
        if len(names) != 1:
            choice = ", ".join(_lower(name) for name in shape.members)
            yield Violation(path, "", f"Member must have exactly one of its members set: [{choice}]", top)


def _value(shape: Any, value: Any, path: str, top: str) -> Iterator[Violation]:
    kind = shape.type_name
    if kind == "structure":
        if not shape.is_document_type:
            yield from _structure(shape, value, path, top)
        return
    for constraint in _constraints(shape, value):
        yield Violation(path, _show(shape, value), constraint, top, value=value)
    if kind == "list" and isinstance(value, (list, tuple)):
        if _is_scalar(shape.member):
            for item in value:
                if _constraints(shape.member, item):
                    every = ", ".join(_all_constraints(shape.member, item))
                    constraint = f"Member must satisfy constraint: [{every}]"
                    yield Violation(path, _show(shape, value), constraint, top, value=item)
                    break
        else:
            for index, item in enumerate(value, 1):
                yield from _value(shape.member, item, f"{path}.{index}.member", top)
    elif kind == "map" and isinstance(value, dict):
        yield from _map(shape, value, path, top)


def _map(shape: Any, value: dict[Any, Any], path: str, top: str) -> Iterator[Violation]:
    for key in value:
        if _constraints(shape.key, key):
            every = ", ".join(_all_constraints(shape.key, key))
            yield Violation(path, _show(shape, value), f"Map keys must satisfy constraint: [{every}]", top)
            break
    if _is_scalar(shape.value):
        for item in value.values():
            if _constraints(shape.value, item):
                every = ", ".join(_all_constraints(shape.value, item))
                constraint = f"Map value must satisfy constraint: [{every}]"
                yield Violation(path, _show(shape, value), constraint, top)
                break
    else:
        for key, item in value.items():
            yield from _value(shape.value, item, f"{path}.{str(key)[:256]}.member", top)


def _constraints(shape: Any, value: Any) -> list[str]:
    """The constraints of `shape` itself, not of what it holds, that `value` fails."""
    expected = _TYPES.get(shape.type_name)
    if expected is not None:
        kinds, name = expected
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            return [f"Member must be {name}"]
    return [text for text, holds in _traits(shape, value) if not holds]


def _all_constraints(shape: Any, value: Any) -> list[str]:
    # For what a list or map holds, AWS names every constraint, satisfied or not.
    traits = [text for text, _ in _traits(shape, value)]
    return traits or _constraints(shape, value)


def _traits(shape: Any, value: Any) -> Iterator[tuple[str, bool]]:
    traits = shape.metadata
    sized = isinstance(value, (str, bytes, bytearray, list, tuple, dict))
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if traits.get("enum"):
        allowed = ", ".join(traits["enum"])
        yield f"Member must satisfy enum value set: [{allowed}]", value in traits["enum"]
        return
    high, low = traits.get("max"), traits.get("min")
    noun, size = ("length", len(value)) if sized else ("value", value)
    measured = sized or number
    if high is not None:
        yield f"Member must have {noun} less than or equal to {high}", not measured or size <= high
    if low is not None:
        yield f"Member must have {noun} greater than or equal to {low}", not measured or size >= low
    if "pattern" in traits and shape.type_name == "string":
        pattern = traits["pattern"]
        text = f"Member must satisfy regular expression pattern: {pattern}"
        # What is too long is refused for that; it must not keep a pattern busy besides.
        too_long = high is not None and measured and size > high
        yield text, too_long or not isinstance(value, str) or bool(compiled(pattern).fullmatch(value))


def _is_scalar(shape: Any) -> bool:
    return shape.type_name not in ("structure", "list", "map")


def _show(shape: Any, value: Any) -> str:
    """The value as a message may show it; "" where it must not be shown or would say nothing."""
    text = _text(shape, value)
    if text is None:
        return ""
    return f"'{text[:_MAX_ECHO]}{'…' if len(text) > _MAX_ECHO else ''}'"


def _text(shape: Any, value: Any) -> str | None:
    if shape.metadata.get("sensitive") or shape.type_name in ("structure", "blob"):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if shape.type_name == "list" and isinstance(value, (list, tuple)):
        items = [_text(shape.member, item) for item in value[:100]]
        return None if None in items else f"[{', '.join(str(item) for item in items)}]"
    if shape.type_name == "map" and isinstance(value, dict):
        entries = [(_text(shape.key, key), _text(shape.value, item)) for key, item in list(value.items())[:100]]
        if any(key is None or item is None for key, item in entries):
            return None
        return "{" + ", ".join(f"{key}={item}" for key, item in entries) + "}"
    return str(value)


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


_TYPES: dict[str, tuple[tuple[type, ...], str]] = {
    "string": ((str,), "a string"),
    "character": ((str,), "a string"),
    "integer": ((int,), "an integer"),
    "long": ((int,), "an integer"),
    "float": ((int, float), "a number"),
    "double": ((int, float), "a number"),
    "boolean": ((bool,), "a boolean"),
    "timestamp": ((datetime,), "a timestamp"),
    "list": ((list, tuple), "a list"),
    "map": ((dict,), "a map"),
    "blob": ((bytes, bytearray, memoryview, AsyncIterable), "a blob"),
}
