"""Steps down a slope, each entry with a learning rate of its own."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from salvia_toolkit.formats.matrix import Array

_EPSILON = 1e-8


class Optimizer:
    """adam, sgd or rmsprop. `step` says how much to add to the parameters."""

    def __init__(self, values: SimpleNamespace, shape: tuple[int, ...]) -> None:
        self._name = "adam" if values.optimizer == "auto" else values.optimizer
        self._first = 0.9 if values.beta_1 == "auto" else values.beta_1
        self._second = 0.999 if values.beta_2 == "auto" else values.beta_2
        self._momentum = 0.0 if values.momentum == "auto" else values.momentum
        self._mean, self._square = np.zeros(shape), np.zeros(shape)
        self._steps = 0

    def step(self, slope: Array, rate: Array) -> Array:
        """Against the slope."""
        self._steps += 1
        if self._name == "sgd":
            self._mean = self._momentum * self._mean - rate * slope
            return self._mean
        if self._name == "rmsprop":
            self._square = 0.9 * self._square + 0.1 * slope**2
            return -rate * slope / (np.sqrt(self._square) + _EPSILON)
        self._mean = self._first * self._mean + (1 - self._first) * slope
        self._square = self._second * self._square + (1 - self._second) * slope**2
        mean = self._mean / (1 - self._first**self._steps)
        square = self._square / (1 - self._second**self._steps)
        return -rate * mean / (np.sqrt(square) + _EPSILON)
