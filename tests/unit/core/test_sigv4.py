"""What botocore's own signers sign, `verify` accepts; and nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable
from hashlib import sha256

import pytest
from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials

from salvia.core.canonical import amz_timestamp
from salvia.core.errors import ServiceError
from salvia.core.http import Headers, HttpRequest
from salvia.core.sigv4 import Authorization, Credentials, Seed, read_authorization, sign, verify

from .conftest import received

ACCESS_KEY = "ASIAEXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
TOKEN = "FwoGZXIvYXdzE+/=="

Signed = Callable[..., HttpRequest]


def signed(
    signer: str = "SigV4Auth",
    method: str = "POST",
    url: str = "http://127.0.0.1:7258/",
    body: bytes = b"",
    service: str = "sagemaker",
    token: str | None = None,
    unsigned: dict[str, str] | None = None,
    **headers: str,
) -> HttpRequest:
    """A request signed by botocore; `unsigned` headers are added afterwards."""
    request = AWSRequest(method, url, {name.replace("_", "-"): value for name, value in headers.items()}, data=body)
    credentials = BotocoreCredentials(ACCESS_KEY, SECRET, token)
    getattr(auth, signer)(credentials, service, "us-east-1").add_auth(request)
    return received(method, request.url, {**dict(request.headers.items()), **(unsigned or {})}, body)


def check(request: HttpRequest, secret: str = SECRET, late: float = 0.0, **expected: str) -> Seed | None:
    authorization = read_authorization(request)
    assert authorization is not None
    return verify(request, authorization, secret, time.time() + late, **expected)


def claim(request: HttpRequest) -> Authorization:
    authorization = read_authorization(request)
    assert authorization is not None
    return authorization


def refused(request: HttpRequest, **arguments: object) -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        check(request, **arguments)  # type: ignore[arg-type]
    return caught.value


def changed(request: HttpRequest, **changes: object) -> HttpRequest:
    fields = {name: getattr(request, name) for name in ("method", "path", "query", "headers", "body")}
    return HttpRequest(**{**fields, **changes})  # type: ignore[arg-type]


def without(request: HttpRequest, header: str) -> HttpRequest:
    return changed(request, headers=Headers([pair for pair in request.headers.items() if pair[0] != header]))


JSON = {"X_Amz_Target": "SageMaker.ListModels", "Content_Type": "application/x-amz-json-1.1"}
FORM = {"Content_Type": "application/x-www-form-urlencoded; charset=utf-8"}
S3 = "http://127.0.0.1:7258/bucket/"
CASES: dict[str, Callable[[], HttpRequest]] = {
    "json": lambda: signed(body=b'{"MaxResults": 1}', **JSON),
    "json with a token": lambda: signed(body=b"{}", token=TOKEN, **JSON),
    "query": lambda: signed(body=b"Action=GetCallerIdentity&Version=2011-06-15", service="sts", **FORM),
    "rest-json": lambda: signed(url="http://127.0.0.1:7258/endpoints/a%20b%2Fc/invocations?x=%2F~&a=", body=b"1,2,3"),
    # What stands before ".." is no part of the normalised path: only the dots and slashes can be tried here.
    "a path with dots": lambda: signed(method="GET", url="http://127.0.0.1:7258/../b//c/./d/"),
    "presigned sts": lambda: signed(
        "SigV4QueryAuth", "GET", "http://127.0.0.1:7258/?Action=GetCallerIdentity", service="sts", token=TOKEN
    ),
    "s3 put": lambda: signed("S3SigV4Auth", "PUT", S3 + "a%20b/%C3%BC%2B.txt", b"hello", "s3"),
    "s3 with odd slashes": lambda: signed("S3SigV4Auth", "GET", S3 + "/a//../b/./%2E%2E", service="s3"),
    "s3 list": lambda: signed(
        "S3SigV4Auth",
        "GET",
        S3[:-1] + "?list-type=2&prefix=a%2Fb&delimiter=%2F&encoding-type=url",
        service="s3",
    ),
    "s3 sub-resource": lambda: signed("S3SigV4Auth", "POST", S3 + "key?uploads", service="s3", token=TOKEN),
    "s3 presigned": lambda: signed("S3SigV4QueryAuth", "GET", S3 + "k?response-content-type=a%2Fb", service="s3"),
    "s3 presigned with a token": lambda: signed("S3SigV4QueryAuth", "PUT", S3 + "k", service="s3", token=TOKEN),
    "date header instead of x-amz-date": lambda: signed(body=b"{}", Date="x", **JSON),
}


@pytest.fixture(params=CASES.values(), ids=CASES.keys())
def request_of_botocore(request: pytest.FixtureRequest) -> HttpRequest:
    return request.param()


def test_what_botocore_signs_is_accepted(request_of_botocore: HttpRequest) -> None:
    """botocore.auth is the reference implementation."""
    assert check(request_of_botocore) is not None


def test_another_secret_is_refused(request_of_botocore: HttpRequest) -> None:
    error = refused(request_of_botocore, secret=SECRET + "x")

    assert error.code in ("InvalidSignatureException", "SignatureDoesNotMatch")
    assert TOKEN not in repr(error.fields)


def test_any_changed_character_is_refused(request_of_botocore: HttpRequest) -> None:
    """Method, path, query, signed headers and body are what a signature covers."""
    request = request_of_botocore
    names = claim(request).signed_headers
    variants = [changed(request, method="DELETE")]
    for part in ("path", "query"):
        text = getattr(request, part)
        variants += [
            changed(request, **{part: flipped(text, index)}) for index in range(len(text)) if text[index] != "/"
        ]
    for position, (name, value) in enumerate(request.headers.items()):
        if name in names or name == "authorization":
            for index in range(len(value)):
                pairs = request.headers.items()
                pairs[position] = (name, flipped(value, index))
                variants.append(changed(request, headers=Headers(pairs)))
    if request.body:
        variants += [
            changed(request, body=request.body + b"x"),
            changed(request, body=b"y" + request.body[1:]),
        ]

    accepted = [variant for variant in variants if passes(variant)]

    assert len(variants) > 50
    assert accepted == []


def flipped(text: str, index: int) -> str:
    return text[:index] + ("q" if text[index] not in "qQ" else "z") + text[index + 1 :]


def passes(request: HttpRequest) -> bool:
    try:
        authorization = read_authorization(request)
        if authorization is None:
            return False
        verify(request, authorization, SECRET, time.time())
    except ServiceError:
        return False
    # The access key is no part of the signed text: it is the secret that is looked up by it.
    return authorization.access_key == ACCESS_KEY


def test_a_claim_names_key_scope_and_token() -> None:
    authorization = claim(signed(body=b"{}", token=TOKEN, **JSON))

    assert authorization.kind == "v4-header"
    assert (authorization.access_key, authorization.session_token) == (ACCESS_KEY, TOKEN)
    assert (authorization.service, authorization.region) == ("sagemaker", "us-east-1")
    assert TOKEN not in repr(authorization)
    assert authorization.signature not in repr(authorization)


def test_a_request_without_a_signature_is_anonymous() -> None:
    assert read_authorization(received("GET", S3 + "k")) is None


@pytest.mark.parametrize(
    ("case", "family"),
    [
        ("json", "json"),
        ("query", "query"),
        ("rest-json", "rest"),
        ("s3 put", "s3"),
        ("presigned sts", "query"),
    ],
)
def test_the_family_follows_from_scope_and_headers(case: str, family: str) -> None:
    assert claim(CASES[case]()).family == family


@pytest.mark.parametrize(
    ("case", "late", "code", "sentence"),
    [
        ("json", 16 * 60, "InvalidSignatureException", "Signature expired: "),
        ("json", -16 * 60, "InvalidSignatureException", "Signature not yet current: "),
        ("query", 16 * 60, "SignatureDoesNotMatch", "Signature expired: "),
        ("s3 put", 16 * 60, "RequestTimeTooSkewed", "The difference between the request time"),
        ("s3 put", -16 * 60, "RequestTimeTooSkewed", "The difference between the request time"),
        ("s3 presigned", 3601, "AccessDenied", "Request has expired"),
        ("s3 presigned", -16 * 60, "AccessDenied", "Request is not yet valid"),
        ("presigned sts", 3601, "SignatureDoesNotMatch", "Signature expired: "),
    ],
)
def test_a_request_out_of_its_time_is_refused(case: str, late: float, code: str, sentence: str) -> None:
    """15 minutes for headers, X-Amz-Expires for URLs: IAM user guide, "Create a signed AWS API request"."""
    error = refused(CASES[case](), late=late)

    assert error.code == code
    assert error.message.startswith(sentence)


@pytest.mark.parametrize(("case", "late"), [("json", 14 * 60), ("json", -14 * 60), ("s3 presigned", 3500)])
def test_a_request_in_its_time_is_accepted(case: str, late: float) -> None:
    assert check(CASES[case](), late=late) is not None


def test_a_date_of_another_day_in_the_scope_is_refused() -> None:
    request = CASES["json"]()
    today, other = amz_timestamp(time.time())[:8], "20150830"
    pairs = [
        (name, value.replace(f"/{today}/", f"/{other}/") if name == "authorization" else value)
        for name, value in request.headers.items()
    ]

    error = refused(changed(request, headers=Headers(pairs)))

    assert error.message.startswith("Date in Credential scope does not match YYYYMMDD")


def test_the_region_of_s3_must_be_the_expected_one() -> None:
    """The client learns the right one: botocore's S3 region redirector reads it."""
    error = refused(CASES["s3 put"](), region="eu-west-1")

    assert (error.code, error.status) == ("AuthorizationHeaderMalformed", 400)
    assert error.message.endswith("the region 'us-east-1' is wrong; expecting 'eu-west-1'")
    assert error.fields["Region"] == "eu-west-1"


