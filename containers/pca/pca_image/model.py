"""Rows on the principal components. Source: SageMaker developer guide, "PCA Response Formats"."""

from __future__ import annotations

from pathlib import Path

from salvia_toolkit.algorithm import artefact
from salvia_toolkit.algorithm.serving import Served
from salvia_toolkit.formats.matrix import Array


class Components:
    """model.npz: `mean`, `v` (a column for each component) and `s` (its singular value), the largest last."""

    member, sparse = "projections", False

    def __init__(self, directory: Path) -> None:
        arrays = artefact.read(directory, "PCA").arrays
        self._mean, self._components = arrays["mean"], arrays["v"]
        self.columns = self._components.shape[0]

    def predict(self, rows: Array, verbose: bool) -> dict[str, Array]:
        """The projection of each row."""
        return {"projection": (rows - self._mean) @ self._components}


def load(directory: Path) -> Served:
    """The handler of what training left."""
    return Served(Components(directory))
