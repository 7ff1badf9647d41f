"""Results of the query protocol: `<OpResponse><OpResult>…</OpResult><ResponseMetadata/></OpResponse>`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from salvia.core.http import HttpResponse
from salvia.protocol.xml import escape

from . import xml


def response_writer(model: Any) -> Callable[[dict[str, Any], str], HttpResponse]:
    """A function from a result and a request id to the response of an operation."""
    service = model.service_model
    uri = service.metadata.get("xmlNamespace")
    namespace = f' xmlns="{uri}"' if uri else ""
    shape = model.output_shape
    name = model.name
    if shape is None:
        write = None
        wrapper = ""
    else:
        write, _ = xml.builder(service).content(shape)
        wrapper = shape.serialization.get("resultWrapper", f"{name}Result")

    def serialize(result: dict[str, Any], request_id: str) -> HttpResponse:
        out = [f"<{name}Response{namespace}>"]
        if write is not None:
            out.append(f"<{wrapper}>")
            write(out, result)
            out.append(f"</{wrapper}>")
        out.append(f"<ResponseMetadata><RequestId>{escape(request_id)}</RequestId></ResponseMetadata>")
        out.append(f"</{name}Response>")
        return HttpResponse(200, [("Content-Type", "text/xml")], "".join(out).encode())

    return serialize
