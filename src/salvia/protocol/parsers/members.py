"""JSON whose names are the model's members, whatever the service's own protocol.

What travels in the path or in headers at AWS can hold no more here: rooms, and models behind endpoints, are handed what
a client could have sent.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from salvia.core.errors import ServiceError
from salvia.core.http import HttpRequest
from salvia.protocol.bodies import plain
from salvia.protocol.router import Route

from . import json

# RFC 9110, sections 5.5 and 5.6.2: the text of a header, and its name.
_TEXT = re.compile(r"[\t\x20-\x7e\xa0-\xff]*")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]*")


def request_parser(model: Any) -> Callable[[Route, HttpRequest], dict[str, Any]]:
    """A function from a request to the members of the operation's input. It raises SerializationException."""
    shape = model.input_shape
    if shape is None:
        return lambda route, request: {}
    body = json.body_parser(model.service_model, shape, members=True)
    located = {name: member.serialization.get("location") for name, member in shape.members.items()}
    elsewhere = {name: place for name, place in located.items() if place in ("uri", "header", "headers")}

    def parse(route: Route, request: HttpRequest) -> dict[str, Any]:
        found: dict[str, Any] = body(plain(request))
        for name, place in elsewhere.items():
            value = found.get(name)
            if place == "uri" and value == "":
                raise ServiceError("SerializationException", f"{name} is part of a path, and cannot be empty.")
            if place == "headers" and value is not None:  # whose names know no upper case
                found[name] = value = {key.lower(): text for key, text in value.items()}
            if place != "uri" and not _fits(value):
                raise ServiceError("SerializationException", f"{name} is a header, and cannot hold such characters.")
        return found

    return parse


def _fits(value: Any) -> bool:
    """Whether a header can hold a value."""
    if isinstance(value, dict):
        return all(_NAME.fullmatch(key) and _fits(text) for key, text in value.items())
    if isinstance(value, list):
        return all(_fits(item) for item in value)
    return not isinstance(value, str) or _TEXT.fullmatch(value) is not None
