"""Values made from shapes: everything a shape can hold, or only what it must."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

MOMENT = datetime(2024, 2, 29, 12, 30, 45, tzinfo=UTC)
#: What breaks careless encoders: XML's and URLs' own characters, white space, a character beyond ASCII.
TEXT = 'a <b> & "c" + %41 é/..//€'


def sample(shape: Any, *, full: bool, stack: tuple[str, ...] = ()) -> Any:
    """A value of `shape`; with `full` every member that does not recur is there."""
    kind = shape.type_name
    traits = shape.metadata
    if kind == "structure":
        return _structure(shape, full, stack)
    if kind == "list":
        return [sample(shape.member, full=full, stack=stack)] * max(traits.get("min", 0), 2)
    if kind == "map":
        return {sample(shape.key, full=full, stack=stack): sample(shape.value, full=full, stack=stack)}
    if kind == "string":
        if traits.get("enum"):
            return traits["enum"][-1]
        if shape.serialization.get("hostLabel"):
            return "a-route"
        located = shape.serialization.get("location")
        return "plain value" if located in ("header", "headers") else TEXT
    if kind == "blob":
        return b"\x00\xffblob"
    if kind == "timestamp":
        return MOMENT
    if kind == "boolean":
        return True
    if kind in ("float", "double"):
        return 1.5
    return max(traits.get("min", 3), 3)


def _structure(shape: Any, full: bool, stack: tuple[str, ...]) -> dict[str, Any]:
    if shape.is_document_type:
        return {"any": ["json", 1, None]}
    result: dict[str, Any] = {}
    stack = (*stack, shape.name)
    for name, member in shape.members.items():
        wanted = name in shape.required_members or (full and not (shape.is_tagged_union and result))
        if shape.is_tagged_union and not result:
            wanted = True
        if not wanted or _recurs(member, stack) or member.serialization.get("eventstream"):
            continue
        if member.serialization.get("location") == "headers":
            result[name] = {"colour": "plain value"}
        elif member.serialization.get("location") == "header" and member.type_name == "list":
            result[name] = [sample_header(member.member)]
        else:
            result[name] = sample(member, full=full, stack=stack)
    return result


def sample_header(shape: Any) -> Any:
    return "plain value" if shape.type_name == "string" and not shape.enum else sample(shape, full=True)


def _recurs(shape: Any, stack: tuple[str, ...], seen: tuple[str, ...] = ()) -> bool:
    """Whether a value of `shape` cannot be made without a structure that is already being made."""
    if shape.type_name == "list":
        return _recurs(shape.member, stack, seen)
    if shape.type_name == "map":
        return _recurs(shape.value, stack, seen)
    return shape.name in stack
