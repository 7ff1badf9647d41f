"""What AutoGluon's predictor says of rows.

Its files are pickles: whoever can write a model can run code in this program, as whoever brings a script can.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from autogluon.tabular import TabularPredictor
from salvia_toolkit.algorithm.artefact import ArtefactError
from salvia_toolkit.formats.matrix import Array
from salvia_toolkit.tabular import artefact
from salvia_toolkit.tabular.serving import Served


def named(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with the columns' names that AWS's models have: feature_0, feature_1, …"""
    return rows.set_axis([f"feature_{place}" for place in rows.columns], axis=1)


class Ensemble:
    """The predictor of a model's folder."""

    def __init__(self, directory: Path) -> None:
        self.described = artefact.read(directory, "AutoGluon-Tabular")
        try:
            self._predictor = TabularPredictor.load(str(directory), verbosity=0)
        except Exception as failed:  # whatever unpickling raises
            raise ArtefactError(f"The predictor cannot be loaded: {type(failed).__name__}: {failed}") from failed
        self._predictor.persist()  # in memory, not read again for each request

    def predict(self, rows: pd.DataFrame) -> Array:
        """Numbers, or probabilities of all classes."""
        labels = list(self.described.problem.labels)
        if not labels:
            return self._predictor.predict(named(rows), as_pandas=False).astype(np.float64)
        found = self._predictor.predict_proba(named(rows), as_pandas=True, as_multiclass=True)
        return found.reindex(columns=labels, fill_value=0.0).to_numpy(np.float64)  # it drops a class of few rows


def load(directory: Path) -> Served:
    """The handler of what training left."""
    return Served(Ensemble(directory))
