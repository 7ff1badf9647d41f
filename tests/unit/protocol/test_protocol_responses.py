"""Results and errors into responses."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

import pytest
from botocore.awsrequest import HeadersDict
from botocore.parsers import create_parser

from salvia.core.errors import ServiceError, access_denied, validation_error
from salvia.core.http import Headers, HttpRequest, HttpResponse
from salvia.protocol import Route, models, serialize, serialize_error

MOMENT = datetime(2019, 12, 16, 23, 48, 18, 123456, UTC)
INVALID = ServiceError("ValidationError", "m")
S3 = "{http://s3.amazonaws.com/doc/2006-03-01/}"


def to(service: str, operation: str, protocol: str) -> Route:
    return Route(service, operation, models.operation(service, operation), protocol)


def headers(response: HttpResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers}


def body(response: HttpResponse) -> bytes:
    assert isinstance(response.body, bytes)
    return response.body


def s3(operation: str, result: dict[str, Any], **more: Any) -> HttpResponse:
    return serialize(to("s3", operation, "rest-xml"), result, "rid", **more)


def error_of(error: ServiceError, service: str, operation: str, protocol: str, method: str = "POST") -> dict[str, Any]:
    """What botocore makes of our error."""
    response = serialize_error(error, HttpRequest(method, "/b/k"), "rid", route=to(service, operation, protocol))
    raw = {
        "status_code": response.status,
        "headers": HeadersDict(response.headers),
        "body": body(response),
        "context": {"operation_name": operation},
    }
    parsed: dict[str, Any] = create_parser(protocol).parse(raw, models.operation(service, operation).output_shape)
    return parsed


def test_a_description_may_hold_more_than_its_shape_shows() -> None:
    """Describe is spec and status merged: what the model does not know stays inside, None is absent."""
    route = to("sagemaker", "DescribeModel", "json")
    response = serialize(route, {"ModelName": "m", "CreationTime": MOMENT, "secret": 1, "ModelArn": None}, "rid")
    assert json.loads(body(response)) == {"ModelName": "m", "CreationTime": 1576540098.123}
    assert headers(response) == {
        "content-type": "application/x-amz-json-1.1",
        "x-amzn-requestid": "rid",
        "content-length": str(len(body(response))),
    }


@pytest.mark.parametrize(
    "moment", [MOMENT, MOMENT.timestamp(), "2019-12-16T23:48:18.123Z", MOMENT.replace(tzinfo=None)]
)
def test_a_moment_may_be_a_datetime_epoch_seconds_or_text(moment: object) -> None:
    """Rows hold REAL seconds, documents hold JSON; no room has to convert them."""
    response = serialize(to("sagemaker", "DescribeModel", "json"), {"CreationTime": moment}, "rid")
    assert json.loads(body(response)) == {"CreationTime": 1576540098.123}
    xml = serialize(to("iam", "GetRole", "query"), {"Role": {"CreateDate": moment}}, "rid")
    assert b"<CreateDate>2019-12-16T23:48:18.123Z</CreateDate>" in body(xml)
    head = s3("HeadObject", {"LastModified": moment})
    assert headers(head)["last-modified"] == "Mon, 16 Dec 2019 23:48:18 GMT"


def test_json_that_orjson_refuses_is_still_written() -> None:
    """Lone surrogates and huge integers can be in old rows; an answer must not fail over them."""
    route = to("sagemaker", "DescribeModel", "json")
    response = serialize(route, {"ModelName": "a\ud800"}, "rid")
    assert json.loads(body(response))["ModelName"] == "a\ud800"


def test_an_operation_without_output_has_an_empty_body() -> None:
    """SageMaker's StopTrainingJob answers 200 and nothing."""
    assert body(serialize(to("sagemaker", "StopTrainingJob", "json"), {}, "rid")) == b""


