"""What AWS's clients are tested to send, our parsers must understand.

Source: AWS's protocol test cases (see `protocol_cases`), `serialized` read back into `params`.
"""

from __future__ import annotations

from typing import Any

import pytest
from protocol_cases import Case, canonical, parameters

from salvia.core.http import Headers, HttpRequest
from salvia.protocol import Route, parse
from salvia.protocol.router import form_of
from salvia.protocol.uris import pairs, table

_GZIP = "the case leaves out the compressed body that it is about"
_TOKEN = "the client makes up the token that the parameters leave out"
_EMPTY = "an empty value is not sent, so it cannot be read"
_QUERY_MAP = "Smithy: the server's map holds all of the query string, also what other members are bound to"

#: Cases in which the request says more or less than the parameters. They must parse; they cannot be equal.
EXCEPTIONS = {
    "json-SDKAppliedContentEncoding_awsJson1_1": _GZIP,
    "json-SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsJson1_1": _GZIP,
    "json_1_0-SDKAppliedContentEncoding_awsJson1_0": _GZIP,
    "json_1_0-SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsJson1_0": _GZIP,
    "query-SDKAppliedContentEncoding_awsQuery": _GZIP,
    "query-SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsQuery": _GZIP,
    "rest-json-SDKAppliedContentEncoding_restJson1": _GZIP,
    "rest-json-SDKAppendedGzipAfterProvidedEncoding_restJson1": _GZIP,
    "rest-xml-SDKAppliedContentEncoding_restXml": _GZIP,
    "rest-xml-SDKAppendedGzipAfterProvidedEncoding_restXml": _GZIP,
    "query-QueryProtocolIdempotencyTokenAutoFill": _TOKEN,
    "rest-json-RestJsonQueryIdempotencyTokenAutoFill": _TOKEN,
    "rest-xml-QueryIdempotencyTokenAutoFill": _TOKEN,
    "query-QueryEmptyQueryMaps": _EMPTY,
    "rest-json-RestJsonHttpPrefixHeadersAreNotPresent": _EMPTY,
    "rest-xml-HttpPrefixHeadersAreNotPresent": _EMPTY,
    "rest-json-RestJsonOmitsEmptyListQueryValues": _EMPTY,
    "rest-json-RestJsonHttpWithEmptyStructurePayload": "{} is sent for a payload that is absent",
    "rest-json-RestJsonHttpWithHeadersButNoPayload": "{} is sent for a payload that is absent",
    "rest-json-RestJsonQueryParamsStringListMap": _QUERY_MAP,
    "rest-json-RestJsonQueryPrecedence": _QUERY_MAP,
    "rest-xml-RestXmlQueryParamsStringListMap": _QUERY_MAP,
    "rest-xml-RestXmlQueryPrecedence": _QUERY_MAP,
    "rest-xml-AllQueryStringTypes": _QUERY_MAP,
    "rest-xml-RestXmlQueryStringEscaping": _QUERY_MAP,
    "rest-xml-RestXmlSupportsNaNFloatQueryValues": _QUERY_MAP,
    "rest-xml-RestXmlSupportsInfinityFloatQueryValues": _QUERY_MAP,
    "rest-xml-RestXmlSupportsNegativeInfinityFloatQueryValues": _QUERY_MAP,
    "rest-xml-RestXmlZeroAndFalseQueryValues": _QUERY_MAP,
    "rest-json-MediaTypeHeaderInputBase64": "a jsonvalue is parsed here; in the case it is text",
    "rest-xml-BodyWithXmlName": "botocore, which leaves it out, gives a member the name of its shape's root",
}

#: The client's endpoint has a path of its own, which whoever runs a server at one takes off.
CUSTOM_PATHS = {"rest-json-RestJsonHostWithPath": "/custom"}


def request_of(case: Case) -> HttpRequest:
    sent: dict[str, Any] = case.data["serialized"]
    path, _, query = sent.get("uri", "/").partition("?")
    path = path.removeprefix(CUSTOM_PATHS.get(f"{case.protocol}-{case.name}", ""))
    headers = Headers(sent.get("headers", {}).items())
    body = sent.get("body", "")
    return HttpRequest(sent.get("method", "POST"), path, query, headers, body.encode())


def route_of(case: Case, request: HttpRequest) -> Route:
    protocol = case.service.metadata["protocol"]
    if protocol.startswith("rest"):
        found = table(case.service).find(request.method, request.path, pairs(request.query, "X"), request.headers)
        assert found is not None, "no operation fits the request"
        operation, labels, query = found
        return Route("test", operation.name, operation, protocol, labels, query)
    query = form_of(request) if protocol == "query" else {}
    return Route("test", case.operation.name, case.operation, protocol, {}, query)


@pytest.mark.parametrize("case", parameters("input"))
def test_a_request_as_aws_clients_send_it_parses_into_the_parameters_they_were_given(case: Case) -> None:
    """The case's `params` are the expectation."""
    request = request_of(case)
    shape = case.operation.input_shape

    params = parse(route_of(case, request), request)

    if f"{case.protocol}-{case.name}" in EXCEPTIONS:
        return
    expected = canonical(shape, case.data.get("params", {})) if shape is not None else {}
    assert (canonical(shape, params) if shape is not None else params) == expected
