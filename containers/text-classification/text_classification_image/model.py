"""The probability of each class of a text."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from salvia_toolkit import formats
from salvia_toolkit.algorithm import artefact
from salvia_toolkit.algorithm.artefact import Artefact
from salvia_toolkit.algorithm.classification import Classified
from salvia_toolkit.algorithm.texts import TEXT
from salvia_toolkit.formats.matrix import Array, of_body

from . import words

NAME = "Text Classification"
_ONE_TEXT = "application/x-text"
_ASKED = 'must be {"instances": ["a text", …]}, or a list of texts'


class Words:
    """model.npz: `idf` of the words, `weights` (words × outputs), `bias`; one output where there are two classes."""

    measure = "probabilities"
    readable = (formats.JSON, formats.JSON_LINES, formats.CSV, TEXT, _ONE_TEXT)

    def __init__(self, found: Artefact) -> None:
        told = found.settings
        self.classes = told["classes"]
        self._vectorizer = words.known(
            told["word_ngrams"], told["lowercase"], told["vocabulary"], found.arrays["idf"].astype(np.float64)
        )
        self._weights, self._bias = found.arrays["weights"], found.arrays["bias"]

    def scores(self, instances: list[str]) -> Array:
        """The probabilities."""
        raw = self._vectorizer.transform(instances) @ self._weights + self._bias
        if raw.shape[1] == 1:
            raw = np.hstack([np.zeros_like(raw), raw])
        raw = np.exp(raw - raw.max(axis=1, keepdims=True))
        return raw / raw.sum(axis=1, keepdims=True)

    def instances(self, body: bytes, kind: str) -> list[str]:
        """The texts of a body: JSON's instances, a line, a row of CSV, or all of it."""
        try:
            text = body.decode("utf-8-sig")
        except UnicodeDecodeError as problem:
            raise of_body(f"is not UTF-8: {problem.reason} at byte {problem.start}.") from problem
        if kind == _ONE_TEXT:
            return [text]
        if kind == TEXT:
            return [line for line in text.splitlines() if line.strip()]
        if kind == formats.CSV:
            return _rows(text)
        if kind == formats.JSON_LINES:
            lines = enumerate(text.splitlines(), 1)
            return [_text(_parsed(one, line), line) for line, one in lines if one.strip()]
        told = _parsed(text, None)
        every = told.get("instances") if isinstance(told, dict) else told
        if not isinstance(every, list):
            raise of_body(f"{_ASKED}.")
        return [_text(one, None) for one in every]


def load(directory: Path) -> Classified:
    """The handler of the model in a folder."""
    return Classified(Words(artefact.read(directory, NAME)))


def _parsed(text: str, line: int | None) -> Any:
    try:
        return json.loads(text)
    except ValueError as problem:
        raise of_body(f"is not JSON: {problem}.", line) from problem


def _text(told: Any, line: int | None) -> str:
    if isinstance(told, dict):
        told = told.get("source", told.get("features"))
    if not isinstance(told, str):
        raise of_body('must be a text, or {"source": a text}.' if line else f"{_ASKED}.", line)
    return told


def _rows(text: str) -> list[str]:
    csv.field_size_limit(sys.maxsize)
    reader = csv.reader(io.StringIO(text, newline=""))
    found = []
    try:
        for row in reader:
            if len(row) > 1:
                raise of_body(
                    f"has {len(row)} columns; the text is the only one. Quote a text that has commas.", reader.line_num
                )
            found += row
    except csv.Error as problem:
        raise of_body(f"is not CSV: {problem}.", reader.line_num) from problem
    return found
