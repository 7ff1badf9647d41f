"""Conditions of Condition steps, of each type that the SDKs write. Source: the SDKs' ConditionTypeEnum."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

from .expressions import Scope, resolve

COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": operator.eq,
    "GreaterThan": operator.gt,
    "GreaterThanOrEqualTo": operator.ge,
    "LessThan": operator.lt,
    "LessThanOrEqualTo": operator.le,
}
_MEMBERS = {"In": ("QueryValue", "Values"), "Not": ("Condition",), "Or": ("Conditions",)}


def problems(condition: Any) -> Iterator[str]:
    """What is wrong with how a condition is written."""
    if not isinstance(condition, dict):
        yield "a condition is a JSON object"
        return
    kind = condition.get("Type")
    kind = kind if isinstance(kind, str) else None
    if kind not in COMPARISONS and kind not in _MEMBERS:
        yield f"there is no condition of Type '{kind}'; there are {', '.join([*COMPARISONS, *_MEMBERS])}"
        return
    needed = _MEMBERS.get(str(kind), ("LeftValue", "RightValue"))
    missing = [member for member in needed if member not in condition]
    if missing:
        yield f"a condition of Type {kind} needs {' and '.join(missing)}"
        return
    if kind == "Not":
        yield from problems(condition["Condition"])
    for member in ("Values", "Conditions"):
        if member in needed and not (isinstance(condition[member], list) and condition[member]):
            yield f"the {member} of a condition of Type {kind} are a list that is not empty"
            return
    if kind == "Or":
        for one in condition["Conditions"]:
            yield from problems(one)


async def holds(condition: dict[str, Any], scope: Scope) -> bool:
    """Whether a condition is true. Raises ValueError for what cannot be compared."""
    kind = condition["Type"]
    if kind == "Not":
        return not await holds(condition["Condition"], scope)
    if kind == "Or":
        return any([await holds(one, scope) for one in condition["Conditions"]])
    if kind == "In":
        return await resolve(condition["QueryValue"], scope) in await resolve(condition["Values"], scope)
    left, right = await resolve(condition["LeftValue"], scope), await resolve(condition["RightValue"], scope)
    if kind != "Equals" and not (_number(left) and _number(right)) and not (type(left) is type(right) is str):
        raise ValueError(f"{left!r} and {right!r} cannot be compared by {kind}: both must be numbers, or both strings")
    return COMPARISONS[kind](left, right)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
