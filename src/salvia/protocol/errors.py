"""Errors as each protocol tells them.

::

    json        {"__type": "ValidationException", "message": "…"}        + x-amzn-ErrorType
    rest-json   {"message": "…"}                                         + x-amzn-ErrorType
    query       <ErrorResponse><Error><Type>Sender</Type><Code/><Message/></Error><RequestId/></…>
    rest-xml    S3's <Error><Code/><Message/><Resource/><RequestId/><HostId/></Error>
    members     {"__type": "NoSuchKey", "message": "…"}                  the code as boto3 shows it

Rooms and `control` raise one ServiceError; the few codes that services spell differently are translated
here. The fields of an error fill the members of the modelled shape; `headers`, a list of pairs, is the one
field that goes out as headers (S3's x-amz-delete-marker).
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from salvia.core.errors import ServiceError
from salvia.core.http import HttpRequest, HttpResponse

from . import models
from .models import BUILDING, SERVICES
from .router import Route, protocol_of
from .serializers import finish, host_id, json, xml
from .serializers.rest import DECLARATION, JSON, header_writer
from .xml import escape


class Spelling(NamedTuple):
    """One refusal in the words of the protocols; a status of 0 keeps the error's own."""

    json: tuple[str, int]
    query: tuple[str, int]
    s3: tuple[str, int]


#: From "Common errors" of the API references of SageMaker, IAM and S3.
SPELLINGS = (
    Spelling(("AccessDeniedException", 400), ("AccessDenied", 403), ("AccessDenied", 403)),
    Spelling(("InvalidSignatureException", 400), ("SignatureDoesNotMatch", 403), ("SignatureDoesNotMatch", 403)),
    Spelling(("UnrecognizedClientException", 400), ("InvalidClientTokenId", 403), ("InvalidAccessKeyId", 403)),
    Spelling(
        ("MissingAuthenticationTokenException", 400),
        ("MissingAuthenticationToken", 403),
        ("AccessDenied", 403),
    ),
    Spelling(
        ("IncompleteSignatureException", 400),
        ("IncompleteSignature", 400),
        ("AuthorizationHeaderMalformed", 400),
    ),
    Spelling(("ExpiredTokenException", 400), ("ExpiredToken", 403), ("ExpiredToken", 400)),
    Spelling(("RequestExpired", 400), ("RequestExpired", 400), ("RequestTimeTooSkewed", 403)),
    Spelling(("ValidationException", 0), ("ValidationError", 0), ("InvalidArgument", 0)),
    Spelling(("ThrottlingException", 400), ("Throttling", 400), ("SlowDown", 503)),
    Spelling(("InternalFailure", 500), ("InternalFailure", 500), ("InternalError", 500)),
    Spelling(("ServiceUnavailable", 503), ("ServiceUnavailable", 503), ("ServiceUnavailable", 503)),
    Spelling(("NotImplemented", 501), ("NotImplemented", 501), ("NotImplemented", 501)),
)

#: What SQS called its errors before it spoke JSON, where its model does not say. Source: botocore's model of then.
QUERY_CODES = {
    "QueueDoesNotExist": "AWS.SimpleQueueService.NonExistentQueue",
    "QueueNameExists": "QueueAlreadyExists",
    **{
        name: f"AWS.SimpleQueueService.{name}"
        for name in (
            *("BatchEntryIdsNotDistinct", "BatchRequestTooLong", "EmptyBatchRequest", "InvalidBatchEntryId"),
            *("MessageNotInflight", "PurgeQueueInProgress", "QueueDeletedRecently", "TooManyEntriesInBatchRequest"),
            "UnsupportedOperation",
        )
    },
}


def serialize_error(
    error: ServiceError,
    request: HttpRequest,
    request_id: str,
    *,
    route: Route | None = None,
    scope_service: str | None = None,
    members: bool = False,
) -> HttpResponse:
    """The response for `error`. `route` is None when routing itself failed; the request then says how, unless it was
    for members.
    """
    if route is not None:
        service, protocol, model = route.service, route.protocol, route.model.service_model
    elif members:
        service, protocol, model = "", "members", None
    else:
        service, protocol = protocol_of(request, scope_service)
        model = models.service(service) if service else None
    shapes = _shapes(model) if model is not None else {}
    spoken = SERVICES[service].protocols[0] if protocol == "members" and service else protocol
    code, status = (error.code, error.status) if error.code in shapes else _spelled(error, spoken)
    shape = shapes.get(code)
    if shape is not None and error.status == 400:  # 400 is what errors have that do not say
        modelled = shape.metadata.get("error", {})
        status = modelled.get("httpStatusCode", 500 if shape.metadata.get("fault") else status)
    if protocol == "members":
        name = shape.error_code if shape is not None and spoken in ("query", "rest-xml") else code
        more = {name: value for name, value in error.fields.items() if isinstance(value, (str, int, float))}
        body = json.encode(more | {"__type": name, "message": error.message})
        response = HttpResponse(status, [("Content-Type", JSON)], body)
        finish(response, "", request_id, "POST")
        return response
    if protocol == "json":
        response = _json(model, shape, code, error, status)
    elif protocol == "query":
        response = _query(model, shape, code, error, status, request_id)
    elif protocol == "rest-xml":
        response = _rest_xml(model, shape, code, error, status, request_id)
        if service == "s3":
            response.body = _s3_body(model, shape, code, error, request, request_id)
    else:
        response = _rest_json(model, shape, code, error, status)
    extra = error.fields.get("headers")
    finish(response, service, request_id, request.method, extra if isinstance(extra, list) else ())
    return response


