"""The mixture of topics of each document. Source: SageMaker developer guide, "Input/Output Interface for the LDA
Algorithm"."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from salvia_toolkit.algorithm import artefact
from salvia_toolkit.algorithm.serving import Served
from salvia_toolkit.formats.matrix import Array
from scipy.sparse import csr_matrix  # type: ignore[import-untyped]

from .inference import mixtures


class Topics:
    """model.npz: `topics`, how probable each word is (topics × words)."""

    member, sparse = "predictions", True

    def __init__(self, directory: Path) -> None:
        found = artefact.read(directory, "LDA")
        self._topics, self._alpha = found.arrays["topics"].astype(np.float64), float(found.settings["alpha"])
        self.columns = self._topics.shape[1]

    def predict(self, rows: Any, verbose: bool) -> dict[str, Array]:
        """How much of each topic there is in each document."""
        counts = csr_matrix(rows).astype(np.float64)
        counts.data = np.maximum(counts.data, 0)  # a word does not occur less than not at all
        weights, _ = mixtures(counts, self._topics, self._alpha)
        return {"topic_mixture": weights / weights.sum(axis=1, keepdims=True)}


def load(directory: Path) -> Served:
    """The handler of what training left."""
    return Served(Topics(directory))
