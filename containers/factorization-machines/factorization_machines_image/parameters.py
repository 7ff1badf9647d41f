"""A bias, a weight for each feature and factors for each feature; what they make of rows, and steps down their slopes.

Source: SageMaker developer guide, "How Factorization Machines Work": the score is the bias, plus the linear terms, plus
the products of every two features, weighted by the product of their factors (Rendle 2010, whose equation 5 needs no
loop over pairs).
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
from salvia_toolkit.formats.matrix import Array

BLOCKS = ("bias", "linear", "factors")
_MEAN, _SQUARE = 0.9, 0.999  # of Adam


def scores(rows: Any, bias: Array, linear: Array, factors: Array) -> Array:
    """What is predicted of rows, sparse or not, before any sigmoid."""
    inner = rows @ factors
    return bias[0] + rows @ linear + 0.5 * ((inner**2) - squared(rows) @ (factors**2)).sum(axis=1)


def squared(rows: Any) -> Any:
    """Every feature squared."""
    return rows**2 if isinstance(rows, np.ndarray) else rows.multiply(rows).tocsr()


def begun(values: SimpleNamespace, columns: int, random: np.random.Generator) -> dict[str, Array]:
    """The blocks as their hyperparameters say that they begin."""
    shapes = {"bias": (1,), "linear": (columns,), "factors": (columns, values.num_factors)}
    return {block: _begun(values, block, shape, random) for block, shape in shapes.items()}


def _begun(values: SimpleNamespace, block: str, shape: tuple[int, ...], random: np.random.Generator) -> Array:
    method = getattr(values, f"{block}_init_method")
    if method == "normal":
        return random.normal(0, getattr(values, f"{block}_init_sigma"), shape)
    if method == "uniform":
        scale = getattr(values, f"{block}_init_scale")
        return random.uniform(-scale, scale, shape)
    return np.full(shape, float(getattr(values, f"{block}_init_value")))


class Adam:
    """Steps for one block. Rows of it that no example touches stay as they are, which keeps sparse data quick."""

    def __init__(self, values: SimpleNamespace, block: str, shape: tuple[int, ...]) -> None:
        self._rate, self._decay = getattr(values, f"{block}_lr"), getattr(values, f"{block}_wd")
        self._epsilon, self._clip, self._rescale = values.eps, values.clip_gradient, values.rescale_grad
        self._mean, self._square = np.zeros(shape), np.zeros(shape)
        self._steps = np.zeros(shape[:1])

    def step(self, block: Array, touched: Any, slope: Array, count: float) -> None:
        """Move block[touched] against the slope, which is a sum over `count` rows."""
        slope = slope * (1 / count if self._rescale is None else self._rescale)
        if self._clip is not None:
            slope = np.clip(slope, -self._clip, self._clip)
        slope = slope + self._decay * block[touched]
        self._steps[touched] += 1
        self._mean[touched] = _MEAN * self._mean[touched] + (1 - _MEAN) * slope
        self._square[touched] = _SQUARE * self._square[touched] + (1 - _SQUARE) * slope**2
        steps = self._steps[touched].reshape(-1, *[1] * (slope.ndim - 1))
        mean, square = self._mean[touched] / (1 - _MEAN**steps), self._square[touched] / (1 - _SQUARE**steps)
        block[touched] -= self._rate * mean / (np.sqrt(square) + self._epsilon)
