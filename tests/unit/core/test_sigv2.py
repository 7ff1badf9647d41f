"""SigV2 as boto3 makes it: presigned URLs, and the header of signature_version='s3'."""

from __future__ import annotations

import time
from collections.abc import Callable
from email.utils import formatdate
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config

from salvia.core.errors import ServiceError
from salvia.core.http import HttpRequest
from salvia.core.sigv2 import signature, string_to_sign
from salvia.core.sigv4 import Authorization, read_authorization, verify

from .conftest import Server, received

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
TOKEN = "FwoGZXIvYXdzE+/=="


def s3(
    url: str = "http://localhost:7258",
    style: str = "path",
    token: str | None = None,
    version: str | None = "s3",
) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="AKIAEXAMPLE",
        aws_secret_access_key=SECRET,
        aws_session_token=token,
        config=Config(signature_version=version, s3={"addressing_style": style}, retries={"max_attempts": 0}),
    )


def check(request: HttpRequest, late: float = 0.0, secret: str = SECRET, bucket: str | None = None) -> Authorization:
    authorization = read_authorization(request)
    assert authorization is not None
    verify(request, authorization, secret, time.time() + late, bucket=bucket)
    return authorization


def refused(request: HttpRequest, **arguments: Any) -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        check(request, **arguments)
    return caught.value


OPERATIONS: list[tuple[str, str, dict[str, str], dict[str, str]]] = [
    ("get_object", "GET", {}, {}),
    ("head_object", "HEAD", {}, {}),
    ("put_object", "PUT", {}, {}),
    ("delete_object", "DELETE", {}, {}),
    ("get_object", "GET", {"ResponseContentType": "text/csv; charset=x", "VersionId": "v+/1"}, {}),
    ("get_object", "GET", {"ResponseContentDisposition": 'attachment; filename="a b.csv"'}, {}),
    ("put_object", "PUT", {"ContentType": "text/csv"}, {"Content-Type": "text/csv"}),
    ("put_object", "PUT", {"ACL": "private", "Metadata": {"a": "1"}}, {}),  # type: ignore[dict-item]
    ("upload_part", "PUT", {"PartNumber": "7", "UploadId": "u1"}, {}),
]


@pytest.mark.parametrize("style", ["path", "virtual"])
@pytest.mark.parametrize("token", [None, TOKEN], ids=["key", "session"])
@pytest.mark.parametrize(("operation", "method", "more", "headers"), OPERATIONS)
def test_what_boto3_presigns_is_accepted(
    operation: str, method: str, more: dict[str, Any], headers: dict[str, str], token: str | None, style: str
) -> None:
    """botocore.auth.HmacV1QueryAuth is the reference; the bucket is in the path or in the host."""
    if "PartNumber" in more:
        more = {**more, "PartNumber": int(more["PartNumber"])}
    url = s3(style=style, token=token).generate_presigned_url(
        operation, {"Bucket": "my-bucket", "Key": "a b/ü+.csv", **more}, ExpiresIn=600
    )

    authorization = check(received(method, url, headers), bucket="my-bucket" if style == "virtual" else None)

    assert (authorization.kind, authorization.service) == ("v2-query", "s3")
    assert (authorization.access_key, authorization.session_token) == ("AKIAEXAMPLE", token)


@pytest.mark.parametrize("version", [None, "s3v4"])
@pytest.mark.parametrize("style", ["path", "virtual"])
def test_whatever_version_boto3_chooses_is_accepted(version: str | None, style: str) -> None:
    """Clients leave signature_version to boto3, which chooses one by region and endpoint."""
    url = s3(style=style, version=version, token=TOKEN).generate_presigned_url(
        "get_object", {"Bucket": "my-bucket", "Key": "a b", "ResponseContentType": "text/csv"}
    )

    request = received("GET", url)
    bucket = "my-bucket" if request.host.startswith("my-bucket.") else None
    assert check(request, bucket=bucket).session_token == TOKEN


def test_any_changed_character_of_what_is_signed_is_refused() -> None:
    url = s3(token=TOKEN).generate_presigned_url(
        "get_object", {"Bucket": "my-bucket", "Key": "key.csv", "VersionId": "v1", "ResponseContentType": "a"}
    )
    request = received("GET", url)
    # What carries another access key, another secret is looked up for.
    whole = f"{request.path}?{request.query}".replace("AKIAEXAMPLE", "\0" * 11)

    accepted = []
    for index, character in enumerate(whole):
        if character not in "\0/?":
            text = whole[:index] + ("q" if character not in "qQ" else "z") + whole[index + 1 :]
            path, _, query = text.replace("\0" * 11, "AKIAEXAMPLE").partition("?")
            accepted += [path + "?" + query] if passes(HttpRequest("GET", path, query, request.headers)) else []

    assert accepted == []
    assert not passes(HttpRequest("PUT", request.path, request.query, request.headers))


def passes(request: HttpRequest) -> bool:
    try:
        authorization = read_authorization(request)
        if authorization is None:
            return False  # no signature is left: an anonymous request
        verify(request, authorization, SECRET, time.time())
    except ServiceError:
        return False
    return True