def test_the_service_of_the_scope_must_be_the_expected_one() -> None:
    error = refused(CASES["json"](), service="logs")
    of_s3 = refused(CASES["s3 put"](), service="logs")

    assert error.message == "Credential should be scoped to correct service: 'logs'."
    assert of_s3.message.endswith('incorrect service "s3". This endpoint belongs to "logs".')


def test_the_region_of_the_scope_must_be_the_expected_one() -> None:
    error = refused(CASES["json"](), region="eu-west-1")

    assert error.message == "Credential should be scoped to a valid region: 'eu-west-1'."


def test_a_header_that_is_sent_twice_is_signed_joined_by_commas() -> None:
    """IAM user guide, "Create a signed AWS API request": CanonicalHeaders."""
    request = signed(body=b"{}", My_Header="a b,c", **JSON)
    pairs = [pair for pair in request.headers.items() if pair[0] != "my-header"]
    twice = Headers([*pairs, ("My-Header", " a   b "), ("My-Header", "c")])

    assert check(changed(request, headers=twice)) is not None


def test_every_amz_header_of_s3_must_be_signed() -> None:
    """S3 API reference, "Authenticating Requests: Using the Authorization Header"."""
    error = refused(signed("S3SigV4Auth", "PUT", S3 + "k", b"", "s3", unsigned={"x-amz-acl": "public-read"}))

    assert (error.code, error.status) == ("AccessDenied", 403)
    assert error.message == "There were headers present in the request which were not signed"
    assert error.fields["HeadersNotSigned"] == "x-amz-acl"


