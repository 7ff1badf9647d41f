"""Which operation a request is for.

::

    HttpRequest ─ X-Amz-Target ────────────> json     SageMaker.CreateTrainingJob
                ─ Action= & Version= ──────> query    in the form or the query string
                ─ method, path, query ─────> rest     a table made from the model's URIs
                  (the SigV4 scope narrows all three; virtual-host buckets become path style)

Of the rest operations that fit, the one that asks for most wins: literal segments of the path, then literal
query keys (`?uploads`), then members that must be there (`uploadId`, `x-amz-copy-source`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from salvia.core.errors import ServiceError
from salvia.core.http import HttpRequest

from . import models
from .bodies import plain
from .hosts import bucket_of
from .models import SERVICES, Service
from .uris import pairs, table


@dataclass(slots=True)
class Route:
    """Where a request goes. `labels` are the path's, decoded; `query` the query string's or form's pairs."""

    service: str
    operation: str
    model: Any
    protocol: str
    labels: dict[str, str] = field(default_factory=dict)
    query: dict[str, list[str]] = field(default_factory=dict)

    @property
    def streams(self) -> bool:
        """Whether the body is to be handed over as a stream (`HttpRequest.stream`), unread: only S3's are signed so."""
        return self.service == "s3" and self.protocol != "members" and bool(self.model.has_streaming_input)


def route(request: HttpRequest, scope_service: str | None = None, *, domains: Sequence[str] = ("localhost",)) -> Route:
    """The operation that `request` is for.

    `scope_service` is the service of the SigV4 credential scope; None for SigV2 and unsigned requests.
    `domains` are those below which a host's first labels name a bucket (`bucket.localhost`).
    Raises UnknownOperationException (404), InvalidAction (400) or S3's MethodNotAllowed (405).
    """
    if "smithy-protocol" in request.headers:
        raise ServiceError(
            "UnknownOperationException",
            f"Salvia speaks AWS's JSON, query and REST protocols, not {request.headers['smithy-protocol']}. "
            "Use a client that chooses one of those, as boto3 and the AWS CLI do.",
            404,
        )
    candidates = _candidates(scope_service)
    target = request.headers.get("x-amz-target")
    if target is not None and scope_service != "s3":
        return _by_target(target, candidates)
    if scope_service is None:
        form = _unsigned_form(request)
        if "Action" in form:
            return _by_action(form, candidates)
    elif any("query" in known.protocols for known in candidates):
        return _by_action(form_of(request), candidates)
    if scope_service in (None, "s3"):
        return _by_uri(request, [SERVICES["s3"]], domains)
    return _by_uri(request, [known for known in candidates if "rest-json" in known.protocols], ())


def named(target: str) -> Route:
    """The operation `SERVICE.Operation`, the service by botocore's name: to be asked and answered in JSON whose names
    are the model's members, whatever the service's own protocol.

    Raises UnknownOperationException, and NotImplemented for what answers in a stream of events.
    """
    prefix, _, name = target.rpartition(".")
    for service in SERVICES.values():
        if service.model == prefix:
            model = models.operation(service.name, name)
            if model is None:
                break
            if model.has_event_stream_output or model.has_event_stream_input:
                raise ServiceError("NotImplemented", f"{target} answers in a stream of events, which is no JSON.", 501)
            return Route(service.name, name, model, "members")
    raise ServiceError("UnknownOperationException", f"There is no operation '{target[:256]}'.", 404)


