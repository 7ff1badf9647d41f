"""Forecasts of requests, and of the lines of a batch transform. Source: SageMaker developer guide, "DeepAR Inference
Formats"."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from salvia_toolkit import formats
from salvia_toolkit.algorithm import artefact
from salvia_toolkit.algorithm.artefact import Artefact
from salvia_toolkit.formats import documents
from salvia_toolkit.formats.matrix import Array
from salvia_toolkit.serving.message import Refused, Request, Response

from .calendar import Frequency
from .forecast import Forecaster
from .likelihoods import SCALED
from .series import Series, fitted, parsed
from .windows import Shape

NAME = "DeepAR"
_SEED = 20171129  # the same request has the same answer
_OUTPUTS = ("mean", "quantiles", "samples")
_MOST = 10_000  # sample paths
_CONFIGURATION = "DEEPAR_INFERENCE_CONFIG"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a configuration asks for."""

    samples: int = 100
    outputs: tuple[str, ...] = ("mean", "quantiles")
    quantiles: tuple[str, ...] = ("0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9")


class Served:
    """The handler of a forecaster."""

    batches = False

    def __init__(self, forecaster: Forecaster, features: int, likelihood: str) -> None:
        self._forecaster, self._features, self._likelihood = forecaster, features, likelihood
        self._default = Wanted()
        if given := os.environ.get(_CONFIGURATION):
            try:
                self._default = configured(json.loads(given))
            except (ValueError, Refused) as problem:
                raise artefact.ArtefactError(f"Environment variable {_CONFIGURATION}: {problem}") from problem

    def answer(self, requests: Sequence[Request]) -> Sequence[Response]:
        """An answer for each."""
        return [self._answer(request) for request in requests]

    def _answer(self, request: Request) -> Response:
        kind = formats.known(request.content_type or formats.JSON)
        if kind not in (formats.JSON, formats.JSON_LINES):
            raise Refused(415, f"Content type {kind!r} is not read here. Use {formats.JSON} or {formats.JSON_LINES}.")
        if not request.body.strip():
            raise Refused(400, 'The body is empty; it must be {"instances": [{"start": …, "target": […]}, …]}.')
        document = _whole(request.body) if kind == formats.JSON else None
        if isinstance(document, dict) and "instances" in document:
            if not isinstance(document["instances"], list):
                raise Refused(400, "instances must be a list of time series.")
            given = document.get("configuration")
            wanted = self._default if given is None else configured(given)
            found = self._forecast(document["instances"], wanted, "Instance")
            return Response(documents.encode({"predictions": found}), formats.JSON)
        lines = [line for line in request.body.splitlines() if line.strip()] if document is None else [document]
        records = [_line(line, number) if isinstance(line, bytes) else line for number, line in enumerate(lines, 1)]
        return Response(documents.encode_lines(self._forecast(records, self._default, "Line")), formats.JSON_LINES)

    def _forecast(self, records: list[Any], wanted: Wanted, word: str) -> list[dict[str, Any]]:
        series = [self._series(record, f"{word} {number}") for number, record in enumerate(records, 1)]
        paths = self._forecaster.paths(series, wanted.samples, np.random.default_rng(_SEED))
        return [_written(own, wanted) for own in paths]

    def _series(self, record: Any, where: str) -> Series:
        def wrong(what: str) -> Exception:
            return Refused(400, f"{where}: {what}")

        one = fitted(parsed(record, wrong), self._forecaster.cards, self._features, self._likelihood)
        length = len(one) + self._forecaster.shape.horizon
        if one.dynamic is not None and one.dynamic.shape[1] != length:
            raise wrong(
                f"dynamic_feat has {one.dynamic.shape[1]} values each; it needs {length}: one for each of target, and "
                f"{self._forecaster.shape.horizon} for the steps to forecast."
            )
        return one


def configured(given: Any) -> Wanted:
    """A configuration. Raises Refused."""
    if not isinstance(given, dict):
        raise Refused(400, "configuration must be an object.")
    if unknown := sorted(given.keys() - {"num_samples", "output_types", "quantiles"}):
        raise Refused(400, f"configuration has no {', '.join(unknown)}; it has num_samples, output_types, quantiles.")
    default = Wanted()
    samples, outputs = given.get("num_samples", default.samples), given.get("output_types", default.outputs)
    quantiles = given.get("quantiles", default.quantiles)
    if isinstance(samples, bool) or not isinstance(samples, int) or not 1 <= samples <= _MOST:
        raise Refused(400, f"num_samples must be a whole number from 1 to {_MOST}, not {str(samples)[:40]}.")
    if not isinstance(outputs, (list, tuple)) or not outputs or any(one not in _OUTPUTS for one in outputs):
        raise Refused(400, f"output_types must be a list of {', '.join(_OUTPUTS)}, not {str(outputs)[:60]}.")
    if not isinstance(quantiles, (list, tuple)) or not all(_quantile(one) for one in quantiles):
        raise Refused(
            400, f'quantiles must be a list of numbers from 0 to 1, such as "0.9", not {str(quantiles)[:60]}.'
        )
    return Wanted(samples, tuple(outputs), tuple(map(str, quantiles)))


def _quantile(one: Any) -> bool:
    try:
        return 0 <= float(one) <= 1
    except (TypeError, ValueError):
        return False


def _written(paths: Array, wanted: Wanted) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "quantiles" in wanted.outputs:
        rows = np.quantile(paths, [float(one) for one in wanted.quantiles], axis=0)
        found["quantiles"] = {name: row.tolist() for name, row in zip(wanted.quantiles, rows, strict=True)}
    if "samples" in wanted.outputs:
        found["samples"] = paths.tolist()
    if "mean" in wanted.outputs:
        found["mean"] = paths.mean(axis=0).tolist()
    return found


def _whole(body: bytes) -> Any:
    """The document; None where it is several lines of them, or none at all."""
    try:
        return json.loads(body)
    except ValueError as problem:
        if len(body.splitlines()) > 1:
            return None
        raise Refused(400, f"The body is not JSON: {problem}.") from problem


def _line(line: bytes, number: int) -> Any:
    try:
        return json.loads(line)
    except ValueError as problem:
        raise Refused(400, f"Line {number} is not JSON: {problem}.") from problem


def stored(forecaster: Forecaster) -> Artefact:
    """The artefact of a forecaster."""
    shape = forecaster.shape
    settings = {
        "time_freq": f"{shape.frequency.multiple}{shape.frequency.base}",
        "context_length": shape.context,
        "prediction_length": shape.horizon,
        "likelihood": forecaster.likelihood,
        "dropout_rate": forecaster.zoneout,
    }
    return Artefact({**forecaster.arrays, "center": shape.center, "spread": shape.spread}, settings)


def load(directory: Path) -> Served:
    """The handler of what training left."""
    found = artefact.read(directory, NAME)
    arrays, settings = dict(found.arrays), found.settings
    center, spread, likelihood = arrays.pop("center"), arrays.pop("spread"), settings["likelihood"]
    shape = Shape(
        Frequency.of(settings["time_freq"]),
        settings["context_length"],
        settings["prediction_length"],
        center,
        spread,
        likelihood in SCALED,
    )
    return Served(Forecaster(shape, likelihood, settings["dropout_rate"], arrays), len(center), likelihood)
