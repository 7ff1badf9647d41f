"""Rules of composite alarms. Expectations: CloudWatch API reference, PutCompositeAlarm."""

from __future__ import annotations

import pytest

from salvia.core.errors import ServiceError
from salvia.services.cloudwatch.alarms.rules import parse

STATES = {"a": "ALARM", "b": "OK", "c d": "INSUFFICIENT_DATA", 'e"f': "ALARM"}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("ALARM(a)", True),
        ("OK(a)", False),
        ('INSUFFICIENT_DATA("c d")', True),
        ('ALARM("e\\"f")', True),
        ("ALARM( arn:aws:cloudwatch:us-east-1:123456789012:alarm:a )", True),
        ("ALARM(gone)", False),
        ("NOT OK(a) AND OK(b)", True),
        ("OK(a) AND OK(b) OR ALARM(a)", True),  # AND binds closer
        ("OK(a) AND (OK(b) OR ALARM(a))", False),
        ("NOT (ALARM(a) OR FALSE)", False),
        ("NOT NOT ALARM(a)", True),
        ("(TRUE) AND ALARM(a)", True),
    ],
)
def test_what_holds(rule: str, expected: bool) -> None:
    assert parse(rule).holds(STATES) == expected


def test_the_alarms_of_a_rule() -> None:
    assert parse('ALARM(a) OR OK("a") OR NOT OK(b)').names == ("a", "b")


@pytest.mark.parametrize(
    "rule",
    [
        *("", "ALARM", "ALARM()", "ALARM(a", "ALARM(a))", "(ALARM(a)", "AND ALARM(a)", "ALARM(a) ALARM(b)", "NOT"),
        *("alarm(a)", "ALARM(a) XOR OK(b)", "TRUE", "(" * 60 + "ALARM(a)" + ")" * 60, "NOT " * 2000 + "ALARM(a)"),
        " OR ".join(f"ALARM(a{number})" for number in range(101)),
    ],
)
def test_what_is_no_rule(rule: str) -> None:
    with pytest.raises(ServiceError, match="AlarmRule"):
        parse(rule)
