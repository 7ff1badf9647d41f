"""Wildcards and variables.

Expectations: IAM user guide, "IAM policy elements: Variables and tags" and "Resource".
"""

from __future__ import annotations

import time

import pytest

from salvia.control.policy.patterns import Actions, arn_pattern, pattern

BOB = {"aws:username": "bob", "aws:principaltag/team": "red", "aws:tagkeys": ["a", "b"]}


@pytest.mark.parametrize(
    ("text", "value", "matches"),
    [
        ("*", "", True),
        ("*", "anything:at/all\nwith lines", True),
        ("abc", "abc", True),
        ("abc", "ABC", False),
        ("abc", "abcd", False),
        ("a*", "a", True),
        ("a*", "ba", False),
        ("*c", "abc", True),
        ("*c", "abcd", False),
        ("a*c", "ac", True),
        ("a*c", "abbbc", True),
        ("a*c", "abbb", False),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("a?c", "abbc", False),
        ("a*b*c", "a-b-c", True),
        ("a*b*c", "a-c-b", False),
        ("*a*", "bab", True),
        ("*ab*ab", "abab", True),
        ("*ab*ab", "ab", False),
        ("a**b", "ab", True),
        ("a.c", "abc", False),
        ("a[b]c", "a[b]c", True),
        ("a(b", "a(b", True),
        ("arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket/a/b:c", True),
        ("arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket", False),
        ("arn:aws:s3:::bucket*", "arn:aws:s3:::bucket-of-another/key", True),
        ("arn:aws:s3:::*/2026/??/*", "arn:aws:s3:::logs/2026/01/x", True),
        ("arn:aws:s3:::*/2026/??/*", "arn:aws:s3:::logs/2026/1/x", False),
        (
            "arn:aws:sagemaker:*:*:training-job/*",
            "arn:aws:sagemaker:us-east-1:123456789012:training-job/a",
            True,
        ),
        ("arn:aws:sagemaker:*:*:training-job/*", "arn:aws:sagemaker:us-east-1:123456789012:model/a", False),
        ("arn:aws:logs:us-east-1:*:*", "arn:aws:logs:us-east-1:123456789012:log-group:g:log-stream:s", True),
        ("arn:aws:logs:us-east-1:*:*", "arn:aws:logs:eu-west-1:123456789012:log-group:g:log-stream:s", False),
        # Variables.
        ("home/${aws:username}/*", "home/bob/file", True),
        ("home/${aws:username}/*", "home/alice/file", False),
        ("home/${AWS:UserName}", "home/bob", True),
        ("${aws:PrincipalTag/team}", "red", True),
        ("${aws:principaltag/TEAM}-*", "red-1", True),
        ("x${aws:userid}", "x", False),  # a variable without value matches nothing
        ("${aws:userid, 'nobody'}", "nobody", True),
        ("${aws:username, 'nobody'}", "bob", True),
        ("${aws:TagKeys}", "a", False),  # a multivalued key cannot be a variable
        ("a${*}b", "a*b", True),
        ("a${*}b", "axb", False),
        ("a${?}b", "a?b", True),
        ("a${?}b", "axb", False),
        ("a${$}b", "a$b", True),
    ],
)
def test_a_pattern_matches_what_the_guide_says(text: str, value: str, matches: bool) -> None:
    assert pattern(text)(value, BOB) is matches


def test_a_variable_stands_for_its_text_even_where_that_holds_a_star() -> None:
    """A user who could choose the name `*` must not thereby reach everybody's home."""
    test = pattern("home/${aws:username}/x")
    assert not test("home/bob/x", {"aws:username": "*"})
    assert test("home/*/x", {"aws:username": "*"})


def test_variables_are_plain_text_before_version_2012() -> None:
    """`IAM policy elements: Variables`: version 2012-10-17 is needed, else the text is taken literally."""
    test = pattern("home/${aws:username}", variables=False)
    assert test("home/${aws:username}", BOB)
    assert not test("home/bob", BOB)


def test_a_hostile_pattern_takes_linear_time() -> None:
    """Thirty stars over a long text would take years with a backtracking matcher."""
    test = pattern("*a" * 30 + "*b")
    started = time.perf_counter()
    assert not test("a" * 20_000, {})
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize(
    ("text", "value", "matches"),
    [
        ("arn:aws:iam::*:role/x", "arn:aws:iam::123456789012:role/x", True),
        ("arn:aws:iam::*:role/x", "arn:aws:iam::123:evil:role/x", False),  # each part is compared for itself
        ("arn:*:iam::*:role/*", "arn:aws-cn:iam::1:role/a/b", True),
        ("arn:aws:s3:::a*", "arn:aws:s3:::abc:d", True),
        ("*", "arn:aws:s3:::abc", True),
        ("arn:aws:iam::1:user/${aws:username}", "arn:aws:iam::1:user/bob", True),
        ("arn:aws:iam::1:user/x", "no-arn", False),
    ],
)
def test_arn_conditions_compare_part_by_part(text: str, value: str, matches: bool) -> None:
    """`ArnLike`: each of the six colon-delimited components is checked separately."""
    assert arn_pattern(text)(value, BOB) is matches


@pytest.mark.parametrize(
    ("patterns", "action", "matches"),
    [
        (["s3:GetObject"], "s3:getobject", True),
        (["S3:getobject"], "s3:getobject", True),
        (["s3:Get*"], "s3:getobject", True),
        (["s3:Get*"], "s3:putobject", False),
        (["s3:*"], "s3:putobject", True),
        (["*"], "iam:createuser", True),
        (["iam:*AccessKey*"], "iam:updateaccesskey", True),
        (["iam:*AccessKey*"], "iam:updateuser", False),
        (["s3:?etObject"], "s3:getobject", True),
        (["logs:a", "s3:Get*", "iam:x"], "iam:x", True),
        (["s3:GetObject"], "s3:getobjectacl", False),
    ],
)
def test_actions_match_in_any_case(patterns: list[str], action: str, matches: bool) -> None:
    """`IAM JSON policy elements: Action`: prefixes and names are case insensitive."""
    assert (action in Actions(patterns)) is matches
