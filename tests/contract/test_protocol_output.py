"""What AWS's clients are tested to understand, our serialisers must write.

Source: AWS's protocol test cases (see `protocol_cases`), `result` or `error` written out as `response`,
compared by meaning: JSON and XML without regard to white space and the order of members, timestamps as
moments, null as absent.
"""

from __future__ import annotations

import json
import re
from typing import Any
from xml.etree import ElementTree

import pytest
from protocol_cases import Case, parameters

from salvia.core.errors import ServiceError
from salvia.core.http import HttpRequest, HttpResponse
from salvia.protocol import Route, serialize, serialize_error
from salvia.protocol.timestamps import from_text

_OTHER_ERROR = "another way to spell the error's code, which clients must read; servers write one of them"
_EXTRA = "the response holds what its shape does not: it tests what clients ignore"
_EMPTY_BODY = "clients must cope with the empty body; servers of this protocol send the envelope"

#: Cases whose response a server would not write, or the result does not determine.
EXCEPTIONS = {
    "json-handles_unexpected_json_output": _EXTRA,
    "json_1_0-AwsJson10HandlesUnexpectedJsonOutput": _EXTRA,
    "rest-xml-InvalidGreetingError": _EXTRA,
    "rest-xml-SimpleScalarPropertiesWithXMLPreamble": _EXTRA,
    "json-AwsJson11FooErrorUsingXAmznErrorTypeWithUri": _OTHER_ERROR,
    "json-AwsJson11FooErrorUsingXAmznErrorTypeWithUriAndNamespace": _OTHER_ERROR,
    "json-AwsJson11FooErrorUsingCode": _OTHER_ERROR,
    "json-AwsJson11FooErrorUsingCodeAndNamespace": _OTHER_ERROR,
    "json-AwsJson11FooErrorUsingCodeUriAndNamespace": _OTHER_ERROR,
    "json_1_0-AwsJson10FooErrorUsingXAmznErrorTypeWithUri": _OTHER_ERROR,
    "json_1_0-AwsJson10FooErrorUsingXAmznErrorTypeWithUriAndNamespace": _OTHER_ERROR,
    "json_1_0-AwsJson10FooErrorUsingCode": _OTHER_ERROR,
    "json_1_0-AwsJson10FooErrorUsingCodeAndNamespace": _OTHER_ERROR,
    "json_1_0-AwsJson10FooErrorUsingCodeUriAndNamespace": _OTHER_ERROR,
    "rest-json-RestJsonFooErrorUsingXAmznErrorTypeWithUri": _OTHER_ERROR,
    "rest-json-RestJsonFooErrorUsingXAmznErrorTypeWithUriAndNamespace": _OTHER_ERROR,
    "rest-json-RestJsonFooErrorUsingCode": _OTHER_ERROR,
    "rest-json-RestJsonFooErrorUsingCodeAndNamespace": _OTHER_ERROR,
    "rest-json-RestJsonFooErrorUsingCodeUriAndNamespace": _OTHER_ERROR,
    "query-QueryEmptyInputAndEmptyOutput": _EMPTY_BODY,
    "query-QueryNoInputAndNoOutput": _EMPTY_BODY,
    "query-QueryNoInputAndOutput": _EMPTY_BODY,
    "query-QueryXmlNamespaces": "the model gives a namespace to the shape that the response leaves out",
    "json-AwsJson11IntEnums": "the response carries X-Amz-Target, a header of requests",
    "json_1_0-query-compatible-QueryCompatibleAwsJson10CustomCodeError": "the model says 402, the case 400",
    "rest-json-MediaTypeHeaderOutputBase64": "the result is text; a jsonvalue is serialised as JSON here",
    "rest-xml-BodyWithXmlName": "botocore, which leaves it out, gives a member the name of its shape's root",
    "rest-xml-ComplexError": "the response has a message that the error has not",
    "rest-xml-RestXmlHttpResponseCode": "an empty body that claims to be XML",
}

_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[-+]\d\d:\d\d)|\w{3}, \d\d \w{3} \d{4} [\d:.]+ GMT")


def meaning(value: Any) -> Any:
    """A JSON value or header with timestamps as seconds, without nulls and type hints."""
    if isinstance(value, dict):
        return {k: meaning(item) for k, item in value.items() if item is not None and k != "__type"}
    if isinstance(value, list):
        return [meaning(item) for item in value if item is not None]
    if isinstance(value, str) and _DATE.fullmatch(value):
        return from_text(value).timestamp()
    return value


def tree(element: ElementTree.Element) -> Any:
    """An XML element's meaning; its children of different names stand in any order."""
    children: dict[str, list[Any]] = {}
    for child in element:
        if not child.tag.endswith("ResponseMetadata"):
            children.setdefault(child.tag, []).append(tree(child))
    text = element.text or ""
    return sorted(element.attrib.items()), meaning(text if text.strip() else ""), children


def xml(body: str) -> Any:
    """The meaning of a document, without the namespace of its root: the cases' models do not give it."""
    if not body.strip():
        return None
    return tree(ElementTree.fromstring(re.sub(r' xmlns="https://example.com/"', "", body.strip())))


def answer(case: Case) -> HttpResponse:
    data = case.data
    route = Route("test", case.operation.name, case.operation, case.service.metadata["protocol"])
    headers = {name.lower(): value for name, value in data["response"].get("headers", {}).items()}
    request_id = headers.get("x-amzn-requestid", "foo-id")
    if "errorCode" not in data:
        return serialize(route, data["result"], request_id)
    fields = {name: value for name, value in data["error"].items() if name.lower() != "message"}
    message = data.get("errorMessage", "")
    error = ServiceError(data["errorCode"], message, data["response"]["status_code"], **fields)
    return serialize_error(error, HttpRequest("POST", "/"), request_id, route=route)


@pytest.mark.parametrize("case", parameters("output"))
def test_a_response_says_what_aws_clients_expect(case: Case) -> None:
    """The case's `response` is the expectation."""
    if f"{case.protocol}-{case.name}" in EXCEPTIONS:
        return
    expected = case.data["response"]

    response = answer(case)

    assert response.status == expected["status_code"]
    headers = {name.lower(): meaning(value) for name, value in response.headers}
    for name, value in expected.get("headers", {}).items():
        assert (name, headers.get(name.lower())) == (name, meaning(value))
    assert isinstance(response.body, bytes)
    body, wanted = response.body.decode(), expected.get("body", "")
    if headers.get("content-type") in ("application/xml", "text/xml"):
        assert xml(body) == xml(wanted)
    elif str(headers.get("content-type")).startswith("application/") and "json" in headers["content-type"]:
        assert meaning(json.loads(body or "{}")) == meaning(json.loads(wanted or "{}"))
    else:
        assert body == wanted
