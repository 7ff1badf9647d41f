"""How good predictions are: the measures that AWS's algorithms report."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..formats.matrix import Array


class Counts(NamedTuple):
    """Of a binary decision, or of several at once: true and false positives, false negatives, all rows."""

    hits: Array
    false: Array
    missed: Array
    rows: int

    @property
    def accuracy(self) -> Array:
        return 1 - (self.false + self.missed) / max(self.rows, 1)

    @property
    def precision(self) -> Array:
        return self.hits / np.maximum(self.hits + self.false, 1)

    @property
    def recall(self) -> Array:
        return self.hits / np.maximum(self.hits + self.missed, 1)

    def f_beta(self, beta: float = 1.0) -> Array:
        """The mean of precision and recall in which recall counts beta times as much."""
        square = beta**2
        weighted = (1 + square) * self.hits
        return weighted / np.maximum(weighted + square * self.missed + self.false, 1e-30)


def counts(predicted: Array, labels: Array) -> Counts:
    """Of 0 and 1."""
    positive, true = predicted > 0.5, labels > 0.5
    hits, false, missed = positive & true, positive & ~true, ~positive & true
    return Counts(hits.sum(), false.sum(), missed.sum(), len(labels))


def counts_by_class(predicted: Array, labels: Array, classes: int) -> Counts:
    """For each class, against all others."""
    right = np.bincount(labels[predicted == labels].astype(np.int64), minlength=classes)
    said = np.bincount(predicted.astype(np.int64), minlength=classes)
    there = np.bincount(labels.astype(np.int64), minlength=classes)
    return Counts(right, said - right, there - right, len(labels))


def counts_by_threshold(scores: Array, labels: Array) -> tuple[Array, Counts]:
    """Every threshold between two scores, the highest first, and what it decides; the first says 0 to all."""
    order = np.argsort(-scores, kind="stable")
    scores, labels = scores[order], labels[order]
    last = np.append(np.flatnonzero(np.diff(scores)), len(scores) - 1)  # of each run of equal scores
    hits = np.append(0, np.cumsum(labels)[last])
    said = np.append(0, last + 1)
    ends = scores[last]
    between = np.append((ends[:-1] + ends[1:]) / 2, ends[-1])
    return np.append(np.inf, between), Counts(hits, said - hits, labels.sum() - hits, len(labels))


def roc_auc(scores: Array, labels: Array) -> float:
    """The area under the ROC curve; a half where there is one class only."""
    _, found = counts_by_threshold(scores, labels)
    positive, negative = found.hits[-1], found.false[-1]
    if not positive or not negative:
        return 0.5
    return float(np.trapezoid(found.hits / positive, found.false / negative))
