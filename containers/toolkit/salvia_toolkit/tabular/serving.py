"""`serve` of a tabular model, behind salvia_toolkit.algorithm.serving: CSV in; JSON, JSON Lines or CSV out.

Source: AWS's sample notebooks of LightGBM and CatBoost, TabTransformer and AutoGluon-Tabular: a classifier answers
{"probabilities": [[…], …]}, a column for each class, and a regressor {"prediction": [x, …]}; with Accept
application/json;verbose the labels are added.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Protocol

import pandas as pd

from .. import formats
from ..formats import documents
from ..formats.matrix import Array, FormatError, of_body
from ..serving.message import Refused, Request, Response
from .artefact import Described
from .table import decode

_WRITTEN = (formats.JSON, formats.JSON_LINES, formats.CSV)
_EMPTY = Response(status=204)  # as AWS's algorithms answer a request without a body


class Model(Protocol):
    """A trained model."""

    described: Described

    def predict(self, rows: pd.DataFrame) -> Array:
        """A number a row; of a classifier, a probability for each class."""


class Served:
    """The handler of a model."""

    batches = False

    def __init__(self, model: Model) -> None:
        self._model = model
        self._default = os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT") or formats.JSON

    def answer(self, requests: Sequence[Request]) -> Sequence[Response]:
        """An answer for each."""
        return [self._one(request) for request in requests]

    def _one(self, request: Request) -> Response:
        if not request.body:
            return _EMPTY
        wanted = request.accept or self._default
        kind = formats.accepted(wanted, self._default, _WRITTEN)
        if kind is None:
            raise Refused(406, f"Accept {wanted!r} is not written here. Use one of {', '.join(_WRITTEN)}.")
        rows = self._rows(request)
        if rows is None:
            return _EMPTY
        return Response(self._written(self._model.predict(rows), kind, "verbose" in wanted.lower()), kind)

    def _rows(self, request: Request) -> pd.DataFrame | None:
        declared = formats.known(request.content_type or formats.CSV)
        if declared != formats.CSV:
            raise Refused(415, f"Content type {declared!r} is not read here. Use {formats.CSV}.")
        try:
            return decode(request.body, self._model.described.features, of_body)
        except FormatError as problem:
            raise Refused(400, f"{problem} (Content type: {declared}.)") from problem

    def _written(self, predicted: Array, kind: str, verbose: bool) -> bytes:
        problem = self._model.described.problem
        if kind == formats.CSV:
            return "".join(f"{','.join(map(str, _listed(row)))}\n" for row in predicted.tolist()).encode()
        members = {"probabilities" if problem.classifies else "prediction": predicted.tolist()}
        if verbose and problem.classifies:
            members["predicted_label"] = problem.decoded(predicted.argmax(axis=1))
        if kind == formats.JSON_LINES:
            return documents.encode_lines(
                dict(zip(members, each, strict=True)) for each in zip(*members.values(), strict=True)
            )
        if verbose and problem.classifies:
            members["labels"] = list(problem.labels)
        return documents.encode(members)


def _listed(row: float | list[float]) -> list[float]:
    return row if isinstance(row, list) else [row]
