"""What a LightGBM model says of rows."""

from __future__ import annotations

from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd
from salvia_toolkit.algorithm.artefact import ArtefactError
from salvia_toolkit.cores import usable_cores
from salvia_toolkit.formats.matrix import Array
from salvia_toolkit.tabular import artefact, problem
from salvia_toolkit.tabular.serving import Served

NAME = "model.txt"  # LightGBM's own format, a text


class Boosted:
    """The trees of model.txt."""

    def __init__(self, directory: Path) -> None:
        self.described = artefact.read(directory, "LightGBM")
        try:
            self._booster = lightgbm.Booster(model_str=(directory / NAME).read_text(encoding="utf-8"))
        except (OSError, ValueError, lightgbm.basic.LightGBMError) as failed:
            raise ArtefactError(f"{NAME} cannot be read: {failed}") from failed
        self._threads = usable_cores()

    def predict(self, rows: pd.DataFrame) -> Array:
        """Numbers, or probabilities of all classes."""
        coded = self.described.features.coded(rows)
        found = np.asarray(self._booster.predict(coded, num_threads=self._threads, validate_features=False))
        if self.described.problem.kind == problem.BINARY:
            return np.column_stack([1 - found, found])
        return found


def load(directory: Path) -> Served:
    """The handler of what training left."""
    return Served(Boosted(directory))
