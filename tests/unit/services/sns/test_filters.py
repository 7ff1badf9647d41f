"""Filter policies. Expectations: SNS developer guide, "Filter policy constraints", "Message filtering operators"."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from salvia.core.errors import ServiceError
from salvia.services.sns.filters import parse, wants

ATTRIBUTES = {
    "store": {"DataType": "String", "StringValue": "example_corp"},
    "price": {"DataType": "Number", "StringValue": "210.75"},
    "sports": {"DataType": "String.Array", "StringValue": '["rugby", "soccer"]'},
    "source": {"DataType": "String", "StringValue": "10.0.1.7"},
    "photo": {"DataType": "Binary", "BinaryValue": b"x"},
}


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ({"store": ["example_corp"]}, True),
        ({"store": ["other"]}, False),
        ({"store": ["example_corp"], "price": [{"numeric": [">=", 100]}]}, True),
        ({"store": ["example_corp"], "price": [{"numeric": [">", 0, "<", 100]}]}, False),
        ({"price": [210.75]}, True),
        ({"sports": ["rugby"]}, True),
        ({"sports": [{"anything-but": "rugby"}]}, True),  # soccer is something else
        ({"store": [{"anything-but": ["example_corp", "other"]}]}, False),
        ({"store": [{"anything-but": {"prefix": "x"}}]}, True),
        ({"store": [{"prefix": "example"}]}, True),
        ({"store": [{"suffix": "corp"}]}, True),
        ({"store": [{"equals-ignore-case": "EXAMPLE_CORP"}]}, True),
        ({"store": [{"wildcard": "ex*_c*p"}]}, True),
        ({"store": [{"wildcard": "ex*_d*p"}]}, False),
        ({"source": [{"cidr": "10.0.0.0/16"}]}, True),
        ({"none": [{"exists": False}]}, True),
        ({"store": [{"exists": False}]}, False),
        ({"none": [{"anything-but": "x"}]}, False),
        ({"photo": [{"exists": True}]}, False),  # binary attributes are ignored
        ({"$or": [{"store": ["other"]}, {"price": [{"numeric": ["<", 300]}]}]}, True),
    ],
)
def test_attributes(policy: dict[str, Any], expected: bool) -> None:
    assert wants(parse(orjson.dumps(policy).decode()), "MessageAttributes", ATTRIBUTES, "") == expected


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ({"detail": {"state": ["ALARM"]}}, True),
        ({"detail": {"state": ["OK"]}}, False),
        ({"items": {"price": [{"numeric": ["=", 2]}]}}, True),
        ({"detail": {"done": [True]}}, True),
        ({"detail": {"done": [1]}}, False),
        ({"detail": {"why": [None]}}, True),
        ({"list": [3]}, True),
    ],
)
def test_bodies(policy: dict[str, Any], expected: bool) -> None:
    body = {"detail": {"state": "ALARM", "done": True, "why": None}, "items": [{"price": 1}, {"price": 2}], "list": [3]}
    assert wants(parse(orjson.dumps(policy).decode()), "MessageBody", {}, orjson.dumps(body).decode()) == expected
    assert not wants(policy, "MessageBody", {}, "no JSON")


@pytest.mark.parametrize(
    "policy",
    [
        *("[]", "{", '{"a": "b"}', '{"a": []}', '{"a": [{"so": 1}]}', '{"a": [{"numeric": ["~", 1]}]}'),
        *('{"a": [{"numeric": [">"]}]}', '{"a": [{"exists": 1}]}', '{"a": [{"cidr": "x"}]}', '{"$or": [{"a": ["b"]}]}'),
        '{"a":["b"],"c":["b"],"d":["b"],"e":["b"],"f":["b"],"g":["b"]}',
    ],
)
def test_what_is_no_policy(policy: str) -> None:
    with pytest.raises(ServiceError, match="Invalid parameter: FilterPolicy"):
        parse(policy)