def test_query_results_come_in_their_envelope() -> None:
    """IAM API reference: `<GetRoleResponse><GetRoleResult/><ResponseMetadata/></…>`."""
    root = ElementTree.fromstring(body(serialize(to("sts", "GetCallerIdentity", "query"), {"Account": "1"}, "rid")))
    space = "{https://sts.amazonaws.com/doc/2011-06-15/}"
    assert root.tag == f"{space}GetCallerIdentityResponse"
    assert root.findtext(f"{space}GetCallerIdentityResult/{space}Account") == "1"
    assert root.findtext(f"{space}ResponseMetadata/{space}RequestId") == "rid"


@pytest.mark.parametrize(("region", "text"), [("eu-west-1", "eu-west-1"), (None, None), ("", None)])
def test_get_bucket_location_has_its_text_in_the_root(region: str | None, text: str | None) -> None:
    """S3 API reference, GetBucketLocation: empty for us-east-1."""
    root = ElementTree.fromstring(body(s3("GetBucketLocation", {"LocationConstraint": region})))
    assert (root.tag, root.text) == (f"{S3}LocationConstraint", text)


def test_s3_bodies_have_the_documented_root_and_milliseconds() -> None:
    """S3 API reference, ListObjectsV2."""
    result = {
        "Name": "b",
        "Contents": [{"Key": "k", "LastModified": MOMENT.replace(microsecond=0)}, {"Key": "l"}],
    }
    root = ElementTree.fromstring(body(s3("ListObjectsV2", result)))
    assert root.tag == f"{S3}ListBucketResult"
    assert [key.text for key in root.iter(f"{S3}Key")] == ["k", "l"]
    assert root.findtext(f"{S3}Contents/{S3}LastModified") == "2019-12-16T23:48:18.000Z"
    assert ElementTree.fromstring(body(s3("GetBucketVersioning", {}))).tag == f"{S3}VersioningConfiguration"


def test_text_that_xml_cannot_hold_is_written_as_references() -> None:
    """As S3 does: markup is escaped, a carriage return survives, control characters become `&#x1;`."""
    written = body(s3("ListObjects", {"Prefix": "<a>&\r\n\"'\x01\ufffe é"})).decode()
    assert "<Prefix>&lt;a&gt;&amp;&#xd;\n\"'&#x1;&#xfffe; é</Prefix>" in written
    surrogate = body(s3("ListObjects", {"Prefix": "\ud800"})).decode()
    assert "&#xd800;" in surrogate


def test_an_attribute_cannot_be_left() -> None:
    """A grantee's type stands in an attribute of its element."""
    grants = [{"Grantee": {"Type": 'x" onload="y', "ID": "i"}}]
    root = ElementTree.fromstring(body(s3("GetBucketAcl", {"Grants": grants})))
    grantee = root.find(f"{S3}AccessControlList/{S3}Grant/{S3}Grantee")
    assert grantee is not None
    assert grantee.attrib == {"{http://www.w3.org/2001/XMLSchema-instance}type": 'x" onload="y'}


def test_a_header_cannot_start_another() -> None:
    """Metadata with line breaks would let its author write headers of the response."""
    response = s3("HeadObject", {"Metadata": {"a": "1\r\nSet-Cookie: x"}, "ETag": '"e"\n'})
    assert headers(response)["x-amz-meta-a"] == "1  Set-Cookie: x"
    assert all("\n" not in name + value and "\r" not in name + value for name, value in response.headers)


def test_a_stream_passes_through() -> None:
    """GetObject: the body is not touched, its length comes from the result, the request's ids are added."""

    async def chunks() -> AsyncIterator[bytes]:
        yield b"x"

    stream = chunks()
    response = s3(
        "GetObject",
        {"Body": stream, "ContentLength": 1, "ContentType": "text/csv"},
        status=206,
        headers=[("Content-Range", "bytes 0-0/1")],
    )
    assert response.body is stream
    assert response.status == 206
    found = headers(response)
    assert (found["content-length"], found["content-type"], found["content-range"]) == (
        "1",
        "text/csv",
        "bytes 0-0/1",
    )
    assert (found["x-amz-request-id"], found["x-amz-id-2"]) == ("rid", "salvia/rid")


