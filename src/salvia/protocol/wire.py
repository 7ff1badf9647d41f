"""Members into the request that a client would send, and an answer back into members: botocore's own part in it.

For what was asked in JSON and is passed on to another server, which speaks the service's protocol.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from salvia.core.http import Headers, HttpRequest, HttpResponse


def sent(model: Any, members: dict[str, Any]) -> HttpRequest:
    """The request of an operation, as a client sends it."""
    from botocore.serialize import create_serializer  # which only those need that pass something on

    serializer = create_serializer(model.service_model.metadata["protocol"], include_validation=False)
    made = serializer.serialize_to_request(members, model)
    path, _, fixed = made["url_path"].partition("?")
    query = "&".join(part for part in (fixed, urlencode(made["query_string"], doseq=True, quote_via=quote)) if part)
    return HttpRequest(
        made["method"],
        path,
        query,
        Headers((name, str(value)) for name, value in made["headers"].items()),
        made["body"].encode() if isinstance(made["body"], str) else made["body"] or b"",
    )


def understood(model: Any, response: HttpResponse) -> dict[str, Any]:
    """The members of an answer, whose body is whole."""
    from botocore.awsrequest import HeadersDict
    from botocore.parsers import create_parser

    parser = create_parser(model.service_model.metadata["protocol"])
    answer = {"status_code": response.status, "headers": HeadersDict(response.headers), "body": response.body}
    members: dict[str, Any] = parser.parse(answer, model.output_shape)
    members.pop("ResponseMetadata", None)
    return members
