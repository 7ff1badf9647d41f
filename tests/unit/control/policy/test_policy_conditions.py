"""Every condition operator.

Expectations: IAM user guide, "Condition operators" and "Multivalued context keys".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from salvia.control.policy.conditions import OPERATORS, condition

ARN = "arn:aws:sns:us-east-1:123456789012:topic"
Context = Mapping[str, str | Sequence[str]]

CASES: list[tuple[str, object, object, bool]] = [
    # operator, the policy's value, the request's value (None: the key is not there), holds
    ("StringEquals", "a", "a", True),
    ("StringEquals", "a", "A", False),
    ("StringEquals", ["a", "b"], "b", True),
    ("StringEquals", ["a", "b"], "c", False),
    ("StringEquals", "a*", "ab", False),
    ("StringEquals", "a", None, False),
    ("StringEquals", "", "", True),
    ("StringNotEquals", "a", "b", True),
    ("StringNotEquals", "a", "a", False),
    ("StringNotEquals", ["a", "b"], "b", False),
    ("StringNotEquals", ["a", "b"], "c", True),
    ("StringNotEquals", "a", None, True),
    ("StringEqualsIgnoreCase", "Abc", "aBC", True),
    ("StringEqualsIgnoreCase", "Abc", "ab", False),
    ("StringEqualsIgnoreCase", "Abc", None, False),
    ("StringNotEqualsIgnoreCase", "Abc", "aBC", False),
    ("StringNotEqualsIgnoreCase", "Abc", "x", True),
    ("StringNotEqualsIgnoreCase", "Abc", None, True),
    ("StringLike", "a*", "abc", True),
    ("StringLike", "a?c", "abc", True),
    ("StringLike", "a*", "Abc", False),
    ("StringLike", ["x*", "a*"], "abc", True),
    ("StringLike", "*", "", True),
    ("StringLike", "*", None, False),
    ("StringNotLike", "a*", "abc", False),
    ("StringNotLike", "a*", "b", True),
    ("StringNotLike", ["x*", "a*"], "abc", False),
    ("StringNotLike", "a*", None, True),
    ("StringEquals", "${aws:username}", "bob", True),
    ("StringEquals", "${aws:username}", "eve", False),
    ("StringLike", "home/${aws:username}/*", "home/bob/x", True),
    ("StringNotEquals", "${aws:username}", "bob", False),
    ("StringNotEquals", "${aws:nothing}", "bob", False),
    ("StringEqualsIgnoreCase", "${aws:username}", "BOB", True),
    ("NumericEquals", "10", "10", True),
    ("NumericEquals", 10, "10.0", True),
    ("NumericEquals", "10", "11", False),
    ("NumericEquals", ["9", "10"], "10", True),
    ("NumericEquals", "10", "ten", False),
    ("NumericEquals", "10", None, False),
    ("NumericNotEquals", "10", "11", True),
    ("NumericNotEquals", "10", "10", False),
    ("NumericNotEquals", "10", None, True),
    ("NumericLessThan", "10", "9", True),
    ("NumericLessThan", "10", "10", False),
    ("NumericLessThan", "10", None, False),
    ("NumericLessThanEquals", "10", "10", True),
    ("NumericLessThanEquals", "10", "11", False),
    ("NumericGreaterThan", "10", "11", True),
    ("NumericGreaterThan", "10", "10", False),
    ("NumericGreaterThan", "-5", "-4", True),
    ("NumericGreaterThanEquals", "10", "10", True),
    ("NumericGreaterThanEquals", "10", "9", False),
    ("DateEquals", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", True),
    ("DateEquals", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", True),
    ("DateEquals", "2026-01-01", "2026-01-01T00:00:00Z", True),
    ("DateEquals", "1767225600", "2026-01-01T00:00:00Z", True),
    ("DateNotEquals", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", True),
    ("DateNotEquals", "2026-01-01T00:00:00Z", None, True),
    ("DateLessThan", "2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z", True),
    ("DateLessThan", "2026-01-02T00:00:00Z", "2026-01-02T00:00:00Z", False),
    ("DateLessThanEquals", "2026-01-02T00:00:00Z", "2026-01-02T00:00:00Z", True),
    ("DateGreaterThan", "2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z", True),
    ("DateGreaterThan", "2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z", False),
    ("DateGreaterThan", "2026-01-02T00:00:00Z", "not a date", False),
    ("DateGreaterThanEquals", "2026-01-02T00:00:00Z", "2026-01-02T00:00:00Z", True),
    ("DateGreaterThan", "2026-01-02T00:00:00Z", None, False),
    ("Bool", "true", "true", True),
    ("Bool", "true", "True", True),
    ("Bool", True, "true", True),
    ("Bool", "true", "false", False),
    ("Bool", False, "false", True),
    ("Bool", "false", None, False),
    ("BinaryEquals", "QmluYXJ5", "QmluYXJ5", True),
    ("BinaryEquals", "QmluYXJ5", "qmluyxj5", False),
    ("BinaryEquals", "QmluYXJ5", None, False),
    ("IpAddress", "203.0.113.0/24", "203.0.113.7", True),
    ("IpAddress", "203.0.113.0/24", "203.0.114.7", False),
    ("IpAddress", "203.0.113.7", "203.0.113.7", True),
    ("IpAddress", ["10.0.0.0/8", "203.0.113.0/24"], "203.0.113.7", True),
    ("IpAddress", "2001:DB8:1234:5678::/64", "2001:db8:1234:5678::1", True),
    ("IpAddress", "2001:DB8:1234:5678::/64", "203.0.113.7", False),
    ("IpAddress", "203.0.113.0/24", "nonsense", False),
    ("IpAddress", "203.0.113.0/24", None, False),
    ("NotIpAddress", "203.0.113.0/24", "203.0.114.7", True),
    ("NotIpAddress", "203.0.113.0/24", "203.0.113.7", False),
    ("NotIpAddress", "203.0.113.0/24", None, True),
    ("ArnEquals", ARN, ARN, True),
    ("ArnEquals", "arn:aws:sns:*:123456789012:*", ARN, True),
    ("ArnLike", "arn:aws:sns:*:*:top?c", ARN, True),
    ("ArnLike", "arn:aws:sqs:*:*:topic", ARN, False),
    ("ArnLike", ["arn:aws:sqs:*:*:*", "arn:aws:sns:*:*:*"], ARN, True),
    ("ArnLike", "arn:aws:sns:*:*:${aws:username}", "arn:aws:sns:a:1:bob", True),
    ("ArnLike", ARN, None, False),
    ("ArnNotEquals", ARN, ARN, False),
    ("ArnNotEquals", ARN, ARN + "2", True),
    ("ArnNotLike", "arn:aws:sns:*:*:*", ARN, False),
    ("ArnNotLike", "arn:aws:sqs:*:*:*", ARN, True),
    ("ArnNotLike", ARN, None, True),
    ("Null", "true", None, True),
    ("Null", "true", "x", False),
    ("Null", "false", "x", True),
    ("Null", "false", None, False),
    ("Null", True, None, True),
    # …IfExists: holds also where the key is not there.
    ("StringEqualsIfExists", "a", None, True),
    ("StringEqualsIfExists", "a", "a", True),
    ("StringEqualsIfExists", "a", "b", False),
    ("StringLikeIfExists", "a*", None, True),
    ("StringNotEqualsIfExists", "a", "a", False),
    ("NumericLessThanIfExists", "3", None, True),
    ("NumericLessThanIfExists", "3", "4", False),
    ("DateLessThanIfExists", "2026-01-01T00:00:00Z", None, True),
    ("BoolIfExists", "true", None, True),
    ("BoolIfExists", "true", "false", False),
    ("IpAddressIfExists", "10.0.0.0/8", None, True),
    ("ArnLikeIfExists", ARN, None, True),
    ("BinaryEqualsIfExists", "QQ==", None, True),
    # Sets.
    ("ForAllValues:StringEquals", ["a", "b"], ["a"], True),
    ("ForAllValues:StringEquals", ["a", "b"], ["a", "b"], True),
    ("ForAllValues:StringEquals", ["a", "b"], ["a", "c"], False),
    ("ForAllValues:StringEquals", ["a", "b"], [], True),
    ("ForAllValues:StringEquals", ["a", "b"], None, True),
    ("ForAllValues:StringEquals", ["a", "b"], "", True),
    ("ForAllValues:StringEquals", "a", "a", True),
    ("ForAllValues:StringLike", "ml.m5.*", ["ml.m5.large", "ml.m5.xlarge"], True),
    ("ForAllValues:StringLike", "ml.m5.*", ["ml.m5.large", "ml.p4d.24xlarge"], False),
    ("ForAllValues:StringNotEquals", ["a", "b"], ["c", "d"], True),
    ("ForAllValues:StringNotEquals", ["a", "b"], ["c", "a"], False),
    ("ForAllValues:NumericLessThan", "3", ["1", "2"], True),
    ("ForAllValues:NumericLessThan", "3", ["1", "5"], False),
    ("ForAllValues:ArnLike", "arn:aws:sns:*:*:*", [ARN], True),
    ("ForAnyValue:StringEquals", ["a", "b"], ["x", "a"], True),
    ("ForAnyValue:StringEquals", ["a", "b"], ["x", "y"], False),
    ("ForAnyValue:StringEquals", ["a", "b"], [], False),
    ("ForAnyValue:StringEquals", ["a", "b"], None, False),
    ("ForAnyValue:StringEquals", "a", "a", True),
    ("ForAnyValue:StringLike", "ml.p*", ["ml.m5.large", "ml.p4d.24xlarge"], True),
    ("ForAnyValue:StringNotEquals", ["a", "b"], ["a", "c"], True),
    ("ForAnyValue:StringNotEquals", ["a", "b"], ["a", "b"], False),
    ("ForAnyValue:StringNotEquals", ["a", "b"], None, False),
    ("ForAnyValue:StringEqualsIfExists", "a", None, False),
    ("ForAllValues:StringEqualsIfExists", "a", None, True),
    # A multivalued key under an operator that is none for sets.
    ("StringEquals", "a", ["a", "b"], True),
    ("StringEquals", "c", ["a", "b"], False),
    ("StringNotEquals", "a", ["a", "b"], False),
    ("StringNotEquals", "c", ["a", "b"], True),
    ("StringEquals", "c", [], False),
]


@pytest.mark.parametrize(("name", "wanted", "given", "holds"), CASES)
def test_an_operator_holds_as_the_guide_says(name: str, wanted: object, given: object, holds: bool) -> None:
    context: dict[str, object] = {"aws:username": "bob"}
    if given is not None:
        context["x:key"] = given
    values = wanted if isinstance(wanted, list) else [wanted]
    texts = [str(value).lower() if isinstance(value, bool) else str(value) for value in values]
    assert condition(name, "X:Key", texts, variables=True)(context) is holds  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "wanted", "given"),
    [
        ("StringNotEquals", "${aws:nothing}", "bob"),
        ("ArnNotLike", "arn:aws:s3:::${aws:nothing}", "arn:aws:s3:::b"),
        ("ForAnyValue:StringEqualsIfExists", "a", None),
    ],
)
def test_what_the_guide_leaves_open_denies_and_never_allows(name: str, wanted: str, given: str | None) -> None:
    """A variable without a value under a negated operator, and a set that may be absent or not."""
    context = {} if given is None else {"x:key": given}
    for allow in (True, False):
        assert condition(name, "x:key", [wanted], variables=True, allow=allow)(context) is not allow


def test_every_operator_of_the_guide_is_there() -> None:
    """`Condition operators` lists these families, and Null."""
    numbers = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
    strings = ("Equals", "NotEquals", "EqualsIgnoreCase", "NotEqualsIgnoreCase", "Like", "NotLike")
    expected = {f"String{name}" for name in strings}
    expected |= {f"{family}{name}" for family in ("Numeric", "Date") for name in numbers}
    expected |= {"Bool", "BinaryEquals", "IpAddress", "NotIpAddress"}
    expected |= {"ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"}
    assert set(OPERATORS) == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("StringEqual", "a"),
        ("stringequals", "a"),
        ("NullIfExists", "true"),
        ("ForSomeValues:StringEquals", "a"),
        ("NumericEquals", "ten"),
        ("DateEquals", "yesterday"),
        ("Bool", "yes"),
        ("Null", "maybe"),
        ("IpAddress", "300.1.1.1"),
        ("BinaryEquals", "not base64!"),
    ],
)
def test_what_no_operator_can_take_is_refused_when_it_is_written(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        condition(name, "a:b", [value], variables=True)
