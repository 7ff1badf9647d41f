"""What classifiers of ours share, whatever they classify: their metrics, and their answers.

{"predictions": [{"predicted_label": "1", "probabilities": {"0": 0.2, "1": 0.8}}, …]}     application/json
{"predicted_label": "1", "probabilities": {"0": 0.2, "1": 0.8}}                           application/jsonlines
1,0.2,0.8                                                                                 text/csv
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from .. import formats
from ..formats import documents
from ..formats.matrix import Array, FormatError
from ..serving.message import Refused, Request, Response
from .failures import ClientError
from .log import say
from .measures import counts_by_class

_WRITTEN = (formats.JSON, formats.JSON_LINES, formats.CSV)


class Classifier(Protocol):
    """A trained model. `measure` is what the numbers are that it has for each of its classes."""

    classes: Sequence[str]
    measure: str
    readable: Sequence[str]

    def instances(self, body: bytes, kind: str) -> list[Any]:
        """What a body of one of the readable types holds. Raises FormatError."""

    def scores(self, instances: list[Any]) -> Array:
        """A row for each, a column for each class; the largest is the class."""


class Classified:
    """The handler of a classifier."""

    batches = False

    def __init__(self, model: Classifier) -> None:
        self._model = model
        self._default = os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT") or formats.JSON

    def answer(self, requests: Sequence[Request]) -> Sequence[Response]:
        """An answer for each."""
        responses = []
        for request in requests:
            try:
                responses.append(self._answer(request))
            except FormatError as problem:
                responses.append(Refused(400, str(problem)).response())
            except Refused as refused:
                responses.append(refused.response())
        return responses

    def _answer(self, request: Request) -> Response:
        kind = formats.known(request.content_type or formats.JSON)
        if kind not in self._model.readable:
            raise Refused(415, f"Content type {kind!r} is not read here. Use one of {', '.join(self._model.readable)}.")
        wanted = request.accept or self._default
        accepted = formats.accepted(wanted, self._default, _WRITTEN)
        if accepted is None:
            raise Refused(406, f"Accept {wanted!r} is not written here. Use one of {', '.join(_WRITTEN)}.")
        instances = self._model.instances(request.body, kind)
        scores = self._model.scores(instances) if instances else np.empty((0, len(self._model.classes)))
        return Response(self._written(scores, accepted), accepted)

    def _written(self, scores: Array, kind: str) -> bytes:
        labels = [self._model.classes[best] for best in scores.argmax(axis=1)]
        rows = scores.tolist()
        if kind == formats.CSV:
            text = io.StringIO()
            csv.writer(text, lineterminator="\n").writerows(
                [label, *row] for label, row in zip(labels, rows, strict=True)
            )
            return text.getvalue().encode()
        records = [
            {"predicted_label": label, self._model.measure: dict(zip(self._model.classes, row, strict=True))}
            for label, row in zip(labels, rows, strict=True)
        ]
        return (
            documents.encode_lines(records)
            if kind == formats.JSON_LINES
            else documents.encode({"predictions": records})
        )


def classes(labels: Sequence[str], channel: str) -> list[str]:
    """The classes of a channel's labels, in their order. Raises ClientError when there is one only."""
    found = sorted(set(labels))
    if len(found) < 2:
        raise ClientError(f"Channel {channel!r} has one label only, {found[0]}: there is nothing to learn.")
    return found


def report(channel: str, known: Sequence[str], labels: Sequence[str], scores: Array) -> None:
    """Log the accuracy, and the mean of the classes' F1, of a channel; a label that no class has is never right."""
    every = [*known, *sorted(set(labels) - set(known))]
    places = {label: place for place, label in enumerate(every)}
    given = np.array([places[label] for label in labels])
    predicted = scores.argmax(axis=1)
    counts = counts_by_class(predicted, given, len(every))
    say(f"#quality_metric: host=algo-1, {channel} accuracy <score>={float(np.mean(predicted == given)):.12g}")
    say(f"#quality_metric: host=algo-1, {channel} f1 <score>={float(np.mean(counts.f_beta())):.12g}")
