"""Labels of texts, or vectors of words. Source: SageMaker developer guide, "Model Artifacts and Inference"."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from salvia_toolkit import formats
from salvia_toolkit.algorithm.artefact import ArtefactError
from salvia_toolkit.formats import documents
from salvia_toolkit.serving.message import Refused, Request, Response

from .fasttext import Model

_NAMES = ("model.bin", "vectors.bin")
_ASKED = 'The body must be {"instances": ["a text", …]}; with "configuration": {"k": 2} for the two best labels.'
_ASKED_LINE = 'must be {"source": "a text"}; with "k": 2 for the two best labels.'


class Texts:
    """The handler of a model. An answer is of the request's own type: "the Accept field is ignored"."""

    batches = False

    def __init__(self, model: Model) -> None:
        self._model = model

    def answer(self, requests: Sequence[Request]) -> Sequence[Response]:
        """An answer for each."""
        responses = []
        for request in requests:
            try:
                responses.append(self._answer(request))
            except Refused as refused:
                responses.append(refused.response())
        return responses

    def _answer(self, request: Request) -> Response:
        kind = formats.known(request.content_type or formats.JSON)
        if kind == formats.JSON:
            told = _object(request.body, _ASKED)
            texts, k = told.get("instances"), _k(told.get("configuration") or {}, _ASKED)
            if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
                raise Refused(400, _ASKED)
            return Response(documents.encode([self._said(text, k) for text in texts]), kind)
        if kind == formats.JSON_LINES:
            said = []
            for number, line in enumerate(request.body.splitlines(), 1):
                if line.strip():
                    wrong = f"The body, line {number}: {_ASKED_LINE}"
                    told = _object(line, wrong)
                    if not isinstance(told.get("source"), str):
                        raise Refused(400, wrong)
                    said.append(self._said(told["source"], _k(told, wrong)))
            return Response(documents.encode_lines(said), kind)
        raise Refused(415, f"Content type {kind!r} is not read here. Use {formats.JSON} or {formats.JSON_LINES}.")

    def _said(self, text: str, k: int) -> dict[str, Any]:
        if not self._model.supervised:
            return {"vector": self._model.vector(text), "word": text}
        found = self._model.predict(text, k)
        return {"label": [label for _, label in found], "prob": [probability for probability, _ in found]}


def load(directory: Path) -> Texts:
    """The model in a folder; fastText's own as well. Raises ArtefactError."""
    found = [directory / name for name in _NAMES if (directory / name).is_file()] or sorted(directory.glob("*.bin"))
    if not found:
        held = ", ".join(sorted(path.name for path in directory.iterdir())[:10]) or "no file"
        raise ArtefactError(
            f"The model must hold {' or '.join(_NAMES)}, as BlazingText or fastText wrote it; it holds {held}."
        )
    try:
        return Texts(Model.loaded(found[0]))
    except (ValueError, RuntimeError) as problem:
        raise ArtefactError(f"{found[0].name} cannot be read by fastText: {problem}") from problem


def _object(body: bytes, wrong: str) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except ValueError as problem:
        raise Refused(400, f"{wrong} It is not JSON: {problem}.") from problem
    if not isinstance(told, dict):
        raise Refused(400, wrong)
    return told


def _k(told: Any, wrong: str) -> int:
    k = told.get("k", 1) if isinstance(told, dict) else None
    if not isinstance(k, int) or isinstance(k, bool) or k < 1:
        raise Refused(400, wrong)
    return k
