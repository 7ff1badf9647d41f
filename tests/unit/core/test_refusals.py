"""Codes and statuses: the services' "Common Errors" pages, S3's "List of error codes"."""

from __future__ import annotations

from typing import get_args

import pytest

from salvia.core.refusals import Family, Problem, refusal


@pytest.mark.parametrize(
    ("problem", "family", "code", "status"),
    [
        ("missing", "json", "MissingAuthenticationTokenException", 400),
        ("missing", "query", "MissingAuthenticationToken", 403),
        ("missing", "s3", "AccessDenied", 403),
        ("bad-key", "json", "UnrecognizedClientException", 400),
        ("bad-key", "rest", "UnrecognizedClientException", 403),
        ("bad-key", "query", "InvalidClientTokenId", 403),
        ("bad-key", "s3", "InvalidAccessKeyId", 403),
        ("bad-token", "s3", "InvalidToken", 400),
        ("expired-token", "json", "ExpiredTokenException", 400),
        ("expired-token", "query", "ExpiredToken", 403),
        ("expired-token", "s3", "ExpiredToken", 400),
        ("mismatch", "json", "InvalidSignatureException", 400),
        ("mismatch", "query", "SignatureDoesNotMatch", 403),
        ("mismatch", "s3", "SignatureDoesNotMatch", 403),
        ("incomplete", "query", "IncompleteSignature", 400),
        ("incomplete", "json", "IncompleteSignatureException", 400),
    ],
)
def test_each_family_spells_a_problem_its_way(problem: Problem, family: Family, code: str, status: int) -> None:
    error = refusal(problem, family)

    assert (error.code, error.status) == (code, status)


@pytest.mark.parametrize("family", get_args(Family))
@pytest.mark.parametrize("problem", get_args(Problem))
def test_every_problem_has_a_sentence_in_every_family(problem: Problem, family: Family) -> None:
    assert refusal(problem, family).message


def test_a_bad_key_is_told_in_the_words_that_clients_know() -> None:
    assert refusal("bad-key", "json").message == "The security token included in the request is invalid."


def test_only_s3_has_further_members() -> None:
    assert refusal("bad-key", "s3", AWSAccessKeyId="AK").fields == {"AWSAccessKeyId": "AK"}
    assert refusal("bad-key", "json", AWSAccessKeyId="AK").fields == {}
