"""Scores and labels of rows. Source: SageMaker developer guide, "Linear Learner Response Formats"."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from salvia_toolkit.algorithm import artefact
from salvia_toolkit.algorithm.serving import Served
from salvia_toolkit.formats.matrix import Array

from .losses import sigmoid


class Linear:
    """model.npz: `weights` (a row for each feature, a column for each output) and `bias`."""

    member, sparse = "predictions", True

    def __init__(self, directory: Path) -> None:
        found = artefact.read(directory, "Linear Learner")
        self._weights, self._bias, self._settings = found.arrays["weights"], found.arrays["bias"], found.settings
        self.columns = self._weights.shape[0]

    def predict(self, rows: Any, verbose: bool) -> dict[str, Array]:
        """The score, which is a probability if the loss is logistic or softmax; and the label of a classifier."""
        raw = np.asarray(rows @ self._weights) + self._bias
        if self._settings["predictor_type"] == "regressor":
            return {"score": raw[:, 0]}
        if self._settings["predictor_type"] == "binary_classifier":
            label = (raw[:, 0] >= self._settings["threshold"]).astype(np.int64)
            return {
                "score": sigmoid(raw[:, 0]) if self._settings["loss"] == "logistic" else raw[:, 0],
                "predicted_label": label,
            }
        powers = np.exp(raw - raw.max(axis=1, keepdims=True))
        return {"score": powers / powers.sum(axis=1, keepdims=True), "predicted_label": raw.argmax(axis=1)}


def load(directory: Path) -> Served:
    """The handler of what training left."""
    return Served(Linear(directory))
