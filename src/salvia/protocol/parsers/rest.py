"""What rest-json and rest-xml share: members that travel in the path, the query string and headers.

::

    PUT /{Bucket}/{Key+}?tagging    labels, querystring      ┐
    x-amz-meta-colour: blue         header, headers (prefix) ├─> one dict of members
    <Tagging>…</Tagging>            payload, or the rest     ┘
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from typing import Any

from salvia.core.errors import ServiceError
from salvia.core.http import Headers, HttpRequest
from salvia.protocol.bodies import plain
from salvia.protocol.router import Route

from . import json, xml
from .scalars import MalformedError, text_scalar

Parse = Callable[[Route, HttpRequest], dict[str, Any]]
Text = Callable[[str], Any]
BodyParser = Callable[[Any, Any], Callable[[bytes], Any]]


def request_parser(model: Any, protocol: str) -> Parse:
    """A function from a routed request to the members of the operation's input."""
    shape = model.input_shape
    if shape is None:
        return lambda route, request: {}
    labels: list[tuple[str, str, Text]] = []
    query: list[tuple[str, str, Callable[[list[str]], Any]]] = []
    headers: list[tuple[str, str, Callable[[list[str]], Any]]] = []
    prefixes: list[tuple[str, str]] = []
    query_maps: list[tuple[str, bool]] = []
    in_body = False
    for name, member in shape.members.items():
        wire = member.serialization.get("name", name)
        match member.serialization.get("location"):
            case "uri":
                labels.append((name, wire, text_scalar(member)))
            case "querystring" if member.type_name == "map":
                query_maps.append((name, member.value.type_name == "list"))
            case "querystring":
                query.append((name, wire, _query_values(member)))
            case "header":
                headers.append((name, wire.lower(), _header_values(member)))
            case "headers":
                prefixes.append((name, wire.lower()))
            case _:
                in_body = True
    body = _body(model, shape, protocol) if in_body else None

    def parse(route: Route, request: HttpRequest) -> dict[str, Any]:
        result: dict[str, Any] = {} if body is None else body(request)
        place = ""
        try:
            for name, place, text in labels:
                result[name] = text(route.labels[place])
            if query:
                for name, place, values in query:
                    if place in route.query:
                        result[name] = values(route.query[place])
            if route.query:
                for name, as_list in query_maps:
                    result[name] = {key: values if as_list else values[0] for key, values in route.query.items()}
            for name, place, values in headers:
                if place in request.headers:
                    result[name] = values(request.headers.all(place))
            for name, place in prefixes:
                found = _prefixed(request.headers, place)
                if found:
                    result[name] = found
        except MalformedError as wrong:
            wrong.path.append(place)
            raise _refusal(protocol, wrong) from None
        return result

    return parse


def _body(model: Any, shape: Any, protocol: str) -> Callable[[HttpRequest], dict[str, Any]]:
    """A function from a request to those members of `shape` that its body holds."""
    body_parser: BodyParser = json.body_parser if protocol == "rest-json" else xml.body_parser
    payload = shape.serialization.get("payload")
    if payload is None:
        whole = body_parser(model.service_model, shape)
        located = [name for name, member in shape.members.items() if "location" in member.serialization]

        def members(request: HttpRequest) -> dict[str, Any]:
            if not request.body:
                return {}
            found: dict[str, Any] = _guarded(whole, plain(request), protocol)
            for name in located:  # these are taken from where the model says, not from the body
                found.pop(name, None)
            return found

        return members

    member = shape.members[payload]
    if member.type_name == "blob":

        def stream(request: HttpRequest) -> dict[str, Any]:
            content = request.stream if request.stream is not None else request.body
            return {payload: content} if content else {}

        return stream
    if member.type_name == "string":

        def text(request: HttpRequest) -> dict[str, Any]:
            if not request.body:
                return {}
            try:
                return {payload: request.body.decode("utf-8")}
            except UnicodeDecodeError as wrong:
                raise _refusal(protocol, MalformedError(f"The body is not UTF-8: {wrong}")) from None

        return text
    structure = body_parser(model.service_model, member)
    return lambda request: {payload: _guarded(structure, request.body, protocol)} if request.body else {}


def _guarded(parse: Callable[[bytes], Any], body: bytes, protocol: str) -> Any:
    try:
        return parse(body)
    except MalformedError as wrong:
        if protocol == "rest-xml":
            raise ServiceError(
                "MalformedXML",
                "The XML you provided was not well-formed or did not validate against our published schema: "
                f"{wrong.sentence()}",
            ) from None
        raise _refusal(protocol, wrong) from None


def _refusal(protocol: str, wrong: MalformedError) -> ServiceError:
    code = "InvalidArgument" if protocol == "rest-xml" else "SerializationException"
    return ServiceError(code, wrong.sentence())


def _query_values(shape: Any) -> Callable[[list[str]], Any]:
    if shape.type_name == "list":
        scalar = text_scalar(shape.member)
        return lambda values: [scalar(value) for value in values]
    single = text_scalar(shape)
    return lambda values: single(values[0])


def _header_values(shape: Any) -> Callable[[list[str]], Any]:
    if shape.type_name == "list":
        scalar = text_scalar(shape.member)
        # HTTP dates hold a comma themselves.
        dates = (
            shape.member.type_name == "timestamp"
            and shape.member.serialization.get("timestampFormat", "rfc822") == "rfc822"
        )
        return lambda values: [scalar(item) for item in split_list(",".join(values), dates)]
    if shape.serialization.get("jsonvalue"):
        return lambda values: _json_value(values[0])
    single = text_scalar(shape)
    return lambda values: single(values[0])


def split_list(text: str, dates: bool = False) -> list[str]:
    """The items of a header that holds a list: at commas, outside of double quotes."""
    items: list[str] = []
    current: list[str] = []
    quoted = escaped = was_quoted = False
    for character in text + ",":
        if escaped:
            current.append(character)
            escaped = False
        elif quoted and character == "\\":
            escaped = True
        elif character == '"' and (quoted or not "".join(current).strip()):
            quoted, was_quoted = not quoted, True
            if quoted:
                current = []
        elif character == "," and not quoted:
            if dates and len("".join(current).strip()) == 3:
                current.append(character)
                continue
            item = "".join(current)
            item = item if was_quoted else item.strip()
            if item or was_quoted:
                items.append(item)
            current, was_quoted = [], False
        elif not was_quoted or quoted:
            current.append(character)
    return items


def _json_value(text: str) -> Any:
    try:
        return json.decode(b64decode(text.encode("ascii"), validate=True))
    except (ValueError, ServiceError):
        raise MalformedError("The header is not JSON in base64") from None


def _prefixed(headers: Headers, prefix: str) -> dict[str, str]:
    size = len(prefix)
    found: dict[str, str] = {}
    for name, value in headers.items():
        if name.startswith(prefix) and len(name) > size:
            key = name[size:]
            # Several headers of one name are one header whose values are joined, says HTTP.
            found[key] = f"{found[key]},{value}" if key in found else value
    return found
