"""The labels of the nearest neighbours. Source: SageMaker developer guide, "k-NN Request and Response Formats"."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from salvia_toolkit.algorithm import artefact
from salvia_toolkit.algorithm.artefact import Artefact
from salvia_toolkit.algorithm.serving import Served
from salvia_toolkit.cores import usable_cores
from salvia_toolkit.formats.matrix import Array

NAME = "k-NN"


class Neighbors:
    """model.npz: `index` as faiss writes it, `labels` of its rows, and `reduction`, by which rows are multiplied."""

    member, sparse = "predictions", False

    def __init__(self, found: Artefact) -> None:
        faiss.omp_set_num_threads(usable_cores())
        self._arrays, self._settings = found.arrays, found.settings
        self._index = faiss.deserialize_index(np.ascontiguousarray(found.arrays["index"], np.uint8))
        self._labels = found.arrays["labels"]
        self._classes, self._codes = np.unique(self._labels, return_inverse=True)
        self.columns = int(found.settings["feature_dim"])

    @staticmethod
    def prepared(rows: Array, arrays: Mapping[str, Array], settings: Mapping[str, Any]) -> Array:
        """Rows as they are in the index."""
        rows = np.ascontiguousarray(rows @ arrays["reduction"] if "reduction" in arrays else rows, np.float32)
        if settings["index_metric"] == "COSINE":
            rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-30)
        return rows

    def predict(self, rows: Array, verbose: bool) -> dict[str, Array]:
        """The most frequent label of the k nearest, or their mean; verbose: their distances and labels, too."""
        k = int(self._settings["k"])
        similar, which = self._index.search(self.prepared(rows, self._arrays, self._settings), k)
        known = which >= 0  # an approximate index may find fewer than k
        labels = self._labels[which]
        if self._settings["predictor_type"] == "classifier":
            votes = np.zeros((len(rows), len(self._classes)))
            # The nearer counts a little more, so that it wins a tie.
            np.add.at(votes, (np.arange(len(rows))[:, None], self._codes[which]), known * (1 - 1e-6 * np.arange(k)))
            answer = {"predicted_label": self._classes[votes.argmax(axis=1)]}
        else:
            answer = {"predicted_label": (labels * known).sum(axis=1) / np.maximum(known.sum(axis=1), 1)}
        return {**answer, "distances": self._distances(similar), "labels": labels} if verbose else answer

    def _distances(self, similar: Array) -> Array:
        """From the smallest on: Euclidean; 1 - cosine; the inner product with its sign changed."""
        metric = self._settings["index_metric"]
        if metric == "L2":
            return np.sqrt(np.maximum(similar, 0))
        return 1 - similar if metric == "COSINE" else -similar


def load(directory: Path) -> Served:
    """The handler of what training left."""
    return Served(Neighbors(artefact.read(directory, NAME)))
