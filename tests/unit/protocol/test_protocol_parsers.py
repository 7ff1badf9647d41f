"""Requests into parameters, and above all: requests that are wrong."""

from __future__ import annotations

import gzip
import json
import random
from datetime import UTC, datetime
from typing import Any

import pytest
from protocol_samples import sample
from test_protocol_round_trips import PROTOCOLS, sent_by_botocore

from salvia.core.errors import ServiceError
from salvia.core.http import Headers, HttpRequest
from salvia.protocol import SERVICES, models, parse, route, serialize_error, validate
from salvia.protocol.parsers.rest import split_list
from salvia.protocol.timestamps import from_text
from salvia.protocol.xml import MAX_ELEMENTS, XmlError, read


def sagemaker(operation: str, body: bytes | str, *headers: tuple[str, str]) -> dict[str, Any]:
    content = body if isinstance(body, bytes) else body.encode()
    pairs = Headers([("X-Amz-Target", f"SageMaker.{operation}"), *headers])
    request = HttpRequest("POST", "/", "", pairs, content)
    return parse(route(request, "sagemaker"), request)


def s3(line: str, body: bytes = b"", *headers: tuple[str, str]) -> dict[str, Any]:
    method, _, target = line.partition(" ")
    path, _, query = target.partition("?")
    request = HttpRequest(method, path, query, Headers([("Host", "127.0.0.1"), *headers]), body)
    return parse(route(request, "s3"), request)


def query(service: str, form: str) -> dict[str, Any]:
    headers = Headers([("Content-Type", "application/x-www-form-urlencoded")])
    request = HttpRequest("POST", "/", "", headers, form.encode())
    return parse(route(request, SERVICES[service].scope), request)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", "not valid JSON"),
        (b'{"TrainingJobName": "a"', "not valid JSON"),
        (b"\xff\xfe", "not valid JSON"),
        (b'{"TrainingJobName": "\xff"}', "not valid JSON"),
        (b'{"TrainingJobName": NaN}', "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b"[]", "Start of list found where not expected"),
        (b'"text"', "STRING_VALUE"),
        (
            b'{"TrainingJobName": 7}',
            r"NUMBER_VALUE can not be converted to a String \(at 'TrainingJobName'\)",
        ),
        (b'{"TrainingJobName": {}}', "Start of structure or map found where not expected"),
        (
            b'{"ResourceConfig": {"InstanceCount": "2"}}',
            r"STRING_VALUE .* Integer \(at 'ResourceConfig.InstanceCount'\)",
        ),
        (b'{"ResourceConfig": {"InstanceCount": true}}', "TRUE_VALUE"),
        (b'{"ResourceConfig": {"InstanceCount": 2.5}}', "NUMBER_VALUE"),
        (b'{"ResourceConfig": {"InstanceCount": 99999999999}}', "out of range"),
        (b'{"ResourceConfig": {"InstanceCount": 1e300}}', "out of range"),
        (b'{"ResourceConfig": []}', r"Start of list .*at 'ResourceConfig'"),
        (b'{"InputDataConfig": {}}', "Start of structure"),
        (
            b'{"InputDataConfig": [{"ChannelName": "a"}, {"ChannelName": 1}]}',
            r"at 'InputDataConfig.2.ChannelName'",
        ),
        (b'{"HyperParameters": {"a": 1}}', r"at 'HyperParameters.a'"),
        (b'{"EnableNetworkIsolation": "yes"}', "Boolean"),
    ],
)
def test_a_json_body_that_its_shape_cannot_hold_is_a_serialization_exception(body: bytes, words: str) -> None:
    """AWS JSON: SerializationException, with Coral's words; ours say where besides."""
    with pytest.raises(ServiceError, match=words) as refused:
        sagemaker("CreateTrainingJob", body)
    assert (refused.value.code, refused.value.status) == ("SerializationException", 400)


def test_json_members_that_are_null_or_unknown_are_left_out() -> None:
    """Smithy, AWS JSON 1.1: null is absent; what the model does not know is ignored."""
    body = '{"TrainingJobName": null, "Unheard": {"of": 1}, "RoleArn": "r", "InputDataConfig": [null]}'
    assert sagemaker("CreateTrainingJob", body) == {"RoleArn": "r", "InputDataConfig": []}
    assert sagemaker("CreateTrainingJob", "") == sagemaker("CreateTrainingJob", "null") == {}


def test_of_duplicate_json_keys_the_last_counts() -> None:
    """As most JSON readers do; authorisation and execution see the same one value."""
    assert sagemaker("DescribeModel", '{"ModelName": "a", "ModelName": "b"}') == {"ModelName": "b"}


