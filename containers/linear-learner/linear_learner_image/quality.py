"""The metrics of a model. Source: SageMaker developer guide, "Metrics computed by the linear learner algorithm"."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
from salvia_toolkit.algorithm.measures import counts, counts_by_class, roc_auc
from salvia_toolkit.formats.matrix import Array


def metrics(
    values: SimpleNamespace, scores: Array, labels: Array, threshold: float | None
) -> Iterator[tuple[str, float, str]]:
    """(name, value, loss or score) of raw scores, rows × outputs."""
    if values.predictor_type == "regressor":
        error = scores[:, 0] - labels
        yield "mse", float((error**2).mean()), "loss"
        yield "absolute_loss", float(np.abs(error).mean()), "loss"
    elif values.predictor_type == "binary_classifier":
        found = counts(scores[:, 0] >= (threshold or 0.0), labels)
        yield "binary_classification_accuracy", float(found.accuracy), "score"
        yield "precision", float(found.precision), "score"
        yield "recall", float(found.recall), "score"
        yield "binary_f_beta", float(found.f_beta(values.f_beta)), "score"
        yield "roc_auc_score", roc_auc(scores[:, 0], labels), "score"
    else:
        yield from _multiclass(values, scores, labels)


def _multiclass(values: SimpleNamespace, scores: Array, labels: Array) -> Iterator[tuple[str, float, str]]:
    own = scores[np.arange(len(labels)), labels.astype(np.int64)]
    rank = (scores > own[:, None]).sum(axis=1)  # how many classes have a higher score than the right one
    found = counts_by_class(scores.argmax(axis=1), labels, scores.shape[1])
    there = (found.hits + found.missed) > 0
    yield "multiclass_accuracy", float((rank == 0).mean()), "score"
    yield "multiclass_top_k_accuracy", float((rank < values.accuracy_top_k).mean()), "score"
    yield "dcg", float((1 / np.log2(rank + 2)).mean()), "score"
    yield "macro_recall", float(found.recall[there].mean()), "score"
    yield "macro_precision", float(found.precision[there].mean()), "score"
    yield "macro_f_beta", float(found.f_beta(values.f_beta)[there].mean()), "score"
