"""Filter policies: which messages a subscription wants, by their attributes or their JSON body.

Source: SNS developer guide, "Amazon SNS subscription filter policies".
"""

from __future__ import annotations

import ipaddress
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import orjson

from .errors import invalid

Condition = Callable[[Any], bool]
_ORDER: Mapping[str, Callable[[float, float], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_MOST_KEYS = 5
_ABSENT = object()


def parse(text: str) -> dict[str, Any]:
    """A policy that can be evaluated. Raises InvalidParameter."""
    try:
        policy = orjson.loads(text)
    except ValueError:
        raise invalid("FilterPolicy", "failed to parse JSON") from None
    if not isinstance(policy, dict):
        raise invalid("FilterPolicy", "it must be a JSON object")
    if len(policy) > _MOST_KEYS:
        raise invalid("FilterPolicy", f"it can have at most {_MOST_KEYS} keys")
    _check(policy)
    return policy


def _check(policy: Mapping[str, Any]) -> None:
    for key, wanted in policy.items():
        if key == "$or":
            if not isinstance(wanted, list) or len(wanted) < 2 or not all(isinstance(one, dict) for one in wanted):
                raise invalid("FilterPolicy", "$or takes a list of two or more objects")
            for one in wanted:
                _check(one)
        elif isinstance(wanted, dict):
            _check(wanted)
        elif isinstance(wanted, list) and wanted:
            for one in wanted:
                _condition(one)
        else:
            raise invalid("FilterPolicy", f'"{key}" must be an object or an array')


def wants(policy: Mapping[str, Any], scope: str, attributes: Mapping[str, Mapping[str, Any]], message: str) -> bool:
    """Whether a message passes."""
    if scope == "MessageBody":
        try:
            body = orjson.loads(message)
        except ValueError:
            return False
        return isinstance(body, dict) and _fits(policy, body)
    return _fits(policy, {name: _value(attribute) for name, attribute in attributes.items()})


def _value(attribute: Mapping[str, Any]) -> Any:
    """What an attribute is compared as: a number, a list of String.Array, a text; binary ones are not compared."""
    kind, text = attribute["DataType"].partition(".")[0], attribute.get("StringValue", "")
    try:
        if attribute["DataType"] == "String.Array":
            return orjson.loads(text)
        if kind == "Number":
            return float(text)
    except ValueError:
        return text
    return text if kind == "String" else _ABSENT


def _fits(policy: Mapping[str, Any], content: Mapping[str, Any]) -> bool:
    for key, wanted in policy.items():
        if key == "$or":
            if not any(_fits(one, content) for one in wanted):
                return False
            continue
        value = content.get(key, _ABSENT)
        if isinstance(wanted, dict):
            values = value if isinstance(value, list) else [{} if value is _ABSENT else value]
            if not any(isinstance(one, dict) and _fits(wanted, one) for one in values):
                return False
            continue
        values = value if isinstance(value, list) else [value]
        if not any(condition(one) for condition in map(_condition, wanted) for one in values or [_ABSENT]):
            return False
    return True


def _condition(wanted: Any) -> Condition:
    """What one entry of a list asks of a value. Raises InvalidParameter for what cannot be asked."""
    if isinstance(wanted, dict):
        if len(wanted) != 1:
            raise invalid("FilterPolicy", "a condition has one operator")
        ((name, operand),) = wanted.items()
        make = _OPERATORS.get(name)
        if make is None:
            raise invalid("FilterPolicy", f"Unrecognized match type {name}")
        return make(operand)
    if wanted is not None and not isinstance(wanted, str | bool | int | float):
        raise invalid("FilterPolicy", "a condition is a text, a number, true, false, null, or an operator")
    return lambda value: _same(value, wanted)


def _same(value: Any, wanted: Any) -> bool:
    if value is _ABSENT or isinstance(value, bool) != isinstance(wanted, bool):
        return False
    return bool(value == wanted)


def _texts(operand: Any, name: str) -> list[str]:
    found = operand if isinstance(operand, list) else [operand]
    if not found or not all(isinstance(one, str) for one in found):
        raise invalid("FilterPolicy", f"{name} takes a text")
    return found


def _of_text(name: str, test: Callable[[str, str], bool]) -> Callable[[Any], Condition]:
    def make(operand: Any) -> Condition:
        texts = _texts(operand, name)
        return lambda value: isinstance(value, str) and any(test(value, one) for one in texts)

    return make


def _anything_but(operand: Any) -> Condition:
    if isinstance(operand, dict):
        inner = _condition(operand)
        return lambda value: value is not _ABSENT and not inner(value)
    unwanted = operand if isinstance(operand, list) else [operand]
    if not unwanted or not all(isinstance(one, str | int | float) for one in unwanted):
        raise invalid("FilterPolicy", "anything-but takes texts or numbers")
    return lambda value: value is not _ABSENT and not any(_same(value, one) for one in unwanted)


def _exists(operand: Any) -> Condition:
    if not isinstance(operand, bool):
        raise invalid("FilterPolicy", "exists takes true or false")
    return lambda value: (value is not _ABSENT) == operand


def _numeric(operand: Any) -> Condition:
    tests: list[tuple[Callable[[float, float], bool], float]] = []
    pairs: Sequence[Any] = operand if isinstance(operand, list) else ()
    for sign, number in _pairs(pairs):
        if sign not in _ORDER or isinstance(number, bool) or not isinstance(number, int | float):
            raise invalid("FilterPolicy", 'numeric takes comparisons such as [">=", 0, "<", 10]')
        tests.append((_ORDER[sign], float(number)))
    if not tests:
        raise invalid("FilterPolicy", 'numeric takes comparisons such as [">=", 0, "<", 10]')

    def test(value: Any) -> bool:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return number and all(compare(value, bound) for compare, bound in tests)

    return test


def _pairs(values: Sequence[Any]) -> Iterable[tuple[Any, Any]]:
    return zip(values[::2], values[1::2], strict=True) if len(values) % 2 == 0 else [(None, None)]


def _cidr(operand: Any) -> Condition:
    try:
        network = ipaddress.ip_network(_texts(operand, "cidr")[0])
    except ValueError:
        raise invalid("FilterPolicy", "cidr takes a network") from None

    def test(value: Any) -> bool:
        try:
            return isinstance(value, str) and ipaddress.ip_address(value) in network
        except ValueError:
            return False

    return test


_OPERATORS: Mapping[str, Callable[[Any], Condition]] = {
    "prefix": _of_text("prefix", str.startswith),
    "suffix": _of_text("suffix", str.endswith),
    "equals-ignore-case": _of_text("equals-ignore-case", lambda value, one: value.lower() == one.lower()),
    "wildcard": _of_text(
        "wildcard", lambda value, one: re.fullmatch(re.escape(one).replace(r"\*", ".*"), value, re.DOTALL) is not None
    ),
    "anything-but": _anything_but,
    "exists": _exists,
    "numeric": _numeric,
    "cidr": _cidr,
}
