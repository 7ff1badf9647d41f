"""SearchExpressions into predicates. Source: API_SearchExpression, API_Filter, API_NestedFilters.

What the documentation leaves open: NotEquals is what Equals is not, so it holds where the property is missing; a
property with several values satisfies a filter when one of them does; text is compared as it is written.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from salvia.core.errors import validation_error

from .properties import Property, find_property, number

Predicate = Callable[[Any], bool]

_LIMIT = 50  # filters, nested filters and subexpressions of one search
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "GreaterThan": operator.gt,
    "GreaterThanOrEqualTo": operator.ge,
    "LessThan": operator.lt,
    "LessThanOrEqualTo": operator.le,
}


class _Compiler:
    def __init__(self, shape: Any) -> None:
        self.shape = shape
        self.used: set[str] = set()
        self.count = 0

    def expression(self, expression: dict[str, Any]) -> Predicate:
        parts: list[Predicate] = []
        for member, compile_one in (
            ("Filters", self.filter),
            ("NestedFilters", self.nested),
            ("SubExpressions", self.expression),
        ):
            for part in expression.get(member) or ():
                self._tally()
                parts.append(compile_one(part))
        if not parts:
            raise validation_error(
                "A SearchExpression needs at least one of Filters, NestedFilters and SubExpressions."
            )
        either = expression.get("Operator", "And") == "Or"
        hold = any if either else all
        return lambda record: hold(part(record) for part in parts)

    def filter(self, filter_: dict[str, Any]) -> Predicate:
        self.used.add(filter_["Name"].partition(".")[0])
        return _test(filter_, find_property(self.shape, filter_["Name"]))

    def nested(self, nested: dict[str, Any]) -> Predicate:
        name = nested["NestedPropertyName"]
        self.used.add(name.partition(".")[0])
        outer = find_property(self.shape, name, element=True)
        shape = self.shape
        for segment in name.split("."):
            shape = shape.members[segment] if shape.type_name == "structure" else None
            if shape is None:
                break
        if shape is None or shape.type_name != "list" or shape.member.type_name != "structure":
            raise validation_error(f"NestedPropertyName '{name}' is not a list of objects.")
        tests = []
        for filter_ in nested["Filters"]:
            self._tally()
            if not filter_["Name"].startswith(f"{name}."):
                raise validation_error(f"'{filter_['Name']}' is not below '{name}', as nested filters must be.")
            inner = find_property(shape.member, filter_["Name"].removeprefix(f"{name}."), element=True)
            tests.append(_test(filter_, inner))

        def holds(record: Any) -> bool:
            return any(all(test(item) for test in tests) for found in outer.values(record) for item in found)

        return holds

    def _tally(self) -> None:
        self.count += 1
        if self.count > _LIMIT:
            raise validation_error(
                f"A SearchExpression may hold at most {_LIMIT} Filters, NestedFilters and SubExpressions."
            )


def compile_expression(shape: Any, expression: dict[str, Any] | None) -> tuple[Predicate, set[str]]:
    """A predicate on records of `shape`, and the members of a record that it looks at.

    Raises ValidationException for a property that there is not, or an operator or value that does not fit it.
    """
    if expression is None:
        return lambda record: True, set()
    compiler = _Compiler(shape)
    return compiler.expression(expression), compiler.used


def _test(filter_: dict[str, Any], found: Property) -> Predicate:
    name, value = filter_.get("Operator", "Equals"), filter_.get("Value")
    values = found.values
    if name in ("Exists", "NotExists"):
        there = name == "Exists"
        return lambda record: bool(values(record)) is there
    if value is None:
        raise validation_error(f"Filter '{found.name}': the operator {name} needs a Value.")
    if found.kind == "whole":
        raise validation_error(f"Filter '{found.name}': an object can be tested with Exists and NotExists alone.")
    compare = _compare(name, value, found)
    if name == "NotEquals":
        return lambda record: not any(compare(one) for one in values(record))
    return lambda record: any(compare(one) for one in values(record))


def _compare(name: str, value: str, found: Property) -> Callable[[Any], bool]:
    """One value of the property against the filter's; NotEquals compares as Equals does."""
    if name in ("Contains", "In"):
        if found.kind not in ("text", "any"):
            raise validation_error(f"Filter '{found.name}': {name} is supported for text properties alone.")
        choices = set(value.split(","))
        if name == "Contains":
            return lambda one: value in str(one)
        return lambda one: str(one) in choices
    if found.kind == "text" and name in _ORDER:
        raise validation_error(f"Filter '{found.name}': {name} is not supported for text properties.")
    compare: Callable[[Any, Any], bool] = _ORDER.get(name, operator.eq)
    if found.kind == "any":
        return _compare_any(name, value, found, compare)
    wanted: Any = _READ[found.kind](value, found.name)
    if found.kind == "timestamp":
        return lambda one: compare(_moment(one), wanted)
    return lambda one: compare(one, wanted)


def _compare_any(name: str, value: str, found: Property, compare: Callable[[Any, Any], bool]) -> Callable[[Any], bool]:
    """Hyperparameters are text that is compared as numbers where both are; as integers where the filter's is one."""
    wanted = number(value)
    if wanted is None:
        if name in _ORDER:
            raise validation_error(f"Filter '{found.name}': {name} needs a number, not '{value}'.")
        return lambda one: str(one) == value
    whole = value.lstrip("+-").isdigit()

    def holds(one: Any) -> bool:
        given = number(one)
        if given is None:
            return False
        return compare(int(given) if whole and isinstance(one, str) else given, wanted)

    return holds


def _read_number(value: str, name: str) -> float:
    found = number(value)
    if found is None:
        raise validation_error(f"Filter '{name}': '{value}' is no number, which the property is.")
    return found


def _read_boolean(value: str, name: str) -> bool:
    if value.lower() not in ("true", "false"):
        raise validation_error(f"Filter '{name}': '{value}' is neither true nor false, which the property is.")
    return value.lower() == "true"


def read_timestamp(value: str, name: str) -> float:
    """Seconds since the epoch. A time without a zone is UTC."""
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise validation_error(
            f"Filter '{name}': '{value}' is no time. A time reads YYYY-mm-dd'T'HH:MM:SS, as 2030-01-31T12:00:00."
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


_READ: dict[str, Callable[[str, str], Any]] = {
    "text": lambda value, name: value,
    "number": _read_number,
    "boolean": _read_boolean,
    "timestamp": read_timestamp,
}


def _moment(value: Any) -> float:
    return value.timestamp() if isinstance(value, datetime) else float(value)