def test_what_has_no_body_has_none() -> None:
    """HTTP: HEAD, 204 and 304. HeadObject still tells the object's length."""
    head = s3("HeadObject", {"ContentLength": 7})
    assert (body(head), headers(head)["content-length"]) == (b"", "7")
    deleted = s3("DeleteObject", {})
    assert (deleted.status, body(deleted), "content-length" in headers(deleted)) == (204, b"", False)
    unchanged = s3("GetObject", {"Body": b"x", "ETag": "e"}, status=304)
    assert (body(unchanged), headers(unchanged)["etag"]) == (b"", "e")


def test_given_headers_replace_the_models() -> None:
    """A room knows better than the model, whatever the case of the letters."""
    response = s3("HeadObject", {"ContentType": "text/plain"}, headers=[("content-type", "text/csv")])
    assert [value for name, value in response.headers if name.lower() == "content-type"] == ["text/csv"]


@pytest.mark.parametrize(
    ("service", "operation", "protocol", "error", "code", "status"),
    [
        ("sagemaker", "CreateModel", "json", validation_error("m"), "ValidationException", 400),
        ("sagemaker", "CreateModel", "json", access_denied("m"), "AccessDeniedException", 400),
        (
            "sagemaker",
            "CreateModel",
            "json",
            ServiceError("SignatureDoesNotMatch", "m", 403),
            "InvalidSignatureException",
            400,
        ),
        ("sagemaker", "CreateModel", "json", ServiceError("NotImplemented", "m", 501), "NotImplemented", 501),
        (
            "sagemaker",
            "CreateModel",
            "json",
            ServiceError("InternalFailure", "m", 500),
            "InternalFailure",
            500,
        ),
        (
            "sagemaker_runtime",
            "InvokeEndpoint",
            "rest-json",
            ServiceError("ModelError", "m"),
            "ModelError",
            424,
        ),
        (
            "sagemaker_runtime",
            "InvokeEndpoint",
            "rest-json",
            access_denied("m"),
            "AccessDeniedException",
            403,
        ),
        (
            "sagemaker_runtime",
            "InvokeEndpoint",
            "rest-json",
            ServiceError("ValidationError", "m"),
            "ValidationError",
            400,
        ),
        ("cloudwatch", "PutMetricData", "json", INVALID, "ValidationError", 400),
        (
            "cloudwatch",
            "PutMetricData",
            "query",
            ServiceError("ValidationError", "m"),
            "ValidationError",
            400,
        ),
        ("iam", "GetRole", "query", ServiceError("NoSuchEntityException", "m"), "NoSuchEntity", 404),
        ("iam", "GetRole", "query", ServiceError("NoSuchEntity", "m"), "NoSuchEntity", 404),
        ("iam", "GetRole", "query", validation_error("m"), "ValidationError", 400),
        ("iam", "GetRole", "query", access_denied("m"), "AccessDenied", 403),
        (
            "iam",
            "GetRole",
            "query",
            ServiceError("UnrecognizedClientException", "m"),
            "InvalidClientTokenId",
            403,
        ),
        ("s3", "GetObject", "rest-xml", ServiceError("NoSuchKey", "m", 404), "NoSuchKey", 404),
        ("s3", "GetObject", "rest-xml", access_denied("m"), "AccessDenied", 403),
        (
            "s3",
            "GetObject",
            "rest-xml",
            ServiceError("InvalidClientTokenId", "m", 403),
            "InvalidAccessKeyId",
            403,
        ),
        ("s3", "GetObject", "rest-xml", ServiceError("InvalidRange", "m", 416), "InvalidRange", 416),
        ("s3", "GetObject", "rest-xml", ServiceError("ThrottlingException", "m"), "SlowDown", 503),
        (
            "logs",
            "PutLogEvents",
            "json",
            ServiceError("ResourceNotFoundException", "m"),
            "ResourceNotFoundException",
            400,
        ),
    ],
)
def test_botocore_reads_each_error_as_its_service_spells_it(
    service: str, operation: str, protocol: str, error: ServiceError, code: str, status: int
) -> None:
    """Modelled statuses and codes; the API references' "Common errors" for those that no model has."""
    parsed = error_of(error, service, operation, protocol)
    assert (parsed["Error"]["Code"], parsed["Error"]["Message"]) == (code, "m")
    assert parsed["ResponseMetadata"]["HTTPStatusCode"] == status
    assert parsed["ResponseMetadata"]["RequestId"] == "rid"