def protocol_of(request: HttpRequest, scope_service: str | None) -> tuple[str, str]:
    """The service ('' when unknown) and protocol in which to answer a request that could not be routed."""
    if "smithy-protocol" in request.headers:
        return "", "rest-json"
    known = [service for service in SERVICES.values() if service.scope == scope_service]
    if "x-amz-target" in request.headers and scope_service != "s3":
        prefix = request.headers["x-amz-target"].rpartition(".")[0]
        return next((service.name for service in SERVICES.values() if service.target == prefix), ""), "json"
    for service in known:
        if "query" in service.protocols:
            return service.name, "query"
    if scope_service is None:
        form = _unsigned_form(request)
        if "Action" in form:
            version = form.get("Version", [""])[0]
            names = (service.name for service in SERVICES.values() if service.version == version)
            return next(names, ""), "query"
        content_type = request.headers.get("content-type") or ""
        if request.stream is not None and content_type.startswith("application/x-www-form-urlencoded"):
            return "", "query"  # a form that nobody has read yet
    if scope_service in (None, "s3"):
        return "s3", "rest-xml"
    return next(((service.name, service.protocols[0]) for service in known), ("", "rest-json"))


def form_of(request: HttpRequest) -> dict[str, list[str]]:
    """The pairs of the query string, and of the body where it is a form. Raises MalformedQueryString."""
    form = pairs(request.query, "MalformedQueryString")
    content_type = (request.headers.get("content-type") or "").lower()
    if request.body and content_type.startswith("application/x-www-form-urlencoded"):
        try:
            text = plain(request).decode("utf-8")
        except UnicodeDecodeError:
            raise ServiceError("MalformedQueryString", "The form in the body is not UTF-8.") from None
        for key, values in pairs(text, "MalformedQueryString").items():
            form.setdefault(key, []).extend(values)
    return form


def _unsigned_form(request: HttpRequest) -> dict[str, list[str]]:
    # Without a scope, what is no form is a request for S3, which has words of its own for a bad URI.
    try:
        return form_of(request)
    except ServiceError:
        return {}


def _candidates(scope_service: str | None) -> list[Service]:
    if scope_service is None:
        return list(SERVICES.values())
    found = [service for service in SERVICES.values() if service.scope == scope_service]
    if not found:
        served = ", ".join(sorted({service.scope for service in SERVICES.values()}))
        raise ServiceError(
            "UnknownOperationException",
            f"Salvia does not serve '{scope_service}', for which this request is signed. It serves {served}.",
            404,
        )
    return found


def _by_target(target: str, candidates: Iterable[Service]) -> Route:
    prefix, _, name = target.rpartition(".")
    for service in candidates:
        if prefix and service.target == prefix:
            model = models.operation(service.name, name)
            if model is not None:
                return Route(service.name, name, model, "json")
    raise ServiceError("UnknownOperationException", f"There is no operation '{target[:256]}'.", 404)


def _by_action(form: dict[str, list[str]], candidates: Iterable[Service]) -> Route:
    if "Action" not in form:
        raise ServiceError("MissingAction", "The request must contain the parameter Action.")
    action = form["Action"][0]
    version = form.get("Version", ["NO_VERSION_SPECIFIED"])[0]
    for service in candidates:
        if service.version == version:
            model = models.operation(service.name, action)
            if model is not None:
                return Route(service.name, action, model, "query", query=form)
    raise ServiceError("InvalidAction", f"Could not find operation {action[:128]} for version {version[:32]}")


def _by_uri(request: HttpRequest, candidates: Iterable[Service], domains: Sequence[str]) -> Route:
    path = request.path
    is_s3 = False
    for service in candidates:
        is_s3 = service.name == "s3"
        if is_s3:
            bucket = bucket_of(request.host, domains)
            if bucket is not None:
                path = f"/{bucket}{path}"
        found = table(models.service(service.name)).find(
            request.method,
            path,
            pairs(request.query, "InvalidURI" if is_s3 else "SerializationException"),
            request.headers,
        )
        if found is not None:
            operation, labels, query = found
            return Route(service.name, operation.name, operation, service.protocols[0], labels, query)
    if is_s3:
        raise ServiceError(
            "MethodNotAllowed",
            "The specified method is not allowed against this resource.",
            405,
            Method=request.method,
            ResourceType="SERVICE" if path == "/" else "OBJECT" if "/" in path.strip("/") else "BUCKET",
        )
    raise ServiceError(
        "UnknownOperationException", f"There is no operation {request.method} {request.path[:256]}.", 404
    )
