"""The closest cluster of each row. Source: SageMaker developer guide, "K-Means Response Formats"."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from salvia_toolkit.algorithm import artefact
from salvia_toolkit.algorithm.serving import Served
from salvia_toolkit.formats.matrix import Array

from .lloyd import closest


class Clusters:
    """`centers` of model.npz: a row for each cluster."""

    member, sparse = "predictions", False

    def __init__(self, directory: Path) -> None:
        self._centers = artefact.read(directory, "K-Means").arrays["centers"].astype(np.float64)
        self.columns = self._centers.shape[1]

    def predict(self, rows: Array, verbose: bool) -> dict[str, Array]:
        """Which is the closest, and its distance."""
        which, squared = closest(rows, self._centers)
        return {
            "closest_cluster": which.astype(np.float32),
            "distance_to_cluster": np.sqrt(squared).astype(np.float32),
        }


def load(directory: Path) -> Served:
    """The handler of what training left."""
    return Served(Clusters(directory))
