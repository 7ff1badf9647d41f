"""What a decision says of itself: statements that matched, that nearly matched, and where they stand."""

from __future__ import annotations

import json
from typing import Any

from salvia.control.policy import Policy, Request, Scope, document, positions, trace
from salvia.control.policy.trace import keys, missing
from salvia.core.caller import Caller

ACCOUNT = "123456789012"
BOB = Caller(
    "user", ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/bob", "AIDABBBBBBBBBBBBBBBB", f"arn:aws:iam::{ACCOUNT}:user/bob"
)


def policy(*statements: dict[str, Any], name: str = "P") -> Policy:
    return Policy(name, document(json.dumps({"Version": "2012-10-17", "Statement": list(statements)})))


def asked(**context: str) -> Request:
    return Request(BOB, "s3:GetObject", "arn:aws:s3:::b/k", {name.replace("_", ":"): v for name, v in context.items()})


def test_a_trace_decides_as_evaluation_does_and_shows_the_statement() -> None:
    found = trace(asked(), [policy({"Sid": "All", "Effect": "Allow", "Action": "s3:*", "Resource": "*"})])
    assert found.decision.allowed
    assert [(look.policy.name, look.statement.label, look.scope) for look in found.deciding] == [
        ("P", "All", Scope.IDENTITY)
    ]


def test_the_first_element_that_does_not_fit_is_named_with_what_the_request_has() -> None:
    allow = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    ip = {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}
    statements = [
        {**allow, "Action": "s3:PutObject"},
        {**allow, "Resource": "arn:aws:s3:::other/*"},
        {**allow, "Condition": ip},
    ]
    found = trace(asked(aws_sourceip="10.0.0.1"), [policy(*statements)])
    assert [(look.failed, look.because) for look in found.looks] == [
        ("Action", "Action is s3:PutObject, not s3:GetObject"),
        ("Resource", "Resource is arn:aws:s3:::other/*, not arn:aws:s3:::b/k"),
        ("Condition", "IpAddress aws:SourceIp 203.0.113.0/24, but it is 10.0.0.1"),
    ]
    assert not found.deciding
    assert [look.statement.index for look in found.near] == [1, 2]
    absent = trace(asked(), [policy(statements[2])])
    assert absent.looks[0].because == "IpAddress aws:SourceIp 203.0.113.0/24, but it is absent"
    assert missing(absent.looks, {}) == ["aws:SourceIp"]


def test_a_denial_rests_on_the_statement_that_denied_in_whatever_policy() -> None:
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    boundary = policy(everything, {"Effect": "Deny", "NotAction": "logs:*", "Resource": "*"}, name="B")
    found = trace(asked(), [policy(everything)], boundary=boundary)
    assert [(look.policy.name, look.scope, look.statement.index) for look in found.deciding] == [
        ("B", Scope.BOUNDARY, 1)
    ]


def test_keys_are_those_of_conditions_and_variables() -> None:
    statement = {
        "Effect": "Allow",
        "Action": "s3:*",
        "Resource": ["arn:aws:s3:::b/${aws:username}", "arn:aws:s3:::b/${*}${?}${$}"],
        "Condition": {"StringLike": {"s3:prefix": "${aws:PrincipalTag/Team, 'none'}/*"}},
    }
    assert list(keys(policy(statement).document.statements[0])) == [
        "s3:prefix",
        "aws:PrincipalTag/Team",
        "aws:username",
    ]


def test_positions_of_one_statement_of_many_and_of_text_on_one_line() -> None:
    one = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}'
    [(start, end)] = positions(one)
    assert one[start.column - 1 : end.column - 1] == '{"Effect":"Allow","Action":"*","Resource":"*"}'
    many = '{"Statement": [{"Sid": "]}"},\n  {"Sid": "b"}],\n"Id": "x"}'
    places = [(start.line, start.column, end.line, end.column) for start, end in positions(many)]
    assert places == [(1, 16, 1, 29), (1, 30, 2, 15)]
