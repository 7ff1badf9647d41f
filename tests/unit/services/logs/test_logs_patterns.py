"""Filter patterns. Expectations: CloudWatch Logs user guide, 'Filter pattern syntax'; its examples say so."""

import pytest

from salvia.core.errors import ServiceError
from salvia.services.logs.patterns import compiled

UPDATE = (
    '{"eventType":"UpdateTrail","sourceIPAddress":"111.111.111.111","arrayKey":["value","another value"],'
    '"objectList":[{"name":"a","id":1},{"name":"b","id":2}],"SomeObject":null,"ThisFlag":true,"price":0.5}'
)


@pytest.mark.parametrize(
    ("pattern", "message", "matches"),
    [
        ("ERROR", "[ERROR 400] BAD REQUEST", True),  # guide: single term
        ("ERROR", "Exiting with ERRORCODE: -1", True),  # guide: single term, found within a word
        ("ERROR", "[error] lower case", False),  # guide: case sensitive
        ("ERROR ARGUMENTS", "[ERROR 419] MISSING ARGUMENTS", True),  # guide: all terms
        ("ERROR ARGUMENTS", "[ERROR 400] BAD REQUEST", False),
        ("?ERROR ?ARGUMENTS", "INVALID ARGUMENTS", True),  # guide: any term
        ("?ERROR ?ARGUMENTS", "all well", False),
        ('"INTERNAL SERVER ERROR"', "[ERROR 500] INTERNAL SERVER ERROR", True),  # guide: exact phrase
        ('"INTERNAL SERVER ERROR"', "INTERNAL ERROR SERVER", False),
        ("ERROR -ARGUMENTS", "[ERROR 400] BAD REQUEST", True),  # guide: exclude
        ("ERROR -ARGUMENTS", "[ERROR 419] MISSING ARGUMENTS", False),
        ("?ERROR ?ARGUMENTS REQUEST", "SUCCESS REQUEST", True),  # guide: ? is ignored beside other terms
        ('-"went wrong"', "it went wrong", False),
        (r'"say \"hi\""', 'they say "hi"', True),
        ('?"a b" ?c', "xa bx", True),
    ],
)
def test_terms(pattern: str, message: str, matches: bool) -> None:
    match = compiled(pattern)
    assert match is not None
    assert match(message) is matches


@pytest.mark.parametrize("pattern", ["", "   "])
def test_an_empty_pattern_matches_everything(pattern: str) -> None:
    assert compiled(pattern) is None


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ('{ $.eventType = "UpdateTrail" }', True),  # guide
        ("{ $.eventType = UpdateTrail }", True),
        ('{ $.eventType != "UpdateTrail" }', False),
        ("{ $.sourceIPAddress != 123.123.* }", True),  # guide: wildcard
        ("{ $.sourceIPAddress = 111.* }", True),
        ("{ $.sourceIPAddress = *.111 }", True),
        ('{ $.arrayKey[0] = "value" }', True),  # guide: array
        ('{ $.arrayKey[7] = "value" }', False),
        ("{ $.objectList[1].id = 2 }", True),  # guide: object in array
        ("{ $.objectList[1].id >= 2 && $.objectList[0].id < 2 }", True),
        ("{ $.price = 5e-1 }", True),  # guide: scientific notation
        ("{ $.price > 1 }", False),
        ("{ $.eventType > 1 }", False),
        ("{ $.SomeObject IS NULL }", True),  # guide
        ("{ $.SomeOtherObject NOT EXISTS }", True),  # guide
        ("{ $.eventType NOT EXISTS }", False),
        ("{ $.ThisFlag IS TRUE }", True),  # guide
        ("{ $.ThisFlag IS FALSE }", False),
        ('{ $.eventType = "*" }', True),  # what the CDK writes for `exists`
        ("{ $.objectList = * }", False),  # guide: selectors of objects and arrays match nothing
        ('{ ($.eventType = "x" || $.price = 0.5) && $.ThisFlag IS TRUE }', True),  # guide: compound
        ('{ $.eventType = "x" && $.ThisFlag IS TRUE || $.price = 0.5 }', True),  # && binds closer
    ],
)
def test_json_patterns(pattern: str, matches: bool) -> None:
    match = compiled(pattern)
    assert match is not None
    assert match(UPDATE) is matches


@pytest.mark.parametrize("message", ["plain text", "{not json", "[1]", "{}", '{"eventType": "\\ud800"}'])
def test_a_message_that_is_no_fitting_object_does_not_match_a_json_pattern(message: str) -> None:
    match = compiled('{ $.eventType = "UpdateTrail" }')
    assert match is not None
    assert match(message) is False


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ('"open', "quotation mark"),
        ("error:", "Invalid character(s) in term 'error:'"),
        ("%ERR.*%", "regular expressions"),
        ("[ip, user]", "space-delimited"),
        ("{ $.a = 1", "closing }"),
        ("{ $.a }", "ends too early"),
        ("{ $.a = 1 $.b = 2 }", "'$.b' is not expected"),
        ("{ $.a > x }", "compares numbers"),
        ("{ a = 1 }", "'a' is not expected"),
        ("{" + "(" * 500 + "$.a=1" + ")" * 500 + "}", "parentheses"),
    ],
)
def test_an_unreadable_pattern_is_refused_and_says_where(pattern: str, said: str) -> None:
    with pytest.raises(ServiceError) as error:
        compiled(pattern)
    assert error.value.code == "InvalidParameterException"
    assert said in error.value.message


def test_many_wildcards_take_linear_time() -> None:
    """A pattern must not be able to occupy the server: this one takes a backtracking matcher for ever."""
    match = compiled('{ $.a = "' + "*a" * 100 + '*b" }')
    assert match is not None
    assert match('{"a": "' + "a" * 20_000 + '"}') is False