def test_an_expired_url_is_refused() -> None:
    url = s3().generate_presigned_url("get_object", {"Bucket": "b-1", "Key": "k"}, ExpiresIn=60)

    error = refused(received("GET", url), late=61)

    assert (error.code, error.status, error.message) == ("AccessDenied", 403, "Request has expired")


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("AWSAccessKeyId=A&Signature=s", "Query-string authentication requires the Signature, Expires and"),
        ("AWSAccessKeyId=A&Signature=s&Expires=soon", "Invalid date (should be seconds since epoch): soon"),
    ],
)
def test_an_unreadable_url_is_answered_with_what_it_lacks(query: str, sentence: str) -> None:
    error = refused(received("GET", f"http://h/b/k?{query}"))

    assert error.code == "AccessDenied"
    assert error.message.startswith(sentence)


CALLS: list[Callable[[Any], Any]] = [
    lambda client: client.put_object(Bucket="my-bucket", Key="a b/ü.csv", Body=b"x", Metadata={"m": " v  w "}),
    lambda client: client.get_object(Bucket="my-bucket", Key="k", ResponseContentType="text/csv"),
    lambda client: client.list_objects_v2(Bucket="my-bucket", Prefix="a/"),
    lambda client: client.delete_object_tagging(Bucket="my-bucket", Key="k"),
]


@pytest.mark.parametrize("token", [None, TOKEN], ids=["key", "session"])
@pytest.mark.parametrize("call", CALLS, ids=["put", "get", "list", "tagging"])
def test_the_header_that_boto3_sends_is_accepted(server: Server, call: Callable[[Any], Any], token: str | None) -> None:
    """botocore.auth.HmacV1Auth is the reference."""
    client = s3(server.url, token=token)
    call(client)
    client.close()

    request = server.requests[0]
    authorization = check(request)

    assert (authorization.kind, authorization.session_token) == ("v2-header", token)
    assert refused(request, late=16 * 60).code == "RequestTimeTooSkewed"
    assert refused(request, secret="other").code == "SignatureDoesNotMatch"


def test_the_documented_examples_have_the_documented_signatures() -> None:
    """S3 user guide, "Signing and authenticating REST requests": Object GET and Object PUT."""
    get = string_to_sign("GET", "/awsexamplebucket1/photos/puppy.jpg", "", {}, "Tue, 27 Mar 2007 19:36:42 +0000")
    put = string_to_sign(
        "PUT",
        "/awsexamplebucket1/photos/puppy.jpg",
        "",
        {"content-type": "image/jpeg"},
        "Tue, 27 Mar 2007 21:15:45 +0000",
    )

    assert get == "GET\n\n\nTue, 27 Mar 2007 19:36:42 +0000\n/awsexamplebucket1/photos/puppy.jpg"
    assert signature(SECRET, get) == "qgk2+6Sv9/oM7G3qLEjTH1a1l1g="
    assert signature(SECRET, put) == "iqRzw+ileNPu1fhspnRs8nOjjIA="


def test_a_signature_for_a_bucket_does_not_open_another_one() -> None:
    """The host is not signed: the bucket that it names must take part, or /one/k would be k of bucket one."""
    date = formatdate(time.time(), usegmt=True)
    text = string_to_sign("GET", "/one/k", "", {}, date)
    headers = {"Date": date, "Authorization": f"AWS AKIAEXAMPLE:{signature(SECRET, text)}"}

    assert check(received("GET", "http://localhost:7258/one/k", headers))
    assert check(received("GET", "http://one.localhost:7258/k", headers), bucket="one")
    for url, bucket in (
        ("http://two.localhost:7258/k", "two"),
        ("http://two.localhost:7258/one/k", "two"),
        ("http://localhost:7258/two/k", None),
    ):
        assert refused(received("GET", url, headers), bucket=bucket).code == "SignatureDoesNotMatch"


@pytest.mark.parametrize("value", ["AWS nonsense", "AWS :x", "AWS A:"])
def test_an_unreadable_header_is_refused(value: str) -> None:
    assert refused(received("GET", "http://h/b/k", {"Authorization": value})).code == "InvalidArgument"


def test_a_request_without_a_date_is_refused() -> None:
    error = refused(received("GET", "http://h/b/k", {"Authorization": "AWS A:x"}))

    assert error.message == "AWS authentication requires a valid Date or x-amz-date header"


def test_a_refusal_does_not_show_the_token() -> None:
    url = s3(token=TOKEN).generate_presigned_url("get_object", {"Bucket": "b-1", "Key": "k"})

    error = refused(received("GET", url), secret="other")

    assert TOKEN not in repr(error.fields)
    assert "x-amz-security-token:…" in str(error.fields["StringToSign"])


def test_a_header_in_the_request_wins_over_its_copy_in_the_url() -> None:
    """Otherwise the signed value would be checked and the other one used."""
    url = s3().generate_presigned_url("put_object", {"Bucket": "b-1", "Key": "k", "ACL": "private"})
    assert "x-amz-acl=private" in urlsplit(url).query

    assert not passes(received("PUT", url, {"x-amz-acl": "public-read"}))
