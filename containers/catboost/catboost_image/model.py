"""What a CatBoost model says of rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import catboost
import numpy as np
import pandas as pd
from salvia_toolkit.algorithm.artefact import ArtefactError
from salvia_toolkit.cores import usable_cores
from salvia_toolkit.formats.matrix import Array
from salvia_toolkit.tabular import artefact, problem
from salvia_toolkit.tabular.serving import Served
from salvia_toolkit.tabular.table import Features

NAME = "model.cbm"  # CatBoost's own format


def pool(rows: pd.DataFrame, features: Features, labels: Array | None = None) -> Any:
    """Rows as CatBoost takes them: a category is a text, empty where it is missing."""
    categories = list(features.categories)
    return catboost.Pool(rows.fillna(dict.fromkeys(categories, "")), labels, cat_features=categories)


class Boosted:
    """The trees of model.cbm."""

    def __init__(self, directory: Path) -> None:
        self.described = artefact.read(directory, "CatBoost")
        self._trees = catboost.CatBoost()
        try:
            self._trees.load_model(str(directory / NAME))
        except catboost.CatBoostError as failed:
            raise ArtefactError(f"{NAME} cannot be read: {failed}") from failed
        kind = self.described.problem.kind
        self._says = "RawFormulaVal" if kind == problem.REGRESSION else "Probability"
        self._threads = usable_cores()

    def predict(self, rows: pd.DataFrame) -> Array:
        """Numbers, or probabilities of all classes."""
        return np.asarray(
            self._trees.predict(
                pool(rows, self.described.features), prediction_type=self._says, thread_count=self._threads
            )
        )


def load(directory: Path) -> Served:
    """The handler of what training left."""
    return Served(Boosted(directory))
