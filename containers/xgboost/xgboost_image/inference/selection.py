"""What SAGEMAKER_INFERENCE_OUTPUT selects of a prediction.

Source: SageMaker developer guide, "Configure inference output in generated containers"; the README of AWS's XGBoost
container, from which the keys of each objective, and NaN for a key that an objective does not have, are known.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from typing import Any

from salvia_toolkit.formats.matrix import Array

_Row = Any
_Value = Callable[[_Row, int], object]


def _label(row: _Row, classes: int) -> object:
    return int(row.argmax())


def _winner(row: _Row, classes: int) -> object:
    return float(row.max())


def _all(row: _Row, classes: int) -> object:
    return row.tolist()


def _one(row: _Row, classes: int) -> object:
    return float(row)


def _pair(row: _Row, classes: int) -> object:
    return [1.0 - float(row), float(row)]


def _labels(row: _Row, classes: int) -> object:
    return list(range(max(classes, 2)))


def _above(threshold: float) -> _Value:
    return lambda row, classes: int(row > threshold)


_REGRESSION: dict[str, _Value] = {"predicted_score": _one}
_SCORES: dict[str, _Value] = {"labels": _labels, "raw_score": _one, "raw_scores": _pair}
_OBJECTIVES: dict[str, dict[str, _Value]] = {
    "reg:squarederror": _REGRESSION,
    "reg:logistic": _REGRESSION,
    "reg:gamma": _REGRESSION,
    "reg:tweedie": _REGRESSION,
    "binary:logistic": {
        **_SCORES,
        "predicted_label": _above(0.5),
        "probability": _one,
        "probabilities": _pair,
    },
    "binary:logitraw": {**_SCORES, "predicted_label": _above(0)},
    "binary:hinge": {**_SCORES, "predicted_label": _one},
    "multi:softmax": {**_SCORES, "predicted_label": _one},
    "multi:softprob": {
        "predicted_label": _label,
        "labels": _labels,
        "probability": _winner,
        "probabilities": _all,
        "raw_score": _winner,
        "raw_scores": _all,
    },
}
_KEYS = sorted({key for keys in _OBJECTIVES.values() for key in keys})


class SelectionError(Exception):
    """A SAGEMAKER_INFERENCE_OUTPUT that this model cannot give."""


class Selection:
    """The selected keys, in their order."""

    def __init__(self, keys: list[str], objective: str, classes: int) -> None:
        if objective not in _OBJECTIVES:
            raise SelectionError(
                f"SAGEMAKER_INFERENCE_OUTPUT does not go with objective {objective}; it goes with "
                f"{', '.join(_OBJECTIVES)}. Remove it from the model's Environment."
            )
        unknown = [key for key in keys if key not in _KEYS]
        if unknown:
            raise SelectionError(f"SAGEMAKER_INFERENCE_OUTPUT: {unknown[0]!r} is none of {', '.join(_KEYS)}.")
        self._values = {key: _OBJECTIVES[objective].get(key) for key in keys}
        self._classes = classes

    def of(self, predictions: Array) -> list[dict[str, object]]:
        """For each prediction what was selected."""
        return [
            {key: math.nan if value is None else value(row, self._classes) for key, value in self._values.items()}
            for row in predictions
        ]


def chosen(objective: str, classes: int) -> Selection | None:
    """As the environment says; None when it says nothing. Raises SelectionError."""
    told = os.environ.get("SAGEMAKER_INFERENCE_OUTPUT", "")
    keys = [key for key in told.replace(" ", "").lower().split(",") if key]
    return Selection(keys, objective, classes) if keys else None
