"""Which lines a filter means. Source: API_Expression, API_DimensionValues, API_TagValues."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from salvia.control.cost.bill import Line
from salvia.core.errors import validation_error

from . import dimensions

Test = Callable[[Line], bool]

_MATCHES: dict[str, Callable[[str, str], bool]] = {
    "EQUALS": str.__eq__,
    "STARTS_WITH": str.startswith,
    "ENDS_WITH": str.endswith,
    "CONTAINS": str.__contains__,
}
_CASES = {"CASE_SENSITIVE", "CASE_INSENSITIVE"}
_DEEPEST = 10


def test(expression: dict[str, Any] | None, depth: int = 0) -> Test:
    """Whether a line is meant; all are without an expression. Raises ValidationException for what cannot be told."""
    if expression is None:
        return lambda line: True
    if len(expression) != 1:
        raise validation_error("An expression has one of Or, And, Not, Dimensions and Tags; combine several by And.")
    if depth == _DEEPEST:
        raise validation_error(f"Expressions nest {_DEEPEST} deep at most.")
    ((kind, content),) = expression.items()
    if kind in ("Or", "And"):
        parts = [test(part, depth + 1) for part in content]
        if not parts:
            raise validation_error(f"{kind} needs expressions.")
        whole = any if kind == "Or" else all
        return lambda line: whole(part(line) for part in parts)
    if kind == "Not":
        negated = test(content, depth + 1)
        return lambda line: not negated(line)
    if kind == "Dimensions":
        if "Key" not in content or not content.get("Values"):
            raise validation_error("Dimensions needs a Key and Values.")
        value = dimensions.of(content["Key"])
        matches = _values(content)
        return lambda line: matches(value(line))
    if kind == "Tags":
        return _tags(content)
    raise validation_error(f"Salvia does not filter by {kind}. It does by Dimensions and Tags.")


def dimensions_in(expression: dict[str, Any] | None) -> set[str]:
    """The dimensions that it filters by, at whatever depth."""
    found, left = set(), [expression or {}]
    while left:
        for kind, content in left.pop().items():
            if kind == "Dimensions":
                found.add(content.get("Key", ""))
            elif kind != "Tags" and kind != "CostCategories":
                left += content if isinstance(content, list) else [content]
    return found


def _tags(content: dict[str, Any]) -> Test:
    """Without values, or by ABSENT, resources that do not have the tag are meant; without a key, those without any."""
    key, options = content.get("Key"), content.get("MatchOptions") or []
    if key is None:
        if content.get("Values"):
            raise validation_error("Tags with Values needs a Key.")
        return lambda line: not line.stretch.tags
    if "ABSENT" in options or not content.get("Values"):
        return lambda line: key not in line.stretch.tags
    matches = _values(content)
    return lambda line: matches(line.stretch.tags.get(key, ""))


def _values(content: dict[str, Any]) -> Callable[[str], bool]:
    options = set(content.get("MatchOptions") or ())
    unknown = options - _CASES - _MATCHES.keys()
    if unknown:
        raise validation_error(f"Salvia does not match by {', '.join(sorted(unknown))}.")
    ways = [_MATCHES[option] for option in options & _MATCHES.keys()] or [str.__eq__]
    plain = str.lower if "CASE_INSENSITIVE" in options else str
    wanted = [plain(value) for value in content["Values"]]
    return lambda value: any(way(plain(value), one) for one in wanted for way in ways)
