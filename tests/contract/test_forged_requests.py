"""Requests that somebody else made, changed, cut, kept or signed anew: each refused with AWS's code.

Sources: "Common errors" of the SageMaker and STS API references; S3 API reference, "Error responses"; IAM user guide,
"Troubleshoot Signature Version 4 requests". Within its fifteen minutes AWS takes a request as often as it comes.
"""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from unittest import mock

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from tests.conftest import Server


class Family(NamedTuple):
    """One way in which AWS's services are asked, and how each refusal is spelled there."""

    scope: str
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    forged: str
    unreadable: str
    late: str
    stranger: str
    token: str


FAMILIES = {
    "json": Family(
        "sagemaker",
        "POST",
        "/",
        {"X-Amz-Target": "SageMaker.ListTrainingJobs", "Content-Type": "application/x-amz-json-1.1"},
        b'{"MaxResults": 10}',
        "InvalidSignatureException",
        "IncompleteSignatureException",
        "InvalidSignatureException",
        "UnrecognizedClientException",
        "UnrecognizedClientException",
    ),
    "query": Family(
        "sts",
        "POST",
        "/",
        {"Content-Type": "application/x-www-form-urlencoded"},
        b"Action=GetCallerIdentity&Version=2011-06-15&Filler=0123456789",
        "SignatureDoesNotMatch",
        "IncompleteSignature",
        "SignatureDoesNotMatch",
        "InvalidClientTokenId",
        "InvalidClientTokenId",
    ),
    "s3": Family(
        "s3",
        "PUT",
        "/forged-bucket/key",
        {},
        b"a body of some length",
        "SignatureDoesNotMatch",
        "AuthorizationHeaderMalformed",
        "RequestTimeTooSkewed",
        "InvalidAccessKeyId",
        "InvalidToken",
    ),
}


class Sent(NamedTuple):
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


def signed(server: Server, family: Family, *, ago: float = 0, keys: Credentials | None = None, **more: Any) -> Sent:
    """A request of the family as botocore signs it, so many seconds ago."""
    own = Credentials(server.environment["AWS_ACCESS_KEY_ID"], server.environment["AWS_SECRET_ACCESS_KEY"])
    request = AWSRequest(family.method, f"{server.url}{family.path}", dict(family.headers), family.body)
    moment = datetime.now(UTC) - timedelta(seconds=ago)
    auth = (S3SigV4Auth if family.scope == "s3" else SigV4Auth)(
        keys or own, more.get("scope", family.scope), more.get("region", "us-east-1")
    )
    with mock.patch("botocore.auth.get_current_datetime", return_value=moment.replace(tzinfo=None)):
        auth.add_auth(request)
    return Sent(family.method, family.path, dict(request.headers.items()), family.body)


