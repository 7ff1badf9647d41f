"""Whether the arguments of a step are a request of its operation, as far as expressions in them let one tell.

A call that comes over the wire is parsed by its model; arguments are not, so wrong types must be found here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from salvia.protocol import models

from .expressions import GET, is_one, text

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "character": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "bigdecimal": (int, float),
    "timestamp": (int, float, str),
    "blob": (str,),
}
_CALLED = {str: "a string", bool: "true or false", int: "an integer", float: "a number"}


def problems(operation: str, arguments: dict[str, Any], given: str) -> Iterator[str]:
    """What is wrong with the arguments of an operation; what `given` names, the execution adds."""
    shape = models.operation("sagemaker", operation).input_shape
    yield from _structure(shape, {given: "x", **arguments}, "Arguments")


def fitted(operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Resolved arguments, with numbers and truth values as text where the operation wants a string.

    Version 3 of the SDK refers to a ParameterInteger from HyperParameters, whose values are strings.
    """
    fitted: dict[str, Any] = _fitted(models.operation("sagemaker", operation).input_shape, arguments)
    return fitted


def _fitted(shape: Any, value: Any) -> Any:
    if shape.type_name == "structure" and isinstance(value, dict):
        known = shape.members
        return {name: _fitted(known[name], inner) if name in known else inner for name, inner in value.items()}
    if shape.type_name == "list" and isinstance(value, list):
        return [_fitted(shape.member, inner) for inner in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {key: _fitted(shape.value, inner) for key, inner in value.items()}
    return text(value) if shape.type_name == "string" and isinstance(value, int | float) else value


def leads(shape: Any, steps: list[str | int]) -> bool:
    """Whether there can be something at the end of a path in an answer."""
    for step in steps:
        if shape.type_name == "structure":
            if step not in shape.members:
                return False
            shape = shape.members[step]
        elif shape.type_name == "list":
            shape = shape.member
        elif shape.type_name == "map":
            shape = shape.value
        else:
            return False
    return True


def _value(shape: Any, value: Any, where: str) -> Iterator[str]:
    if is_one(value) and not (shape.type_name in ("map", "structure") and GET not in value and _fits(shape, value)):
        return
    if shape.type_name == "structure":
        yield from _structure(shape, value, where)
    elif shape.type_name == "list":
        if not isinstance(value, list):
            yield f"{where} must be a list"
            return
        for number, member in enumerate(value):
            yield from _value(shape.member, member, f"{where}[{number}]")
    elif shape.type_name == "map":
        if not isinstance(value, dict):
            yield f"{where} must be a JSON object"
            return
        for key, member in value.items():
            yield from _value(shape.value, member, f"{where}['{key}']")
    elif value is None or not _scalar(shape.type_name, value):
        yield f"{where} must be {_CALLED.get(_TYPES[shape.type_name][-1], 'a value')}, and is {value!r:.80}"


def _fits(shape: Any, value: dict[str, Any]) -> bool:
    return shape.type_name == "structure" and set(value) <= set(shape.members)


def _scalar(kind: str, value: Any) -> bool:
    return isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _structure(shape: Any, value: Any, where: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{where} must be a JSON object"
        return
    for member in shape.required_members:
        if value.get(member) is None:
            yield f"{where} lacks {member}"
    for member, inner in value.items():
        if member not in shape.members:
            yield f"{where} has '{member}', which {shape.name} has not"
        elif inner is not None:  # null is as good as left out, in AWS's JSON
            yield from _value(shape.members[member], inner, f"{where}.{member}")
