"""Scores of rows. Source: SageMaker developer guide, "Factorization Machine Response Formats"."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from salvia_toolkit.algorithm import artefact
from salvia_toolkit.algorithm.serving import Served
from salvia_toolkit.formats.matrix import Array

from .parameters import BLOCKS, scores


class Machine:
    """model.npz: `bias`, `linear` (a weight for each feature) and `factors` (a row for each feature)."""

    member, sparse = "predictions", True

    def __init__(self, directory: Path) -> None:
        found = artefact.read(directory, "Factorization Machines")
        self._blocks = [found.arrays[name] for name in BLOCKS]
        self._binary = found.settings["predictor_type"] == "binary_classifier"
        self.columns = len(self._blocks[1])

    def predict(self, rows: Any, verbose: bool) -> dict[str, Array]:
        """The predicted value; or the probability of 1, and the label: 1 from 0.5 on."""
        raw = scores(rows, *self._blocks)
        if not self._binary:
            return {"score": raw}
        score = np.exp(-np.logaddexp(0, -raw))
        return {"score": score, "predicted_label": (score >= 0.5).astype(np.int64)}


def load(directory: Path) -> Served:
    """The handler of what training left."""
    return Served(Machine(directory))