def test_the_host_must_be_signed() -> None:
    request = CASES["json"]()
    pairs = [(name, value.replace("host;", "")) for name, value in request.headers.items()]

    error = refused(changed(request, headers=Headers(pairs)))

    assert error.message.startswith("'Host' or ':authority' must be a 'SignedHeader'")


def test_a_body_of_s3_must_have_the_digest_that_was_signed() -> None:
    error = refused(changed(CASES["s3 put"](), body=b"other"))

    assert (error.code, error.status) == ("XAmzContentSHA256Mismatch", 400)
    assert error.fields["S3ComputedContentSHA256"] == sha256(b"other").hexdigest()


def test_a_known_digest_of_the_body_is_not_computed_again() -> None:
    request = CASES["json"]()
    digest = sha256(request.body).hexdigest()

    assert check(changed(request, body=b"elsewhere"), body_sha256=digest) is not None


def test_s3_wants_the_digest_of_the_content_named() -> None:
    error = refused(without(CASES["s3 put"](), "x-amz-content-sha256"))

    assert error.message == "Missing required header for this request: x-amz-content-sha256"


def test_s3_says_which_digests_of_content_it_knows() -> None:
    request = CASES["s3 put"]()
    pairs = [(name, "nonsense" if name == "x-amz-content-sha256" else value) for name, value in request.headers.items()]

    assert refused(changed(request, headers=Headers(pairs))).code == "InvalidArgument"


