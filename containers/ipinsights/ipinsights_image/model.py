"""How well entities and addresses go together. Source: SageMaker developer guide, "IP Insights Inference Data
Formats"."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from salvia_toolkit import formats
from salvia_toolkit.algorithm import artefact
from salvia_toolkit.formats import documents
from salvia_toolkit.serving.message import Refused, Request, Response

from .logins import Logins, lines, of_rows
from .vectors import Vectors

NAME = "IP Insights"
_READ = (formats.CSV, formats.JSON, formats.JSON_LINES)
_WRITTEN = (formats.JSON, formats.JSON_LINES)


class Served:
    """The handler of vectors."""

    batches = False

    def __init__(self, vectors: Vectors) -> None:
        self._vectors = vectors
        self._default = os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT") or formats.JSON

    def answer(self, requests: Sequence[Request]) -> Sequence[Response]:
        """An answer for each."""
        return [self._answer(request) for request in requests]

    def _answer(self, request: Request) -> Response:
        if not request.body:
            return Response(status=204)  # as AWS's algorithms answer a request without a body
        wanted = request.accept or self._default
        kind = formats.accepted(wanted, self._default, _WRITTEN)
        if kind is None:
            raise Refused(406, f"Accept {wanted!r} is not written here. Use one of {', '.join(_WRITTEN)}.")
        entities, addresses = self._vectors.of(_logins(request))
        found: list[dict[str, Any]] = [{"dot_product": one} for one in (entities * addresses).sum(axis=1).tolist()]
        if "verbose=true" in wanted.lower().replace(" ", ""):
            for one, entity, address in zip(found, entities.tolist(), addresses.tolist(), strict=True):
                one |= {"entity_embedding": entity, "ip_embedding": address}
        if kind == formats.JSON_LINES:
            return Response(documents.encode_lines(found), kind)
        return Response(documents.encode({"predictions": found}), kind)


def _logins(request: Request) -> Logins:
    kind = formats.known(request.content_type or formats.JSON)
    if kind not in _READ:
        raise Refused(415, f"Content type {kind!r} is not read here. Use one of {', '.join(_READ)}.")

    def wrong(what: str, number: int) -> Exception:
        return Refused(400, f"The body, {'instance' if kind == formats.JSON else 'line'} {number}: {what}")

    try:
        text = request.body.decode("utf-8-sig")
        if kind == formats.CSV:
            return of_rows(lines(text), wrong)
        if kind == formats.JSON_LINES:
            instances = [json.loads(line) for line in text.splitlines() if line.strip()]
        else:
            document = json.loads(text)
            instances = document.get("instances") if isinstance(document, dict) else document
    except ValueError as problem:
        raise Refused(400, f"The body is not {kind}: {problem}.") from problem
    if not isinstance(instances, list):
        raise Refused(400, 'The body must be {"instances": [{"features": ["entity", "192.0.2.1"]}, …]}.')
    return of_rows(((number, _features(one, wrong, number)) for number, one in enumerate(instances, 1)), wrong)


def _features(instance: Any, wrong: Any, number: int) -> list[Any]:
    for member in ("data", "features", "values"):
        if isinstance(instance, dict) and member in instance:
            instance = instance[member]
    if not isinstance(instance, list):
        raise wrong('must be {"features": ["entity", "192.0.2.1"]}.', number)
    return instance


def load(directory: Path) -> Served:
    """The handler of what training left."""
    return Served(Vectors(artefact.read(directory, NAME).arrays))
