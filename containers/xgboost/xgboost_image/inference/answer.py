"""Predictions → the body of a response, in the type that the request accepts."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

from salvia_toolkit import formats
from salvia_toolkit.formats import documents, recordio
from salvia_toolkit.formats.matrix import Array
from salvia_toolkit.serving.message import Refused, Request, Response

from .selection import Selection

Records = Sequence[dict[str, Any]]


def _json(records: Records) -> bytes:
    return documents.encode({"predictions": records})


def _recordio(records: Records) -> bytes:
    return recordio.encode(
        {key: value if isinstance(value, list) else [value] for key, value in record.items()} for record in records
    )


_ENCODERS: dict[str, Callable[[Records], bytes]] = {
    formats.JSON: _json,
    formats.JSON_LINES: documents.encode_lines,
    formats.RECORDIO: _recordio,
}
_WRITTEN = (formats.CSV, *_ENCODERS)


class Answers:
    """How this model answers. In a batch transform (SAGEMAKER_BATCH), CSV has a line a record, as AWS's."""

    def __init__(self, selection: Selection | None) -> None:
        self._selection = selection
        self._batch = bool(os.environ.get("SAGEMAKER_BATCH"))
        self._default = os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT") or formats.CSV

    def accepted(self, request: Request) -> str:
        """The content type of the answer. Raises Refused (406) when there is none that is wanted."""
        wanted = request.accept or self._default
        name = formats.accepted(wanted, self._default, _WRITTEN)
        if name is None:
            raise Refused(406, f"Accept {wanted!r} is not written here. Use one of {', '.join(_WRITTEN)}.")
        return name

    def response(self, predictions: Array, content_type: str) -> Response:
        """The answer to a request."""
        if content_type == formats.CSV:
            return Response(self._csv(predictions).encode(), content_type)
        records = (
            [{"score": score} for score in predictions.tolist()]
            if self._selection is None
            else self._selection.of(predictions)
        )
        return Response(_ENCODERS[content_type](records), content_type)

    def _csv(self, predictions: Array) -> str:
        """AWS's: one line of all scores unless it is a batch transform, and lists in brackets."""
        if self._selection is not None:
            lines = [
                ",".join(f'"{value}"' if isinstance(value, list) else str(value) for value in record.values())
                for record in self._selection.of(predictions)
            ]
            return "\n".join(lines) + ("\n" if self._batch else "")
        scores = map(str, predictions.tolist())
        return "".join(f"{score}\n" for score in scores) if self._batch else ",".join(scores)