def test_a_refused_signature_of_s3_comes_with_what_should_have_been_signed() -> None:
    """S3's error document has StringToSign and CanonicalRequest; a token in it is left out."""
    error = refused(CASES["s3 presigned with a token"](), secret="other")

    assert str(error.fields["CanonicalRequest"]).startswith("PUT\n/bucket/k\nX-Amz-Algorithm=AWS4-HMAC-SHA256&")
    assert "X-Amz-Security-Token=…" in str(error.fields["CanonicalRequest"])
    assert str(error.fields["StringToSign"]).startswith("AWS4-HMAC-SHA256\n")


def test_a_key_of_s3_sent_in_another_encoding_than_signed_is_the_same_key() -> None:
    """Go's and curl's clients send some characters plain that they sign encoded."""
    request = signed("S3SigV4Auth", "GET", S3 + "a%3Ab%2Bc", service="s3")

    assert check(changed(request, path="/bucket/a:b+c")) is not None


S3_HEADER = "AWS4-HMAC-SHA256 Credential=AK/20150830/us-east-1/s3/aws4_request, SignedHeaders=host"
LOGS = {"X-Amz-Target": "Logs_20140328.PutLogEvents", "X-Amz-Date": "20150830T123600Z"}
SIGNED = f"SignedHeaders=host, Signature={'0' * 64}"


@pytest.mark.parametrize(
    ("headers", "code", "sentence"),
    [
        (
            {**LOGS, "Authorization": "AWS4-HMAC-SHA256 nonsense"},
            "IncompleteSignatureException",
            "Authorization header requires 'Credential' parameter.",
        ),
        (
            {**LOGS, "Authorization": f"AWS4-HMAC-SHA256 Credential=AK/20150830/us-east-1, {SIGNED}"},
            "IncompleteSignatureException",
            "Credential must have exactly 5 slash-delimited elements",
        ),
        (
            {
                **LOGS,
                "Authorization": f"AWS4-HMAC-SHA256 Credential=AK/20150830/r/logs/aws3_request, {SIGNED}",
            },
            "IncompleteSignatureException",
            "Credential should be scoped with a valid terminator: 'aws4_request'",
        ),
        (
            {**LOGS, "Authorization": f"AWS4-HMAC-SHA256 Credential=AK/today/r/logs/aws4_request, {SIGNED}"},
            "IncompleteSignatureException",
            "Date in Credential scope must be of the form YYYYMMDD",
        ),
        (
            {
                "X-Amz-Target": "Logs_20140328.PutLogEvents",
                "Authorization": f"AWS4-HMAC-SHA256 Credential=AK/20150830/r/logs/aws4_request, {SIGNED}",
            },
            "IncompleteSignatureException",
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
        ),
        (
            {
                **LOGS,
                "X-Amz-Date": "yesterday",
                "Authorization": f"AWS4-HMAC-SHA256 Credential=AK/20150830/r/logs/aws4_request, {SIGNED}",
            },
            "IncompleteSignatureException",
            "Date must be in ISO-8601 'basic format'.",
        ),
        (
            {**LOGS, "X-Amz-Date": "20151330T123600Z", "Authorization": f"{S3_HEADER}, Signature=0"},
            "AuthorizationHeaderMalformed",
            "Date must be in ISO-8601 'basic format'.",
        ),
        (
            {"Authorization": S3_HEADER, "X-Amz-Date": "20150830T123600Z"},
            "AuthorizationHeaderMalformed",
            "The authorization header is malformed; the authorization header requires three components",
        ),
        ({"Authorization": "Digest x"}, "InvalidArgument", "Unsupported Authorization Type"),
        (
            {**LOGS, "Authorization": "AWS4-ECDSA-P256-SHA256 x"},
            "IncompleteSignatureException",
            "Unsupported",
        ),
        (
            {**LOGS, "Authorization": f"AWS4-HMAC-SHA256 {'x' * 9000}, {SIGNED}"},
            "IncompleteSignatureException",
            "Authorization header is too long.",
        ),
    ],
)
def test_an_unreadable_header_is_answered_with_what_it_lacks(headers: dict[str, str], code: str, sentence: str) -> None:
    with pytest.raises(ServiceError) as caught:
        read_authorization(received("POST", "http://127.0.0.1/", headers))

    assert caught.value.code == code
    assert caught.value.message.startswith(sentence)


