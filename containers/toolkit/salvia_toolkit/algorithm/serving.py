"""`serve`: a model of an algorithm behind the model server. `python -m salvia_toolkit.algorithm.serving MODULE`.

MODULE has a `load`, which makes a handler of a folder: `Served(Model(folder))`.

Source: SageMaker developer guide, "Common Data Formats for Inference"; each algorithm's "Response Formats".
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from .. import formats
from ..cores import usable_cores
from ..formats import documents, recordio
from ..formats.matrix import Array, FormatError
from ..serving.main import serve, serve_many
from ..serving.message import Refused, Request, Response
from .channel import label_size
from .failures import ClientError
from .table import matrix

READABLE = (formats.JSON, formats.JSON_LINES, formats.CSV, formats.RECORDIO)
_WRITTEN = (formats.JSON, formats.JSON_LINES, formats.RECORDIO, formats.CSV)
_EMPTY = Response(status=204)  # as AWS's algorithms answer a request without a body


class Model(Protocol):
    """A trained model. `columns` is how many features it takes; `member`, what JSON calls its answers."""

    columns: int
    member: str
    sparse: bool

    def predict(self, rows: Any, verbose: bool) -> dict[str, Array]:
        """What is said of the rows: an array for each member of an answer, with an entry a row."""


class Served:
    """The handler of a model. Dense rows of requests that arrive together are predicted together."""

    batches = True

    def __init__(self, model: Model) -> None:
        self._model = model
        self._default = os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT") or formats.JSON

    def answer(self, requests: Sequence[Request]) -> Sequence[Response]:
        """An answer for each."""
        responses: list[Response] = [_EMPTY] * len(requests)
        together: dict[bool, list[tuple[int, Array, str]]] = {}
        for at, request in enumerate(requests):
            if not request.body:
                continue
            try:
                wanted, verbose = self._accepted(request)
                rows = self._rows(request)
                if isinstance(rows, np.ndarray):
                    together.setdefault(verbose, []).append((at, rows, wanted))
                else:
                    responses[at] = self._written(self._model.predict(rows, verbose), wanted)
            except Refused as refused:
                responses[at] = refused.response()
        for verbose, jobs in together.items():
            every = jobs[0][1] if len(jobs) == 1 else np.concatenate([rows for _, rows, _ in jobs])
            predicted = self._model.predict(every, verbose)
            start = 0
            for at, rows, wanted in jobs:
                own = {name: values[start : start + len(rows)] for name, values in predicted.items()}
                responses[at] = self._written(own, wanted)
                start += len(rows)
        return responses

    def _accepted(self, request: Request) -> tuple[str, bool]:
        wanted = request.accept or self._default
        name = formats.accepted(wanted, self._default, _WRITTEN)
        if name is None:
            raise Refused(406, f"Accept {wanted!r} is not written here. Use one of {', '.join(_WRITTEN)}.")
        return name, "verbose=true" in wanted.lower().replace(" ", "")

    def _rows(self, request: Request) -> Any:
        declared = request.content_type or formats.JSON
        kind = formats.known(declared)
        if kind not in READABLE:
            raise Refused(415, f"Content type {kind!r} is not read here. Use one of {', '.join(READABLE)}.")
        try:
            rows = matrix(formats.DECODERS[kind](request.body), self._model.columns)
            labels = label_size(declared, "The body", 0) if kind == formats.CSV else 0
        except (FormatError, ClientError) as problem:
            raise Refused(400, f"{problem} (Content type: {kind}.)") from problem
        dense = isinstance(rows, np.ndarray)
        rows = rows[:, labels:] if labels else rows
        if rows.shape[0] and rows.shape[1] != self._model.columns:
            raise Refused(
                400,
                f"The body has {rows.shape[1]} features a row; the model was trained with {self._model.columns}, "
                "and no label belongs here.",
            )
        if not np.isfinite(rows if dense else rows.data).all():
            raise Refused(400, "The body has a feature that is missing or not a finite number.")
        if not rows.shape[0]:
            return np.empty((0, self._model.columns), np.float32)
        return rows if dense or self._model.sparse else rows.toarray()

    def _written(self, predicted: dict[str, Array], kind: str) -> Response:
        columns = {name: values.tolist() for name, values in predicted.items()}
        records = [dict(zip(columns, each, strict=True)) for each in zip(*columns.values(), strict=True)]
        if kind == formats.JSON:
            body = documents.encode({self._model.member: records})
        elif kind == formats.JSON_LINES:
            body = documents.encode_lines(records)
        elif kind == formats.RECORDIO:
            body = recordio.encode(
                {name: value if isinstance(value, list) else [value] for name, value in one.items()} for one in records
            )
        else:
            body = "".join(f"{','.join(map(str, _flat(record)))}\n" for record in records).encode()
        return Response(body, kind)


def _flat(record: dict[str, Any]) -> list[Any]:
    return [item for value in record.values() for item in (value if isinstance(value, list) else [value])]


def main(module: str) -> int:
    """Serve until SIGTERM, and return the exit code. A batch transform has a process for each core."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    load = importlib.import_module(module).load
    if os.environ.get("SAGEMAKER_MULTI_MODEL", "").lower() == "true":
        return serve_many(load)
    return serve(load, usable_cores() if os.environ.get("SAGEMAKER_BATCH") else 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
