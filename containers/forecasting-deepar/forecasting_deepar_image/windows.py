"""Series as what the network is fed: for each step its earlier values, its place in time, and what else is known of it.

Source: Salinas, Flunkert, Gasthaus, Januschowski, "DeepAR: Probabilistic Forecasting with Autoregressive Recurrent
Networks" (2020): windows at random places, values divided by a scale of their own series.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from salvia_toolkit.formats.matrix import Array

from .calendar import Frequency
from .series import Series


@dataclass(frozen=True, slots=True)
class Shape:
    """What is fixed of a model's windows. `center` and `spread` are of each dynamic feature in the training data."""

    frequency: Frequency
    context: int
    horizon: int
    center: Array
    spread: Array
    scaled: bool

    @property
    def lags(self) -> Array:
        return np.array(self.frequency.lags)

    @property
    def before(self) -> int:
        """How many steps there must be before a window's first forecast."""
        return self.context + int(self.lags.max())

    @property
    def known(self) -> int:
        """How many inputs a step has that do not depend on values."""
        return self.frequency.width + 1 + len(self.center)


class Windows:
    """Some series, laid out one after the other, each with room before it and after it."""

    def __init__(self, shape: Shape, series: Sequence[Series], after: int = 0) -> None:
        """`after`: steps beyond the end of each, whose values are yet to be found."""
        self.shape = shape
        self.lengths = np.array([len(one) for one in series], np.int64)
        sizes = shape.before + self.lengths + after
        self.starts = np.concatenate(([0], np.cumsum(sizes)))[:-1] + shape.before
        total = int(sizes.sum())
        self.values = np.full(total, np.nan)
        self.inputs = np.zeros((total, shape.known), np.float32)
        self.filled = np.zeros(total)
        self.levels = np.array([_level(one.target) or 1.0 for one in series])
        for start, one in zip(self.starts, series, strict=True):
            first, end = start - shape.before, start + len(one) + after
            self.values[start : start + len(one)] = one.target
            self.filled[start : start + len(one)] = _carried(one.target)
            width = shape.frequency.width
            self.inputs[first:end, :width] = shape.frequency.features(one.start, -shape.before, end - first)
            self.inputs[start:end, width] = np.log10(1.0 + np.arange(end - start)) / 2  # its age, as in the paper
            if one.dynamic is not None:
                own = (one.dynamic[:, : end - start] - shape.center[:, None]) / shape.spread[:, None]
                self.inputs[start : start + own.shape[1], width + 1 :] = own.T
        self.missing = np.isnan(self.values)

    def scales(self, which: Array, at: Array) -> Array:
        """The mean size of values in the context before step `at` of each series; of all of it where none is known."""
        if not self.shape.scaled:
            return np.ones(len(which))
        places = (self.starts[which] + at)[:, None] + np.arange(-self.shape.context, 0)
        own = _level(self.values[places])
        return np.where(own > 0, own, self.levels[which])

    def given(self, places: Array, scales: Array) -> Array:
        """What the network is given at some steps (any shape; that of `scales`): lagged values, whether the last is
        known, what does not depend on values, and the scale's size."""
        back = places[..., None] - self.shape.lags
        sizes = scales[..., None]
        parts = (self.filled[back] / sizes, ~self.missing[back[..., :1]], self.inputs[places], np.log(sizes))
        return np.concatenate(parts, axis=-1).astype(np.float32)


def _level(values: Array) -> Array:
    """The mean size of what is known; 0 where nothing is."""
    known = ~np.isnan(values)
    return np.where(known, np.abs(values), 0).sum(axis=-1) / np.maximum(known.sum(axis=-1), 1)


def _carried(target: Array) -> Array:
    """What is missing as it was last; 0 before anything is known."""
    last = np.maximum.accumulate(np.where(np.isnan(target), -1, np.arange(len(target))))
    return np.where(last < 0, 0.0, target[last])
