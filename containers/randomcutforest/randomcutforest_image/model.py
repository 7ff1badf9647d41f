"""Anomaly scores. Source: SageMaker developer guide, "How RCF Works", "RCF Response Formats".

A row's score is what it would change in a tree that it had been part of: at each node that it passes, the chance that a
random cut of the node's box, extended to hold the row, would set it apart there, times how shallow that is. It is the
mean over the trees, times the logarithm of their size, so that it hardly depends on the size: about 1 for what is
ordinary.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from salvia_toolkit.algorithm import artefact
from salvia_toolkit.algorithm.artefact import Artefact
from salvia_toolkit.algorithm.serving import Served
from salvia_toolkit.formats.matrix import Array

_BLOCK = 1 << 22  # numbers of boxes looked at together


class Forest:
    """model.npz, trees × nodes: `cut` in `dimension`, `left` child (the right one follows), `mass`, `low` to `high`."""

    member, sparse = "scores", False

    def __init__(self, found: Artefact) -> None:
        arrays = found.arrays
        self._trees, self._nodes = arrays["mass"].shape
        self._cut, self._dimension, self._mass = (arrays[name].ravel() for name in ("cut", "dimension", "mass"))
        self.columns = int(arrays["low"].shape[2])
        self._low, self._high = (arrays[name].reshape(-1, self.columns) for name in ("low", "high"))
        roots = np.arange(self._trees) * self._nodes
        left = arrays["left"]
        self._left = np.where(left > 0, left + roots[:, None], 0).ravel()
        self._roots = roots

    def predict(self, rows: Array, verbose: bool) -> dict[str, Array]:
        """The score of each row."""
        return {"score": self.scores(rows)}

    def scores(self, rows: Array) -> Array:
        """The mean over all trees."""
        step = max(1, _BLOCK // (self._trees * self.columns))
        parts = [self._scored(rows[start : start + step]) for start in range(0, len(rows), step)]
        return np.concatenate(parts) if parts else np.empty(0)

    def _scored(self, rows: Array) -> Array:
        """All rows go down all trees together, a level at a time."""
        count = len(rows)
        row = np.repeat(np.arange(count), self._trees)
        node = np.tile(self._roots, count)
        root = np.tile(self._roots, count)
        chance, depth = np.ones(len(row)), 0  # the chance of not having been set apart so far
        total = np.zeros(count)
        while len(row):
            point, low, high = rows[row], self._low[node], self._high[node]
            beyond = (np.maximum(low - point, 0) + np.maximum(point - high, 0)).sum(axis=1, dtype=np.float64)
            apart = beyond / np.maximum((high - low).sum(axis=1, dtype=np.float64) + beyond, 1e-300)
            mass, whole = self._mass[node], self._mass[root]
            scale = np.log2(whole + 1.0)
            leaf = self._left[node] == 0
            score = apart / (depth + 1.0)
            # The row is one that the tree has: as if it had been left out, the less so the more of the same there are.
            same = (1 - mass / (2.0 * whole)) / (depth + np.log2(mass + 1.0))
            score = np.where(leaf, score + (1 - apart) * same, score)
            total += np.bincount(row, chance * score * scale, count)
            chance = chance * (1 - apart)
            on = ~leaf & (chance > 0)
            row, node, root, chance, point = row[on], node[on], root[on], chance[on], point[on]
            right = point[np.arange(len(row)), self._dimension[node]] > self._cut[node]
            node = self._left[node] + right
            depth += 1
        return total / self._trees


def load(directory: Path) -> Served:
    """The handler of what training left."""
    return Served(Forest(artefact.read(directory, "Random Cut Forest")))