def code(server: Server, sent: Sent) -> str:
    """The code of the refusal; empty for an answer that is none."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request(sent.method, sent.path, sent.body, sent.headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    found = re.search(r'"__type":"([^"]+)"|<Code>([^<]+)</Code>', text)
    return (found[1] or found[2]) if found else f"{answer.status} {text}" if answer.status >= 300 else ""


def _authorization(sent: Sent, edit: Callable[[str], str]) -> Sent:
    return sent._replace(headers={**sent.headers, "Authorization": edit(sent.headers["Authorization"])})


def _other_signature(text: str) -> str:
    head, _, signature = text.rpartition("Signature=")
    return f"{head}Signature={signature[::-1]}"


@pytest.fixture(scope="module", autouse=True)
def bucket(salvia: Server) -> None:
    salvia.client("s3").create_bucket(Bucket="forged-bucket")


@pytest.mark.parametrize("name", FAMILIES)
def test_an_honest_request_is_answered(salvia: Server, name: str) -> None:
    """Or none of what follows would mean anything. It may come twice: AWS takes replays within fifteen minutes."""
    sent = signed(salvia, FAMILIES[name])
    assert code(salvia, sent) == ""
    assert code(salvia, sent) == ""


@pytest.mark.parametrize("name", FAMILIES)
def test_a_forged_request_is_refused(salvia: Server, name: str) -> None:
    """A signature of one's own making, or another's request with something changed in it."""
    family = FAMILIES[name]
    honest = signed(salvia, family)
    assert code(salvia, _authorization(honest, _other_signature)) == family.forged
    assert code(salvia, honest._replace(path=f"{honest.path}x")) == family.forged
    assert code(salvia, honest._replace(headers={**honest.headers, "Host": "elsewhere.localhost"})) == family.forged
    changed = code(salvia, honest._replace(body=family.body + {"json": b" ", "query": b"&X=1", "s3": b"!"}[name]))
    assert changed == ("XAmzContentSHA256Mismatch" if name == "s3" else family.forged)
    if name == "json":
        stop = {**honest.headers, "X-Amz-Target": "SageMaker.DeleteTags"}
        assert code(salvia, honest._replace(headers=stop)) == family.forged
    guess = Credentials(salvia.environment["AWS_ACCESS_KEY_ID"], "x" * 40)
    assert code(salvia, signed(salvia, family, keys=guess)) == family.forged
    assert code(salvia, signed(salvia, family, keys=Credentials("AKIAAAAAAAAAAAAAAAAA", "x" * 40))) == family.stranger


@pytest.mark.parametrize("name", FAMILIES)
def test_a_truncated_request_is_refused(salvia: Server, name: str) -> None:
    """Cut in its Authorization, in its signature, or in its body."""
    family = FAMILIES[name]
    honest = signed(salvia, family)
    without = _authorization(honest, lambda text: text.partition(", Signature=")[0])
    assert code(salvia, without) == family.unreadable
    assert code(salvia, _authorization(honest, lambda text: text[:-8])) == family.forged
    length = {key: value for key, value in honest.headers.items() if key.lower() != "content-length"}
    cut = honest._replace(body=family.body[:-5], headers=length)
    assert code(salvia, cut) == ("XAmzContentSHA256Mismatch" if name == "s3" else family.forged)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_request_that_was_kept_too_long_is_refused(salvia: Server, name: str) -> None:
    """Or one from the future: more than fifteen minutes in either direction."""
    family = FAMILIES[name]
    assert code(salvia, signed(salvia, family, ago=14 * 60)) == ""
    assert code(salvia, signed(salvia, family, ago=16 * 60)) == family.late
    assert code(salvia, signed(salvia, family, ago=-16 * 60)) == family.late


@pytest.fixture(scope="module")
def role(salvia: Server) -> str:
    """One that the administrator may take on."""
    me = salvia.client("sts").get_caller_identity()["Arn"]
    trust = {"Effect": "Allow", "Principal": {"AWS": me}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    made = salvia.client("iam").create_role(RoleName="forged-role", AssumeRolePolicyDocument=document)
    return str(made["Role"]["Arn"])


@pytest.mark.parametrize("name", FAMILIES)
def test_a_request_signed_anew_is_that_of_who_signed_it(salvia: Server, role: str, name: str) -> None:
    """For another service or region, with somebody's own keys, or a session's without its token."""
    family = FAMILIES[name]
    other = code(salvia, signed(salvia, family, scope="logs"))
    assert other, "a signature for another service opens nothing"
    made = salvia.client("sts").assume_role(RoleArn=role, RoleSessionName="session")["Credentials"]
    session = Credentials(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])
    allowed = "" if name == "query" else "AccessDenied"  # GetCallerIdentity needs no permission
    assert code(salvia, signed(salvia, family, keys=session)).startswith(allowed)
    bare = Credentials(made["AccessKeyId"], made["SecretAccessKey"])
    assert code(salvia, signed(salvia, family, keys=bare)) == family.token
    again = salvia.client("sts").assume_role(RoleArn=role, RoleSessionName="session")["Credentials"]
    mixed = Credentials(made["AccessKeyId"], made["SecretAccessKey"], again["SessionToken"])
    assert code(salvia, signed(salvia, family, keys=mixed)) == family.token