def test_a_date_that_no_calendar_has_is_refused() -> None:
    headers = {**LOGS, "X-Amz-Date": "20150231T000000Z", "Authorization": f"{S3_HEADER}, Signature=0"}

    with pytest.raises(ServiceError):
        read_authorization(received("POST", "http://127.0.0.1/", headers))


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("X-Amz-Expires=3600", "X-Amz-Expires=604801", "X-Amz-Expires must be less than a week"),
        ("X-Amz-Expires=3600", "X-Amz-Expires=-1", "X-Amz-Expires must be non-negative"),
        ("X-Amz-Expires=3600", "X-Amz-Expires=soon", "X-Amz-Expires should be a number"),
        ("X-Amz-Expires=3600", "x=y", "Query-string authentication version 4 requires the X-Amz-Algorithm,"),
        ("AWS4-HMAC-SHA256", "AWS4-HMAC-MD5", 'X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"'),
        ("aws4_request", "aws5_request", "Error parsing the X-Amz-Credential parameter; incorrect terminal"),
        ("X-Amz-Date=2", "X-Amz-Date=x", "X-Amz-Date must be in the ISO8601 Long Format"),
    ],
)
def test_an_unreadable_presigned_url_is_answered_with_what_it_lacks(old: str, new: str, sentence: str) -> None:
    """S3 API reference, "Authenticating Requests: Using Query Parameters"."""
    request = CASES["s3 presigned"]()
    assert old in request.query

    with pytest.raises(ServiceError) as caught:
        read_authorization(changed(request, query=request.query.replace(old, new)))

    assert (caught.value.code, caught.value.status) == ("AuthorizationQueryParametersError", 400)
    assert caught.value.message.startswith(sentence)


def test_a_request_that_is_signed_twice_is_refused() -> None:
    request = CASES["s3 presigned"]()
    pairs = [*request.headers.items(), ("Authorization", f"{S3_HEADER}, Signature=0")]

    with pytest.raises(ServiceError) as caught:
        read_authorization(changed(request, headers=Headers(pairs)))

    assert caught.value.message.startswith("Only one auth mechanism allowed")


def test_a_signature_of_strange_characters_is_just_wrong() -> None:
    request = CASES["json"]()
    pairs = [(name, value[:-1] + "é" if name == "authorization" else value) for name, value in request.headers.items()]

    assert refused(changed(request, headers=Headers(pairs))).code == "InvalidSignatureException"


@pytest.mark.parametrize("service", ["sagemaker", "s3"])
def test_sign_and_botocore_give_the_same_signature(service: str) -> None:
    url = "http://127.0.0.1:7258/bucket/a%20b?x=1&a=%2F"
    theirs = signed("S3SigV4Auth" if service == "s3" else "SigV4Auth", "PUT", url, b"hello", service, TOKEN)
    moment = time.mktime(time.strptime(theirs.headers["x-amz-date"], "%Y%m%dT%H%M%SZ")) - time.timezone

    ours = sign(
        "PUT",
        theirs.path,
        theirs.query,
        {"Host": theirs.host},
        Credentials(ACCESS_KEY, SECRET, TOKEN),
        "us-east-1",
        service,
        payload=sha256(b"hello").hexdigest(),
        now=moment,
    )

    assert ours["Authorization"] == theirs.headers["authorization"]


def test_secrets_do_not_show() -> None:
    credentials = Credentials(ACCESS_KEY, SECRET, TOKEN)
    seed = check(CASES["json"]())

    assert SECRET not in f"{credentials} {credentials!r}"
    assert TOKEN not in f"{credentials!r}"
    assert repr(seed).startswith("Seed(2")
