"""Results of the REST protocols: members into headers, status and body."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from typing import Any

from salvia.core.http import HttpResponse
from salvia.protocol import timestamps

from . import json, s3, xml

Serialize = Callable[[dict[str, Any], str], HttpResponse]
Body = bytes | AsyncIterator[bytes]

XML = "application/xml"
JSON = "application/json"


def response_writer(model: Any, protocol: str) -> Serialize:
    """A function from a result and a request id to the response of an operation."""
    status: int = model.http.get("responseCode", 200)
    shape = model.output_shape
    if shape is None:
        return lambda result, request_id: HttpResponse(status, [])
    headers = header_writer(shape)
    codes = [name for name, member in shape.members.items() if _location(member) == "statusCode"]
    body = _body(model, shape, protocol)

    def serialize(result: dict[str, Any], request_id: str) -> HttpResponse:
        written = headers(result)
        content, content_type = body(result)
        if content_type and not any(name.lower() == "content-type" for name, _ in written):
            written.append(("Content-Type", content_type))
        code = next((int(result[name]) for name in codes if result.get(name) is not None), status)
        return HttpResponse(code, written, content)

    return serialize


def header_writer(shape: Any) -> Callable[[dict[str, Any]], list[tuple[str, str]]]:
    """A function from the members of a structure to those that travel as headers."""
    singles: list[tuple[str, str, Callable[[Any], str]]] = []
    prefixes: list[tuple[str, str]] = []
    for name, member in shape.members.items():
        wire = member.serialization.get("name", name)
        if _location(member) == "header":
            singles.append((name, wire, header_text(member)))
        elif _location(member) == "headers":
            prefixes.append((name, wire))

    def write(result: dict[str, Any]) -> list[tuple[str, str]]:
        written = []
        for name, wire, text in singles:
            value = result.get(name)
            if value is not None and value != []:
                written.append((wire, _one_line(text(value))))
        for name, prefix in prefixes:
            for key, value in (result.get(name) or {}).items():
                written.append((_one_line(prefix + key), _one_line(str(value))))
        return written

    return write


def header_text(shape: Any) -> Callable[[Any], str]:
    """A function from a value to its text in a header."""
    kind = shape.type_name
    if kind == "timestamp":
        return _TIMESTAMPS[shape.serialization.get("timestampFormat", "rfc822").lower()]
    if kind == "list":
        item_text = header_text(shape.member)
        quote = _quoted if shape.member.type_name == "string" else str
        return lambda value: ", ".join(quote(item_text(item)) for item in value)
    if shape.serialization.get("jsonvalue"):
        return lambda value: b64encode(json.encode(value)).decode("ascii")
    if kind == "boolean":
        return lambda value: "true" if value else "false"
    if kind in ("float", "double"):
        return xml.SCALARS["float"]
    return str


def _body(model: Any, shape: Any, protocol: str) -> Callable[[dict[str, Any]], tuple[Body, str]]:
    """A function from a result to the body and its content type ('' when there is none)."""
    payload = shape.serialization.get("payload")
    stream = payload or shape.event_stream_name
    if stream is not None:
        member = shape.members[stream]
        if member.type_name == "blob" or member.serialization.get("eventstream"):
            return lambda result: _raw(result.get(stream))
        if member.type_name in ("string", "character"):
            return lambda result: _text(result.get(stream))
    if protocol == "rest-json":
        return _json_body(model, shape, payload)
    return _xml_body(model, shape, payload)


def _json_body(model: Any, shape: Any, payload: str | None) -> Callable[[dict[str, Any]], tuple[Body, str]]:
    build = json.builder(model.service_model).build
    if payload is None:
        whole = build(shape)
        return lambda result: (json.encode(whole(result)), JSON)
    part = build(shape.members[payload])

    def write(result: dict[str, Any]) -> tuple[Body, str]:
        value = result.get(payload)
        return (json.encode(part(value)), JSON) if value is not None else (b"", "")

    return write


def _xml_body(model: Any, shape: Any, payload: str | None) -> Callable[[dict[str, Any]], tuple[Body, str]]:
    is_s3 = model.service_model.service_name == "s3"
    builder = xml.builder(model.service_model, milliseconds=is_s3)
    special = s3.BODIES.get(model.name) if is_s3 else None
    if special is not None:
        return lambda result: (special(result), XML)
    if payload is not None:
        member = shape.members[payload]
        tag = member.serialization.get("name") or member.name
    elif all(_location(member) in json.ELSEWHERE for member in shape.members.values()):
        return lambda result: (b"", "")
    else:
        member = shape
        tag = shape.serialization.get("name") or shape.name
    if is_s3:
        tag = s3.ROOTS.get(model.name, tag)
    content, attributes = builder.content(member)
    namespace = xml.namespace_of(member) or (
        f' xmlns="{s3.NAMESPACE}"' if is_s3 else _service_namespace(model.service_model)
    )

    def write(result: dict[str, Any]) -> tuple[Body, str]:
        value = result if payload is None else result.get(payload)
        if value is None:
            return b"", ""
        out = [DECLARATION, f"<{tag}{namespace}{attributes(value) if attributes else ''}>"]
        content(out, value)
        out.append(f"</{tag}>")
        return "".join(out).encode(), XML

    return write


DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'


def _service_namespace(service: Any) -> str:
    uri = service.metadata.get("xmlNamespace")
    return f' xmlns="{uri}"' if uri else ""


def _raw(value: Any) -> tuple[Body, str]:
    if value is None:
        return b"", ""
    if isinstance(value, str):
        value = value.encode()
    return value, "application/octet-stream"


def _text(value: Any) -> tuple[Body, str]:
    return (str(value).encode(), "text/plain") if value is not None else (b"", "")


def _location(shape: Any) -> str | None:
    location: str | None = shape.serialization.get("location")
    return location


def _quoted(text: str) -> str:
    if "," in text or '"' in text:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return text


def _one_line(text: str) -> str:
    # A line break would end the header and start another one of the sender's choosing.
    return text.replace("\r", " ").replace("\n", " ") if "\n" in text or "\r" in text else text


_TIMESTAMPS: dict[str, Callable[[Any], str]] = {
    "rfc822": timestamps.http_date,
    "iso8601": timestamps.iso,
    "unixtimestamp": timestamps.epoch_text,
}
