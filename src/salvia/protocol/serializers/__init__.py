"""Results into responses. Each operation's serialiser is built once from its model and kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from salvia.core.http import HttpResponse
from salvia.protocol.models import BUILDING
from salvia.protocol.router import Route

from . import json, query, rest
from .rest import JSON

Serialize = Callable[[dict[str, Any], str], HttpResponse]

#: What users stored, or their models answered, is never a page of ours: a browser shows it, and runs nothing of it.
INERT = [("Content-Security-Policy", "sandbox"), ("X-Content-Type-Options", "nosniff")]


def serialize(
    route: Route,
    result: dict[str, Any],
    request_id: str,
    *,
    status: int | None = None,
    headers: Iterable[tuple[str, str]] = (),
) -> HttpResponse:
    """The response that carries `result`, a dict as boto3 would return it.

    Timestamps may be datetimes, seconds since the epoch or ISO text; a streaming member is bytes or an
    async iterator of bytes. Members that are None or unknown to the model are left out. `status` and
    `headers` go before what the model says (206, 304, Content-Range, …), but where members are all that is answered.
    """
    response = serializer(route.protocol, route.model)(result, request_id)
    if route.protocol == "members":
        finish(response, "", request_id, "POST")
        return response
    if status is not None:
        response.status = status
    finish(response, route.service, request_id, route.model.http.get("method"), headers)
    return response


def finish(
    response: HttpResponse,
    service: str,
    request_id: str,
    method: str | None,
    headers: Iterable[tuple[str, str]] = (),
) -> None:
    """Add what every response carries: the request's ids, `headers`, the length of the body."""
    added = list(headers)
    if added:
        replaced = {name.lower() for name, _ in added}
        response.headers = [pair for pair in response.headers if pair[0].lower() not in replaced] + added
    if service == "s3":
        response.headers.append(("x-amz-request-id", request_id))
        response.headers.append(("x-amz-id-2", host_id(request_id)))
    else:
        response.headers.append(("x-amzn-RequestId", request_id))
    if service in ("s3", "sagemaker_runtime"):
        response.headers += INERT
    if method == "HEAD" or response.status in (204, 304):
        response.body = b""
    elif isinstance(response.body, bytes) and not any(name.lower() == "content-length" for name, _ in response.headers):
        response.headers.append(("Content-Length", str(len(response.body))))


def host_id(request_id: str) -> str:
    """What x-amz-id-2 and HostId say. AWS's names a host; ours can only repeat the request."""
    return f"salvia/{request_id}"


@cache
def serializer(protocol: str, model: Any) -> Serialize:
    """The serialiser of one operation."""
    with BUILDING:
        if protocol == "json":
            return _json(model)
        if protocol == "members":
            return _members(model)
        if protocol == "query":
            return query.response_writer(model)
        return rest.response_writer(model, protocol)


def _json(model: Any) -> Serialize:
    content_type = f"application/x-amz-json-{model.service_model.metadata.get('jsonVersion', '1.1')}"
    if model.output_shape is None:
        # AWS answers an empty body here, and botocore takes it.
        return lambda result, request_id: HttpResponse(200, [("Content-Type", content_type)])
    convert = json.builder(model.service_model).build(model.output_shape)
    return lambda result, request_id: HttpResponse(200, [("Content-Type", content_type)], json.encode(convert(result)))


def _members(model: Any) -> Serialize:
    if model.output_shape is None:
        return lambda result, request_id: HttpResponse(200, [("Content-Type", JSON)], b"{}")
    convert = json.builder(model.service_model, members=True).build(model.output_shape)
    return lambda result, request_id: HttpResponse(200, [("Content-Type", JSON)], json.encode(convert(result)))
