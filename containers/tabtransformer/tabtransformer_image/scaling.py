"""Rows as the network's input: categories as numbers from 1, 0 for one that is missing or that training did not see;
numbers with mean 0 and deviation 1, and the mean where they are missing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from salvia_toolkit.formats.matrix import Array
from salvia_toolkit.tabular.table import Features
from torch import Tensor

_FURTHEST = 10.0  # deviations; beyond them a number is taken for this


@dataclass(frozen=True, slots=True)
class Scaling:
    """Of the features that are numbers, in their order."""

    mean: Array
    deviation: Array

    @classmethod
    def of(cls, rows: pd.DataFrame, features: Features) -> Scaling:
        """That of training data."""
        numbers = _numbers(rows, features)
        known = np.isfinite(numbers)
        counts = np.maximum(known.sum(axis=0), 1)
        mean = np.where(known, numbers, 0).sum(axis=0) / counts
        deviation = np.sqrt((np.where(known, numbers - mean, 0) ** 2).sum(axis=0) / counts)
        return cls(mean, np.where(deviation > 0, deviation, 1.0))

    def tensors(self, rows: pd.DataFrame, features: Features) -> tuple[Tensor, Tensor]:
        """Categories and numbers."""
        coded = features.coded(rows)
        categories = np.nan_to_num(coded[:, list(features.categories)] + 1).astype(np.int64)
        scaled = np.nan_to_num((_numbers(rows, features) - self.mean) / self.deviation)
        return torch.from_numpy(categories), torch.from_numpy(scaled.clip(-_FURTHEST, _FURTHEST).astype(np.float32))


def _numbers(rows: pd.DataFrame, features: Features) -> Array:
    places = [place for place in range(features.count) if place not in features.categories]
    return rows[places].to_numpy(np.float64)
