"""The network's file, and what the network says of rows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from salvia_toolkit.algorithm.artefact import ArtefactError
from salvia_toolkit.cores import usable_cores
from salvia_toolkit.formats.matrix import Array
from salvia_toolkit.tabular import artefact, problem
from salvia_toolkit.tabular.problem import Problem
from salvia_toolkit.tabular.serving import Served
from salvia_toolkit.tabular.table import Features
from torch import Tensor

from .network import TabTransformer
from .scaling import Scaling

_NAME = "model.npz"  # numpy arrays, without pickle
_SCALES = ("mean", "deviation", "target")
_AT_ONCE = 4096


def network(posed: Problem, features: Features, shape: Mapping[str, Any]) -> TabTransformer:
    """An untrained one for such rows and labels."""
    sizes = [len(names) + 1 for names in features.categories.values()]
    outputs = len(posed.labels) if posed.kind == problem.MULTICLASS else 1
    return TabTransformer(sizes, features.count - len(sizes), outputs, **shape)


def keep(directory: Path, state: Mapping[str, Tensor], scaling: Scaling, mean: float, deviation: float) -> None:
    """Write model.npz: the network's arrays, those of the scaling, and the target's mean and deviation."""
    arrays: dict[str, Any] = {f"network.{name}": one.cpu().numpy() for name, one in state.items()}
    scales = {"mean": scaling.mean, "deviation": scaling.deviation, "target": np.array([mean, deviation])}
    np.savez_compressed(directory / _NAME, **arrays, **scales)


def probabilities(posed: Problem, scores: Tensor) -> Array:
    """A column for each class."""
    if posed.kind == problem.MULTICLASS:
        return scores.softmax(dim=1).numpy()
    positive = scores[:, 0].sigmoid().numpy()
    return np.column_stack([1 - positive, positive])


class Network:
    """A trained network."""

    def __init__(self, directory: Path) -> None:
        self.described = artefact.read(directory, "TabTransformer")
        try:
            with np.load(directory / _NAME, allow_pickle=False) as found:
                arrays = {name: found[name] for name in found.files}
            self._scaling = Scaling(arrays["mean"], arrays["deviation"])
            self._target = arrays["target"]
            self._net = network(self.described.problem, self.described.features, self.described.settings)
            self._net.load_state_dict(
                {name.partition(".")[2]: torch.from_numpy(one) for name, one in arrays.items() if name not in _SCALES}
            )
        except Exception as failed:  # whatever numpy and torch raise of a file that is none
            raise ArtefactError(f"{_NAME} cannot be read: {type(failed).__name__}: {failed}") from failed
        torch.set_num_threads(usable_cores())
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        self._net.to(self._device).eval()

    def predict(self, rows: pd.DataFrame) -> Array:
        """Numbers, or probabilities of all classes."""
        inputs = self._scaling.tensors(rows, self.described.features)
        with torch.inference_mode():
            parts = [
                self._net(*(one[start : start + _AT_ONCE].to(self._device) for one in inputs)).cpu()
                for start in range(0, len(rows), _AT_ONCE)
            ]
        scores = torch.cat(parts)
        if self.described.problem.classifies:
            return probabilities(self.described.problem, scores)
        return scores[:, 0].numpy().astype(np.float64) * self._target[1] + self._target[0]


def load(directory: Path) -> Served:
    """The handler of what training left."""
    return Served(Network(directory))
