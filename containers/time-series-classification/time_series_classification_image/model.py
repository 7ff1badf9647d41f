"""The score of each class of a series."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from salvia_toolkit import formats
from salvia_toolkit.algorithm import artefact
from salvia_toolkit.algorithm.artefact import Artefact
from salvia_toolkit.algorithm.classification import Classified
from salvia_toolkit.formats.matrix import Array, of_body

from . import series
from .minirocket import Transform

NAME = "Time-Series Classification"


class Series:
    """model.npz: MiniRocket's `dilations`, `per_dilation`, `channels`, `biases`; `weights` and `bias` of its features.

    A score is near 1 for the class, near -1 for others; it is no probability.
    """

    measure = "scores"
    readable = (formats.JSON, formats.JSON_LINES, formats.CSV)

    def __init__(self, found: Artefact) -> None:
        self.classes = found.settings["classes"]
        self._transform = Transform(*(found.arrays[name] for name in Transform._fields))
        self._weights, self._bias = found.arrays["weights"], found.arrays["bias"]
        self._shape = (self._transform.channels.shape[1], found.settings["length"])

    def scores(self, instances: list[Array]) -> Array:
        """The ridge classifier's."""
        raw = self._transform.features(np.stack(instances)) @ self._weights + self._bias
        return np.hstack([-raw, raw]) if raw.shape[1] == 1 else raw

    def instances(self, body: bytes, kind: str) -> list[Array]:
        """The series of a body, without labels: JSON's instances, a line, or a row of CSV."""
        text = body.decode("utf-8-sig", "replace")
        if kind == formats.JSON:
            told = _parsed(text, None)
            every = told.get("instances") if isinstance(told, dict) else told
            if not isinstance(every, list):
                raise of_body('must be {"instances": [{"target": [numbers]}, …]}, or a list of series.')
            return [self._one(one, None) for one in every]
        lines = [(line, one) for line, one in enumerate(text.splitlines(), 1) if one.strip()]
        if kind == formats.CSV:
            return [self._one([field.strip() or "nan" for field in one.split(",")], line) for line, one in lines]
        return [self._one(_parsed(one, line), line) for line, one in lines]

    def _one(self, told: Any, line: int | None) -> Array:
        if isinstance(told, dict):
            told = told.get("target", told.get("features"))
        try:
            values = series.of(told)
        except (ValueError, TypeError) as problem:
            raise of_body('a series must be numbers, or {"target": numbers}.', line) from problem
        if values.shape != self._shape:
            raise of_body(
                f"a series has {values.shape}, channels and values; the model was trained with {self._shape}, and no "
                "label belongs here.",
                line,
            )
        if problem := series.unfit(values):
            raise of_body(problem, line)
        return values


def load(directory: Path) -> Classified:
    """The handler of the model in a folder."""
    return Classified(Series(artefact.read(directory, NAME)))


def _parsed(text: str, line: int | None) -> Any:
    try:
        return json.loads(text)
    except ValueError as problem:
        raise of_body(f"is not JSON: {problem}.", line) from problem
