"""What answers invocations: SavedModels, and before and behind them a script's handlers.

Source: the README of AWS's TensorFlow Serving container, "Pre/Post-Processing".
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from salvia_toolkit import formats
from salvia_toolkit.serving.message import Request, Response

from . import bodies
from .rest import Rest
from .saved_models import Answer, SavedModels

_ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"
_OURS = re.compile(r"tfs-(model-name|model-version|method)=([^,\s]+)")


class Context(NamedTuple):
    """What handlers are told of a request. There is no gRPC here."""

    model_name: str
    model_version: str | None
    method: str
    rest_uri: str
    grpc_port: str | None
    custom_attributes: str | None
    request_content_type: str
    accept_header: str
    content_length: int


class Handlers:
    """One request at a time. `script` is a module with `handler`, or with `input_handler` and `output_handler`."""

    batches = False

    def __init__(self, models: SavedModels, script: Any = None) -> None:
        self._models = models
        names = ("handler", "input_handler", "output_handler")
        self._whole, self._before, self._behind = (getattr(script, name, None) for name in names)
        if script is not None and not self._whole and not (self._before and self._behind):
            raise ValueError(f"{script.__file__} must define handler, or input_handler and output_handler.")
        self._rest = Rest(models) if script is not None else None

    def answer(self, requests: Sequence[Request]) -> Sequence[Response]:
        """One after the other, as scripts are written."""
        return [self._one(request) for request in requests]

    def _one(self, request: Request) -> Response:
        given = request.headers.get(_ATTRIBUTES, "")
        told = dict(_OURS.findall(given))
        name, version = told.get("model-name", self._models.default), told.get("model-version")
        method, content_type = told.get("method", "predict"), request.content_type or formats.JSON
        if self._rest is None:
            answer = self._models.ask(bodies.read(request.body, content_type), name, version, method)
            return _response(answer, request.accept)
        context = Context(
            name, version, method, self._rest.uri(name, version, method), None, given or None, content_type,
            request.accept or formats.JSON, len(request.body),
        )  # fmt: skip
        data = io.BytesIO(request.body)
        if self._whole:
            said = self._whole(data, context)
        else:
            said = self._behind(self._models.post(self._before(data, context), name, version, method), context)
        body, kind = said if isinstance(said, tuple) else (said, context.accept_header)
        return Response(body.encode() if isinstance(body, str) else bytes(body), kind)


def _response(answer: Answer, accept: str | None) -> Response:
    """TensorFlow Serving's own, a line where lines are wanted."""
    lines = formats.accepted(accept or formats.JSON, formats.JSON) == formats.JSON_LINES
    kind = formats.JSON_LINES if lines else formats.JSON
    return Response(answer.content + b"\n" * lines, kind, answer.status_code)
