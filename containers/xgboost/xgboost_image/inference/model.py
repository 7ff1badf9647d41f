"""Rows → predictions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import xgboost
from salvia_toolkit.cores import usable_cores
from salvia_toolkit.formats.matrix import Array, Matrix, Sparse
from salvia_toolkit.serving.message import Refused

from . import artefact

_MANY = 4096  # rows from which several threads are faster than one


class Model:
    """The boosters of a folder; of several, the mean of their predictions, as AWS's container."""

    def __init__(self, directory: Path) -> None:
        self._boosters = artefact.load(directory)
        self._cores = usable_cores()
        self._threads = 0
        self._columns = max(booster.num_features() for booster in self._boosters)
        learner = json.loads(self._boosters[0].save_config())["learner"]
        self._linear = learner["gradient_booster"]["name"] == "gblinear"
        self.objective = str(learner["objective"]["name"])
        self.classes = int(learner["learner_model_param"]["num_class"])
        self._use(1)

    def check(self, rows: Matrix) -> Matrix:
        """Rows that this model predicts. Raises Refused when they have other columns than it was trained with."""
        if isinstance(rows, Sparse):
            if rows.columns > self._columns + 1:
                raise self._misfit(f"has the index {rows.columns - 1}")
            return rows
        if len(rows) and not self.fits(rows):
            raise self._misfit(f"has {rows.shape[1]} columns")
        return rows

    def fits(self, rows: Array) -> bool:
        """Whether dense rows have the model's columns."""
        return bool(rows.shape[1] == self._columns)

    def predict(self, rows: Array | Sparse) -> Array:
        """A prediction for each row."""
        self._use(self._cores if len(rows) >= _MANY else 1)
        features = self._csr(rows) if isinstance(rows, Sparse) else rows
        every = [self._of(booster, features) for booster in self._boosters]
        mean: Array = every[0] if len(every) == 1 else np.mean(every, axis=0)
        return mean

    def _of(self, booster: Any, features: Any) -> Array:
        best = booster.attr("best_iteration")
        until = (0, int(best) + 1) if best is not None and not self._linear else (0, 0)
        if self._linear:
            matrix = xgboost.DMatrix(features, nthread=self._threads)
            predicted: Array = booster.predict(matrix, validate_features=False)
        else:
            predicted = booster.inplace_predict(features, iteration_range=until, validate_features=False)
        return predicted

    def _csr(self, rows: Sparse) -> Any:
        from scipy.sparse import csr_matrix  # type: ignore[import-untyped]

        known = rows.indices < self._columns  # one more is allowed, as by AWS, and is nothing to any tree
        starts = np.concatenate(([0], np.cumsum(known)))[rows.starts]
        return csr_matrix((rows.values[known], rows.indices[known], starts), shape=(len(rows), self._columns))

    def _use(self, threads: int) -> None:
        if threads != self._threads:
            self._threads = threads
            for booster in self._boosters:
                booster.set_param({"nthread": threads})

    def _misfit(self, has: str) -> Refused:
        return Refused(400, f"The body {has}; the model was trained with {self._columns} features, and no label here.")
