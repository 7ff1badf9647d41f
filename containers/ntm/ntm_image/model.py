"""The mixture of topics of each document. Source: SageMaker developer guide, "NTM Response Formats"."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from salvia_toolkit.algorithm import artefact
from salvia_toolkit.algorithm.serving import Served
from salvia_toolkit.formats.matrix import Array

NAME = "NTM"
_ACTIVATIONS = {
    "sigmoid": lambda values: 0.5 * (1 + np.tanh(0.5 * values)),
    "tanh": np.tanh,
    "relu": lambda values: np.maximum(values, 0),
}


class Encoder:
    """model.npz: of each layer of the encoder `weights_N` (outputs × inputs) and `bias_N`; `mean` and `mean_bias`."""

    member, sparse = "predictions", True

    def __init__(self, directory: Path) -> None:
        found = artefact.read(directory, NAME)
        self._arrays = found.arrays
        self._activation = _ACTIVATIONS[found.settings["encoder_layers_activation"]]
        self._layers = sum(name.startswith("weights_") for name in self._arrays)
        self.columns = self._arrays["weights_0" if self._layers else "mean"].shape[1]

    def predict(self, rows: Any, verbose: bool) -> dict[str, Array]:
        """How much of each topic there is in each document."""
        if isinstance(rows, np.ndarray):
            hidden: Any = np.log1p(np.maximum(rows, 0))
        else:
            hidden = rows.maximum(0).log1p()
        for at in range(self._layers):
            hidden = self._activation(hidden @ self._arrays[f"weights_{at}"].T + self._arrays[f"bias_{at}"])
        mean = hidden @ self._arrays["mean"].T + self._arrays["mean_bias"]
        shares = np.exp(mean - mean.max(axis=1, keepdims=True))
        return {"topic_weights": shares / shares.sum(axis=1, keepdims=True)}


def load(directory: Path) -> Served:
    """The handler of what training left."""
    return Served(Encoder(directory))
