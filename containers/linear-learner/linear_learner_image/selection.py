"""Which of the models is best, and from which score on the label is 1.

Source: "Linear Learner Hyperparameters": binary_classifier_model_selection_criteria.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from salvia_toolkit.algorithm.measures import Counts, counts_by_threshold
from salvia_toolkit.formats.matrix import Array


def best(values: SimpleNamespace, scores: Array, losses: Array, labels: Array) -> tuple[int, float | None]:
    """The best model's place and threshold, of what they score (rows × models × outputs) and their mean losses."""
    if values.predictor_type != "binary_classifier":
        return int(np.argmin(losses)), None
    found = [_threshold(values, scores[:, model, 0], labels) for model in range(scores.shape[1])]
    goods = [good for good, _ in found]
    if values.binary_classifier_model_selection_criteria in ("loss_function", "cross_entropy_loss"):
        goods = [-loss for loss in losses]
    chosen = max(range(len(goods)), key=lambda model: (goods[model], -losses[model]))
    return chosen, found[chosen][1]


def _threshold(values: SimpleNamespace, scores: Array, labels: Array) -> tuple[float, float]:
    """How good a model is by the criterion, and the threshold at which it is."""
    thresholds, counts = counts_by_threshold(scores, labels)
    goods = _goods(values, counts)
    top = np.flatnonzero(goods >= goods.max() - 1e-12)
    at = int(top[len(top) // 2])
    threshold = thresholds[at]
    if not np.isfinite(threshold):  # 0 to all; a number that JSON has
        threshold = float(scores.max()) + 1.0
    return float(goods[at]), float(threshold)


def _goods(values: SimpleNamespace, counts: Counts) -> Array:
    criterion = values.binary_classifier_model_selection_criteria
    if criterion in ("f1", "f_beta"):
        return counts.f_beta(1.0 if criterion == "f1" else values.f_beta)
    if criterion == "precision_at_target_recall":
        return np.where(counts.recall >= values.target_recall, counts.precision, counts.recall - 1)
    if criterion == "recall_at_target_precision":
        return np.where(counts.precision >= values.target_precision, counts.recall, counts.precision - 1)
    return counts.accuracy
