"""Requests into the dicts that boto3's users would have passed.

Each operation's parser is built once from its model and kept.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from salvia.core.errors import ServiceError
from salvia.core.http import HttpRequest
from salvia.protocol.bodies import plain
from salvia.protocol.models import BUILDING
from salvia.protocol.router import Route

from . import json, members, query, rest

Parse = Callable[[Route, HttpRequest], dict[str, Any]]


def parse(route: Route, request: HttpRequest) -> dict[str, Any]:
    """The input of `route.operation`: datetimes are aware and in UTC, blobs are bytes.

    A streaming member is `request.stream` where there is one, else the body's bytes. Members that are null
    or unknown to the model are left out. Raises SerializationException, MalformedXML, MalformedInput or
    InvalidArgument, as the protocol has it, saying where the request is wrong.
    """
    return parser(route.protocol, route.model)(route, request)


@cache
def parser(protocol: str, model: Any) -> Parse:
    """The parser of one operation."""
    with BUILDING:
        if protocol == "members":
            return members.request_parser(model)
        if protocol == "json":
            return _json(model)
        if protocol == "query":
            return _query(model)
        if protocol in ("rest-json", "rest-xml"):
            return rest.request_parser(model, protocol)
    raise ServiceError("UnknownOperationException", f"Salvia does not speak the protocol '{protocol}'.", 404)


def _json(model: Any) -> Parse:
    if model.input_shape is None:
        return lambda route, request: {}
    body = json.body_parser(model.service_model, model.input_shape)
    return lambda route, request: body(plain(request))


def _query(model: Any) -> Parse:
    if model.input_shape is None:
        return lambda route, request: {}
    form = query.form_parser(model.service_model, model.input_shape)
    return lambda route, request: form(route.query)
