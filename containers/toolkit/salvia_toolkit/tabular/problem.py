"""What is to be predicted. Found out from the labels, as AWS's tabular algorithms do, unless `problem_type` says it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..algorithm.failures import ClientError
from ..formats.matrix import Array

BINARY, MULTICLASS, REGRESSION = "binary", "multiclass", "regression"
AUTO = "auto"
_MOST = 20  # whole numbers that are taken for classes, if nobody says what they are
_CLASSES = 1000  # there may be

Label = int | float | str


@dataclass(frozen=True, slots=True)
class Problem:
    """`labels` are the classes in the order of a model's probabilities; there are none of a regression."""

    kind: str
    labels: tuple[Label, ...] = ()

    @property
    def classifies(self) -> bool:
        """Whether there are classes."""
        return self.kind != REGRESSION

    def encoded(self, labels: Array) -> Array:
        """The labels as a model is trained on them: places in `labels`, or numbers."""
        if not self.classifies:
            numbers = np.asarray(pd.to_numeric(labels), np.float64)
            if not np.isfinite(numbers).all():
                raise ClientError("A label (the first column) is infinite.")
            return numbers
        places = {label: place for place, label in enumerate(self.labels)}
        found = _plain(labels, _numeric(self.labels))
        unknown = next((one for one in found if one not in places), None)
        if unknown is not None:
            raise ClientError(f"The validation data has the label {unknown!r}, which the training data does not have.")
        return np.array([places[one] for one in found], np.int64)

    def decoded(self, places: Array) -> list[Label]:
        """The classes at these places."""
        return [self.labels[place] for place in places.tolist()]


def distinct(labels: Array) -> list[Label]:
    """Each label that there is, once, as numbers if all are; no more than show that there are too many for classes."""
    each = pd.unique(labels)
    numeric = bool(pd.Series(pd.to_numeric(each, errors="coerce")).notna().all())
    return list(dict.fromkeys(_plain(each, numeric)))[: _CLASSES + 1]


def of(every: Sequence[Sequence[Label]], wanted: str) -> Problem:
    """The problem whose labels, on each of several hosts, are these. Raises ClientError where they pose none."""
    numeric = all(_numeric(labels) for labels in every)
    labels: list[Any] = sorted({one if numeric else str(one) for labels in every for one in labels})
    if len(labels) < 2:
        raise ClientError(
            f"All labels (the first column) of the training data are {labels[0]!r}: there is nothing to learn. "
            "There must be two at least."
        )
    kind = _kind(labels, numeric) if wanted == AUTO else wanted
    if kind == REGRESSION:
        if not numeric:
            text = next(one for one in labels if not _number(one))
            raise ClientError(f"The label {text[:40]!r} is not a number, which problem_type regression needs.")
        return Problem(REGRESSION)
    if len(labels) > _CLASSES:
        raise ClientError(
            f"There are more than {_CLASSES} labels (the first column of the training data), too many for classes."
        )
    if kind == BINARY and len(labels) > 2:
        raise ClientError(
            f"problem_type is binary, but there are {len(labels)} labels: {', '.join(map(str, labels[:5]))}, … "
            "Use multiclass."
        )
    return Problem(kind, tuple(labels))


def _kind(labels: list[Any], numeric: bool) -> str:
    if len(labels) == 2:
        return BINARY
    if not numeric or (len(labels) <= _MOST and all(isinstance(label, int) for label in labels)):
        return MULTICLASS
    return REGRESSION


def _plain(labels: Array, numeric: bool) -> list[Label]:
    """Whole numbers as such, so that 1 and 1.0 are one class."""
    if not numeric:
        return [str(one) for one in labels]
    return [int(one) if one.is_integer() else one for one in map(float, pd.to_numeric(labels))]


def _numeric(labels: Sequence[Label]) -> bool:
    return not any(isinstance(label, str) for label in labels)


def _number(text: str) -> bool:
    return bool(pd.notna(pd.to_numeric(text, errors="coerce")))