def _spelled(error: ServiceError, protocol: str) -> tuple[str, int]:
    column = {"query": 1, "rest-xml": 2}.get(protocol, 0)
    spelling = _spellings().get(error.code)
    if spelling is None:
        return error.code, error.status
    code, status = spelling[column]
    if protocol == "rest-json" and code in ("AccessDeniedException", "UnrecognizedClientException"):
        status = 403
    return code, status or error.status


@cache
def _spellings() -> dict[str, Spelling]:
    # A code in several rows (S3's AccessDenied) stands for the first.
    result: dict[str, Spelling] = {}
    for column in range(3):
        for row in SPELLINGS:
            result.setdefault(row[column][0], row)
    return result


@cache
def _shapes(model: Any) -> dict[str, Any]:
    """The error shapes of a service, by their name and by the code that stands for them on the wire."""
    with BUILDING:
        shapes = model.error_shapes
        result = {shape.name: shape for shape in shapes}
        return result | {shape.error_code: shape for shape in shapes}


def _members(error: ServiceError, shape: Any) -> dict[str, Any]:
    """The members of the error's shape: its fields, and its message under the name that it has there."""
    fields = {name: value for name, value in error.fields.items() if name != "headers"}
    if shape is None:
        return fields
    for name in shape.members:
        if name.lower() in ("message", "errormessage") and error.message:
            fields.setdefault(name, error.message)
    return fields


def _json_body(model: Any, shape: Any, error: ServiceError) -> dict[str, Any]:
    members = _members(error, shape)
    if shape is not None:
        with BUILDING:
            convert = json.builder(model).build(shape)
        body: dict[str, Any] = convert(members)
    else:
        body = {name: value for name, value in members.items() if isinstance(value, (str, int, float, list))}
    if error.message and not any(name.lower() == "message" for name in body):
        body["message"] = error.message
    return body


def _json(model: Any, shape: Any, code: str, error: ServiceError, status: int) -> HttpResponse:
    name = shape.name if shape is not None else code
    version, query_code = "1.1", None
    if model is not None:
        version = model.metadata.get("jsonVersion", "1.1")
        if model.is_query_compatible:
            query_code = shape.error_code if shape is not None else _spelled(error, "query")[0]
            if model.service_name == "sqs":
                query_code = QUERY_CODES.get(query_code, query_code)
    headers = [("Content-Type", f"application/x-amz-json-{version}"), ("x-amzn-ErrorType", name)]
    if query_code is not None:
        headers.append(("x-amzn-query-error", f"{query_code};{_party(status)}"))
    return HttpResponse(status, headers, json.encode({"__type": name} | _json_body(model, shape, error)))


def _rest_json(model: Any, shape: Any, code: str, error: ServiceError, status: int) -> HttpResponse:
    name = shape.name if shape is not None else code
    headers = [("Content-Type", "application/json"), ("x-amzn-ErrorType", name)]
    if shape is not None:
        headers += header_writer(shape)(_members(error, shape))
    return HttpResponse(status, headers, json.encode(_json_body(model, shape, error)))


def _query(model: Any, shape: Any, code: str, error: ServiceError, status: int, request_id: str) -> HttpResponse:
    uri = model.metadata.get("xmlNamespace") if model is not None else None
    namespace = f' xmlns="{uri}"' if uri else ""
    out = [f"<ErrorResponse{namespace}><Error><Type>{_party(status)}</Type>"]
    out += _xml_error(model, shape, code, error)
    out.append(f"</Error><RequestId>{escape(request_id)}</RequestId></ErrorResponse>")
    return HttpResponse(status, [("Content-Type", "text/xml")], "".join(out).encode())


def _rest_xml(model: Any, shape: Any, code: str, error: ServiceError, status: int, request_id: str) -> HttpResponse:
    response = _query(model, shape, code, error, status, request_id)
    response.headers = [("Content-Type", "application/xml")]
    if shape is not None:
        response.headers += header_writer(shape)(_members(error, shape))
    return response


def _s3_body(model: Any, shape: Any, code: str, error: ServiceError, request: HttpRequest, request_id: str) -> bytes:
    out = [DECLARATION, "<Error>"]
    out += _xml_error(model, shape, code, error)
    out.append(f"<Resource>{escape(request.path)}</Resource><RequestId>{escape(request_id)}</RequestId>")
    out.append(f"<HostId>{escape(host_id(request_id))}</HostId></Error>")
    return "".join(out).encode()


def _xml_error(model: Any, shape: Any, code: str, error: ServiceError) -> list[str]:
    wire = shape.error_code if shape is not None else code
    out = [f"<Code>{escape(wire)}</Code>"]
    if error.message:
        out.append(f"<Message>{escape(error.message)}</Message>")
    members = _members(error, shape)
    known = set()
    if shape is not None:
        known = set(shape.members)
        with BUILDING:
            write, _ = xml.builder(model).content(shape)
        write(out, {name: value for name, value in members.items() if name.lower() != "message"})
    for name, value in members.items():
        if name not in known and isinstance(value, (str, int, float)):
            out.append(f"<{name}>{escape(str(value))}</{name}>")
    return out


def _party(status: int) -> str:
    return "Receiver" if status >= 500 else "Sender"