def test_a_query_compatible_service_tells_both_codes() -> None:
    """CloudWatch over JSON: the shape in `__type`, the old code in x-amzn-query-error."""
    parsed = error_of(ServiceError("ResourceNotFound", "m"), "cloudwatch", "DeleteAlarms", "json")
    assert parsed["Error"]["Code"] == "ResourceNotFound"
    route = to("cloudwatch", "DeleteAlarms", "json")
    response = serialize_error(ServiceError("ResourceNotFound", "m"), HttpRequest("POST", "/"), "rid", route=route)
    assert headers(response)["x-amzn-query-error"] == "ResourceNotFound;Sender"
    assert headers(response)["content-type"] == "application/x-amz-json-1.0"


def test_fields_of_an_error_fill_its_modelled_members() -> None:
    """Model of PutLogEvents: DataAlreadyAcceptedException.expectedSequenceToken."""
    error = ServiceError("DataAlreadyAcceptedException", "m", expectedSequenceToken="t", unknown="x")
    response = serialize_error(error, HttpRequest("POST", "/"), "rid", route=to("logs", "PutLogEvents", "json"))
    assert json.loads(body(response)) == {
        "__type": "DataAlreadyAcceptedException",
        "expectedSequenceToken": "t",
        "message": "m",
    }


def test_an_s3_error_names_the_resource() -> None:
    """S3 API reference, "REST error responses"; further fields are elements, `headers` are headers."""
    error = ServiceError("NoSuchKey", "No <key>.", 404, Key="k&", headers=[("x-amz-delete-marker", "true")])
    response = serialize_error(error, HttpRequest("GET", "/b/k"), "rid", route=to("s3", "GetObject", "rest-xml"))
    root = ElementTree.fromstring(body(response))
    assert {child.tag: child.text for child in root} == {
        "Code": "NoSuchKey",
        "Message": "No <key>.",
        "Key": "k&",
        "Resource": "/b/k",
        "RequestId": "rid",
        "HostId": "salvia/rid",
    }
    assert headers(response)["x-amz-delete-marker"] == "true"


def test_an_error_of_a_head_request_has_no_body() -> None:
    """boto3 then makes 404 "Not Found" of the status."""
    parsed = error_of(ServiceError("NoSuchKey", "m", 404), "s3", "HeadObject", "rest-xml", "HEAD")
    assert parsed["Error"] == {"Code": "404", "Message": "Not Found"}


@pytest.mark.parametrize(
    ("pairs", "scope", "protocol"),
    [
        ([("X-Amz-Target", "Nobody.Knows")], "sagemaker", "json"),
        ([("Content-Type", "application/x-www-form-urlencoded")], "iam", "query"),
        ([], "s3", "rest-xml"),
        ([], "elsewhere", "rest-json"),
    ],
)
def test_errors_before_routing_are_readable_too(pairs: list[tuple[str, str]], scope: str, protocol: str) -> None:
    """Signed for the wrong service, a client must still be told so."""
    request = HttpRequest("POST", "/", "", Headers(pairs))
    response = serialize_error(ServiceError("Broken", "m"), request, "rid", scope_service=scope)
    raw = {
        "status_code": response.status,
        "headers": HeadersDict(response.headers),
        "body": body(response),
        "context": {},
    }
    assert create_parser(protocol).parse(raw, None)["Error"]["Code"] == "Broken"