def test_json_timestamps_are_moments_in_utc() -> None:
    """AWS JSON: seconds since the epoch; text is refused."""
    assert sagemaker("ListModels", '{"CreationTimeAfter": 1576540098.123}') == {
        "CreationTimeAfter": datetime(2019, 12, 16, 23, 48, 18, 123000, UTC)
    }
    for wrong in ('"2019-12-16T23:48:18Z"', "1e300", "-1e300", "true"):
        with pytest.raises(ServiceError, match="CreationTimeAfter"):
            sagemaker("ListModels", f'{{"CreationTimeAfter": {wrong}}}')


def test_a_recursive_shape_is_not_followed_forever() -> None:
    """SearchExpression holds SubExpressions; a deep one must not use the stack up."""
    deep = '{"SearchExpression":' + '{"SubExpressions":[' * 400 + "{}" + "]}" * 400 + "}"
    with pytest.raises(ServiceError, match="nests deeper than 100 levels"):
        sagemaker("Search", deep)


def test_a_gzip_body_is_unpacked() -> None:
    """Model trait requestcompression: botocore gzips PutMetricData from 10 KiB on."""
    body = gzip.compress(b'{"ModelName": "m"}')
    assert sagemaker("DescribeModel", body, ("Content-Encoding", "gzip")) == {"ModelName": "m"}
    for wrong in (b"no gzip", body[:-9]):
        with pytest.raises(ServiceError, match="gzip") as refused:
            sagemaker("DescribeModel", wrong, ("Content-Encoding", "gzip"))
        assert refused.value.code == "SerializationException"


def test_a_gzip_bomb_is_refused() -> None:
    """17 MiB of zeros are 17 KiB of gzip."""
    with pytest.raises(ServiceError, match="unpacks to more than"):
        sagemaker("DescribeModel", gzip.compress(bytes(17 * 2**20)), ("Content-Encoding", "gzip"))


def test_xml_bodies_are_parsed_in_any_namespace_and_order() -> None:
    """S3 API reference, DeleteObjects: keys keep their white space."""
    body = (
        b'<?xml version="1.0"?><s:Delete xmlns:s="http://s3.amazonaws.com/doc/2006-03-01/">'
        b"<s:Quiet> true </s:Quiet>"
        b"<s:Object><s:Key> a &amp;&#13;b </s:Key></s:Object><s:Unknown/>"
        b"<s:Object><s:VersionId>1</s:VersionId><s:Key><![CDATA[<c>]]></s:Key></s:Object></s:Delete>"
    )
    assert s3("POST /b?delete", body) == {
        "Bucket": "b",
        "Delete": {"Quiet": True, "Objects": [{"Key": " a &\rb "}, {"VersionId": "1", "Key": "<c>"}]},
    }


def test_an_xml_attribute_is_found_under_any_prefix() -> None:
    """S3's Grantee: the model says `xsi:type`, clients bind what prefix they like."""
    grant = (
        '<AccessControlPolicy><AccessControlList><Grant><Grantee {0}:type="CanonicalUser" '
        'xmlns:{0}="http://www.w3.org/2001/XMLSchema-instance"><ID>i</ID></Grantee></Grant>'
        "</AccessControlList></AccessControlPolicy>"
    )
    for prefix in ("xsi", "i"):
        found = s3("PUT /b?acl", grant.format(prefix).encode())
        assert found["AccessControlPolicy"]["Grants"] == [{"Grantee": {"ID": "i", "Type": "CanonicalUser"}}]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<Delete>", "line 1"),
        (b"not xml", "line 1"),
        (b"<a></b>", "mismatched tag"),
        (b'<!DOCTYPE a [<!ENTITY x "y">]><Delete>&x;</Delete>', "document type"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><Delete/>', "document type"),
        (b"<Delete>&undefined;</Delete>", "undefined entity"),
        (b"<Delete>\xff</Delete>", "line 1"),
        (b'<?xml version="1.0" encoding="klingon"?><Delete/>', "encoding"),
        (b"<a>" * 101 + b"</a>" * 101, "deeper than 100"),
        (b"<Delete><Quiet>maybe</Quiet></Delete>", r"neither true nor false \(at 'Quiet'\)"),
    ],
)
def test_a_body_that_is_not_the_xml_it_should_be_is_malformed(body: bytes, words: str) -> None:
    """S3 error responses: MalformedXML. No document types, so no entities, local files or bombs."""
    with pytest.raises(ServiceError, match=words) as refused:
        s3("POST /b?delete", body)
    assert (refused.value.code, refused.value.status) == ("MalformedXML", 400)


