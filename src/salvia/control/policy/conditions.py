"""Condition blocks: every operator family, compiled to tests of a request's context.

Between operators and between keys stands *and*, between the values of a key *or*, and *nor* for negated
operators. A key that the request lacks satisfies negated operators, `…IfExists` and `ForAllValues:…`, and
nothing else.

Source: IAM user guide, "IAM JSON policy elements: Condition operators" and "Multivalued context keys".
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache

from .patterns import Context, Each, Test, arn_pattern, pattern

Condition = Callable[[Context], bool]
Maker = Callable[[Sequence[str], bool, bool], Test]
_ALL, _ANY = "ForAllValues:", "ForAnyValue:"


def condition(name: str, key: str, values: Sequence[str], *, variables: bool, allow: bool = True) -> Condition:
    """The test of one operator, one key and its values, in a statement that allows or one that denies.

    Raises ValueError, saying what is wrong, for an unknown operator or a value that it cannot take.
    """
    quantifier = next((prefix for prefix in (_ALL, _ANY) if name.startswith(prefix)), "")
    base = name.removeprefix(quantifier)
    if base == "Null":
        return _null(key.lower(), values)
    if_exists = base.endswith("IfExists")
    base = base.removesuffix("IfExists")
    if base not in OPERATORS:
        raise ValueError(f"Invalid Condition type : {name}")
    make, negated = OPERATORS[base]
    # What a policy leaves open never allows: a variable without a value, an operator of a set that may be absent.
    match = make(values, variables, allow and negated)
    if_exists = if_exists and not (allow and quantifier == _ANY)
    return _quantified(key.lower(), match, negated, if_exists, quantifier, all if allow else any)


def _quantified(
    key: str,
    match: Test,
    negated: bool,
    if_exists: bool,
    quantifier: str,
    each: Callable[[Iterable[bool]], bool],
) -> Condition:
    absent = if_exists or quantifier == _ALL or (negated and quantifier != _ANY)

    def plain(context: Context) -> bool:
        given = context.get(key)
        if given is None:
            return absent
        if isinstance(given, str):
            return match(given, context) is not negated
        if isinstance(given, Each):
            return each(match(value, context) is not negated for value in given)
        return any(match(value, context) for value in given) is not negated if given else absent

    def every(context: Context) -> bool:
        return all(match(value, context) is not negated for value in _listed(context.get(key)))

    def some(context: Context) -> bool:
        given = _listed(context.get(key))
        return any(match(value, context) is not negated for value in given) if given else absent

    return {_ALL: every, _ANY: some}.get(quantifier, plain)


def _listed(given: str | Sequence[str] | None) -> Sequence[str]:
    if not given:  # an empty text counts as an empty set, as AWS documents for ForAllValues
        return ()
    return (given,) if isinstance(given, str) else given


def _null(key: str, values: Sequence[str]) -> Condition:
    wanted = {_boolean(value) for value in values}
    return lambda context: (context.get(key) is None) in wanted


def _boolean(value: str) -> bool:
    if value.lower() not in {"true", "false"}:
        raise ValueError(f"'{value}' is neither true nor false")
    return value.lower() == "true"


def _any(tests: Sequence[Test]) -> Test:
    if len(tests) == 1:
        return tests[0]
    return lambda value, context: any(test(value, context) for test in tests)


def _strings(*, wildcards: bool = False, fold: bool = False) -> Maker:
    def make(values: Sequence[str], variables: bool, unresolved: bool) -> Test:
        if not wildcards and not (variables and any("${" in value for value in values)):
            exact = frozenset(value.lower() for value in values) if fold else frozenset(values)
            if fold:
                return lambda value, context: value.lower() in exact
            return lambda value, context: value in exact
        return _any(
            [
                pattern(value, wildcards=wildcards, variables=variables, fold=fold, unresolved=unresolved)
                for value in values
            ]
        )

    return make


def _arns(values: Sequence[str], variables: bool, unresolved: bool) -> Test:
    return _any([arn_pattern(value, variables=variables, unresolved=unresolved) for value in values])


def _compared(read: Callable[[str], float], compare: Callable[[float, float], bool]) -> Maker:
    def make(values: Sequence[str], variables: bool, unresolved: bool) -> Test:
        limits = [read(value) for value in values]

        def test(value: str, context: Context) -> bool:
            try:
                number = read(value)
            except ValueError:
                return False
            return any(compare(number, limit) for limit in limits)

        return test

    return make


def number(text: str) -> float:
    """A number as policies and requests write it. Raises ValueError."""
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"'{text}' is not a number") from None


def moment(text: str) -> float:
    """Seconds since the epoch of an ISO 8601 date or of an epoch time. Raises ValueError."""
    try:
        return float(text)
    except ValueError:
        pass
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"'{text}' is not a date. Dates read 2026-01-31T12:00:00Z") from None
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()


def _booleans(values: Sequence[str], variables: bool, unresolved: bool) -> Test:
    wanted = {"true" if _boolean(value) else "false" for value in values}
    return lambda value, context: value.lower() in wanted


def _binaries(values: Sequence[str], variables: bool, unresolved: bool) -> Test:
    for value in values:
        try:
            base64.b64decode(value, validate=True)
        except binascii.Error:
            raise ValueError(f"'{value}' is not base64") from None
    exact = frozenset(values)
    return lambda value, context: value in exact


def _addresses(values: Sequence[str], variables: bool, unresolved: bool) -> Test:
    try:
        networks = [ipaddress.ip_network(value, strict=False) for value in values]
    except ValueError as error:
        raise ValueError(f"{error}. Addresses read 203.0.113.0/24 or 2001:db8::/32") from None

    def test(value: str, context: Context) -> bool:
        address = _address(value)
        return address is not None and any(address in network for network in networks)

    return test


@lru_cache(maxsize=1024)
def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


_COMPARISONS: Mapping[str, tuple[Callable[[float, float], bool], bool]] = {
    "Equals": (operator.eq, False),
    "NotEquals": (operator.eq, True),
    "LessThan": (operator.lt, False),
    "LessThanEquals": (operator.le, False),
    "GreaterThan": (operator.gt, False),
    "GreaterThanEquals": (operator.ge, False),
}

# Operator → how its values become a test, and whether it is negated.
OPERATORS: Mapping[str, tuple[Maker, bool]] = {
    "StringEquals": (_strings(), False),
    "StringNotEquals": (_strings(), True),
    "StringEqualsIgnoreCase": (_strings(fold=True), False),
    "StringNotEqualsIgnoreCase": (_strings(fold=True), True),
    "StringLike": (_strings(wildcards=True), False),
    "StringNotLike": (_strings(wildcards=True), True),
    **{f"Numeric{name}": (_compared(number, compare), nor) for name, (compare, nor) in _COMPARISONS.items()},
    **{f"Date{name}": (_compared(moment, compare), nor) for name, (compare, nor) in _COMPARISONS.items()},
    "Bool": (_booleans, False),
    "BinaryEquals": (_binaries, False),
    "IpAddress": (_addresses, False),
    "NotIpAddress": (_addresses, True),
    "ArnEquals": (_arns, False),
    "ArnLike": (_arns, False),
    "ArnNotEquals": (_arns, True),
    "ArnNotLike": (_arns, True),
}