def test_xml_is_bounded_in_size_and_number_of_elements() -> None:
    """CompleteMultipartUpload with 10,000 parts is the largest document that S3 takes."""
    parts = b"".join(b"<Part><PartNumber>%d</PartNumber><ETag>&quot;e&quot;</ETag></Part>" % i for i in range(10_000))
    found = s3("POST /b/k?uploadId=u", b"<CompleteMultipartUpload>" + parts + b"</CompleteMultipartUpload>")
    assert found["MultipartUpload"]["Parts"][9_999] == {"PartNumber": 9_999, "ETag": '"e"'}
    with pytest.raises(XmlError, match="elements"):
        read(b"<r>" + b"<a/>" * MAX_ELEMENTS + b"</r>")
    with pytest.raises(XmlError, match="larger"):
        read(b"<r>" + b" " * (8 * 2**20) + b"</r>")


def test_headers_become_members() -> None:
    """S3 PutObject: timestamps, numbers and metadata, whose names are case-insensitive."""
    found = s3(
        "PUT /b/k",
        b"",
        ("Content-Length", "3"),
        ("x-amz-meta-Colour", "blue"),
        ("X-Amz-Meta-Colour", "green"),
        ("x-amz-meta-", "nameless"),
        ("If-None-Match", "*"),
        ("Expires", "Mon, 16 Dec 2019 23:48:18 GMT"),
        ("x-amz-object-lock-retain-until-date", "2019-12-16T23:48:18.000Z"),
    )
    moment = datetime(2019, 12, 16, 23, 48, 18, tzinfo=UTC)
    assert found == {
        "Bucket": "b",
        "Key": "k",
        "ContentLength": 3,
        "Metadata": {"colour": "blue,green"},
        "IfNoneMatch": "*",
        "Expires": moment,
        "ObjectLockRetainUntilDate": moment,
    }


@pytest.mark.parametrize(
    ("line", "header"),
    [
        ("GET /b?max-keys=many", None),
        ("GET /b?max-keys=1_0", None),
        ("GET /b?max-keys=%EF%BC%91", None),
        ("GET /b?max-keys=" + "1" * 5000, None),
        ("PUT /b/k", ("Content-Length", "-")),
        ("PUT /b/k", ("Expires", "soon")),
    ],
)
def test_a_parameter_that_is_no_number_or_date_is_an_invalid_argument(
    line: str, header: tuple[str, str] | None
) -> None:
    """S3 error responses: InvalidArgument; the message names the parameter."""
    with pytest.raises(ServiceError, match=r"at '(max-keys|content-length|expires)'") as refused:
        s3(line, b"", *([header] if header else []))
    assert refused.value.code == "InvalidArgument"


async def _chunks() -> Any:
    yield b"x"


def test_a_stream_is_handed_over_unread() -> None:
    """Uploads of gigabytes are never held in memory."""
    stream = _chunks()
    request = HttpRequest("PUT", "/b/k", "", Headers([("Host", "localhost")]), stream=stream)
    found = route(request, "s3")
    assert found.streams
    assert parse(found, request)["Body"] is stream
    validate(found.model, parse(found, request))


def test_a_header_list_is_split_at_commas_outside_of_quotes() -> None:
    """Smithy, httpHeader: lists of strings and of HTTP dates."""
    assert split_list('a, b ,"c,d", "e \\"f\\"",,g') == ["a", "b", "c,d", 'e "f"', "g"]
    dates = "Mon, 16 Dec 2019 23:48:18 GMT, Tue, 17 Dec 2019 23:48:18 GMT"
    assert split_list(dates, dates=True) == ["Mon, 16 Dec 2019 23:48:18 GMT", "Tue, 17 Dec 2019 23:48:18 GMT"]


def test_forms_hold_lists_maps_and_structures() -> None:
    """Query protocol: `.member.N`, in the order of N whatever the order of sending; `Key=` is empty."""
    found = query(
        "iam",
        "Action=CreateRole&Version=2010-05-08&RoleName=r%2B+x&Tags.member.2.Key=b&Tags.member.2.Value="
        "&Tags.member.1.Key=a&Tags.member.1.Value=1&AssumeRolePolicyDocument=%7B%7D&MaxSessionDuration=3600",
    )
    assert found == {
        "RoleName": "r+ x",
        "Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}],
        "AssumeRolePolicyDocument": "{}",
        "MaxSessionDuration": 3600,
    }
    assert query("iam", "Action=TagRole&Version=2010-05-08&Tags=") == {"Tags": []}


@pytest.mark.parametrize(
    "pair",
    [
        "MaxSessionDuration=long",
        "MaxSessionDuration.x=1",
        "Tags=x",
        "Tags.member=x",
        "Tags.member.x.Key=a",
        "Tags.member.99999999999999999999.Key=a",
        "Tags.member.1.Key=a&Tags.member.1.Key.b=c",
        "Tags.member.1=a",
        "RoleName.=x",
        "Tags." + "a." * 200 + "b=1",
    ],
)
def test_a_form_that_its_shape_cannot_hold_is_malformed(pair: str) -> None:
    """AWS query common errors: MalformedInput."""
    with pytest.raises(ServiceError) as refused:
        query("iam", f"Action=CreateRole&Version=2010-05-08&{pair}")
    assert (refused.value.code, refused.value.status) == ("MalformedInput", 400)


@pytest.mark.parametrize(
    "text",
    [
        "2019-12-16T23:48:18Z",
        "2019-12-16T23:48:18.000Z",
        "2019-12-17T00:48:18+01:00",
        "2019-12-16 23:48:18",
        "Mon, 16 Dec 2019 23:48:18 GMT",
        "Mon, 16 Dec 2019 22:48:18 -0100",
        "1576540098",
        "1576540098.0",
        " 1.576540098E9 ",
    ],
)
def test_one_moment_has_many_spellings(text: str) -> None:
    """ISO 8601, HTTP dates and epoch seconds, as Smithy's timestampFormat names them."""
    assert from_text(text) == datetime(2019, 12, 16, 23, 48, 18, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "soon", "2019-13-01", "2019-W01-1", "1e99", "Mon, 99 Foo 2019", "9" * 70])
def test_what_is_no_date_is_a_value_error(text: str) -> None:
    """And nothing else, whatever the standard library would raise."""
    with pytest.raises(ValueError, match=r"timestamp|date"):
        from_text(text)


_PIECES = (
    *(
        b"<",
        b">",
        b"&",
        b'"',
        b"{",
        b"}",
        b"[",
        b"]",
        b"null",
        b"1e999",
        b"99999999999999999999",
        b"\xff\xfe",
    ),
    *(b"\x00", b"NaN", b"-", b"=", b".", b"%", b"%zz", b"%ff", b"+", b"true", b"member", b"entry.1.key"),
    *(b"<!DOCTYPE a [<!ENTITY x 'y'>]>", b"&x;", b"\\ud800", b"1" * 5000, b"2024-13-45T99:99:99Z", b"-1"),
)


def _mutated(content: bytes, chance: random.Random) -> bytes:
    result = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        start = chance.randint(0, len(result))
        end = start + chance.choice((0, 0, 1, 2, 10))
        result[start:end] = chance.choice(_PIECES) if chance.random() < 0.8 else chance.randbytes(5)
    return bytes(result)


def _seeds() -> list[tuple[str, HttpRequest]]:
    return [
        (service, sent_by_botocore(service, protocol, name, sample(shape, full=True)))
        for service, protocol in PROTOCOLS
        for name in models.service(service).operation_names[::4]
        if (shape := models.operation(service, name).input_shape) is not None
    ]


def test_whatever_is_sent_only_service_errors_come_out() -> None:
    """Mutations of what botocore sends, in body, query, path and headers: never another exception."""
    chance = random.Random(20)  # the same requests in every run
    seeds = _seeds()
    for _ in range(8_000):
        service, original = chance.choice(seeds)
        request = HttpRequest(original.method, original.path, original.query, original.headers, original.body)
        match chance.randrange(5):
            case 0 | 1 if request.body:
                request.body = _mutated(request.body, chance)
            case 2:
                request.query = _mutated(request.query.encode(), chance).decode("latin-1")
            case 3:
                request.path = _mutated(request.path.encode(), chance).decode("latin-1")
            case _:
                request.headers = Headers(
                    (
                        name,
                        _mutated(value.encode(), chance).decode("latin-1") if chance.random() < 0.3 else value,
                    )
                    for name, value in original.headers.items()
                )
        found = None
        try:
            found = route(request, SERVICES[service].scope)
            validate(found.model, parse(found, request))
        except ServiceError as error:
            response = serialize_error(error, request, "id", route=found, scope_service=SERVICES[service].scope)
            assert 400 <= response.status < 500
            if str(dict(response.headers).get("Content-Type", "")).startswith("application/x-amz-json"):
                json.loads(response.body)  # type: ignore[arg-type]
