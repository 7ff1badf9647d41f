"""Evaluation metrics: which exist, which way each improves, and those that XGBoost itself lacks.

Source: SageMaker developer guide, "Tune an XGBoost Model". Those computed here are made of sums over rows:
several hosts add up their sums, and each gets the metric of all rows, not a mean of means.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .data.table import Array

Sum = Callable[[Array], Array]  # the elementwise sum over all hosts; on one host, its argument

_MAXIMIZED = frozenset({"auc", "aucpr", "map", "ndcg", "pre"})
_OF_CLASSES: dict[str, Callable[[Array], float]] = {}
_OF_VALUES = ("mse", "r2")


def is_ours(metric: str) -> bool:
    """Whether this module computes the metric; otherwise XGBoost does."""
    return metric in _OF_CLASSES or metric in _OF_VALUES


def needs_classes(metric: str) -> bool:
    """Whether the metric makes sense for classification only."""
    return metric in _OF_CLASSES


def is_maximized(metric: str) -> bool:
    """Whether more is better."""
    return metric in _OF_CLASSES or metric == "r2" or metric.partition("@")[0] in _MAXIMIZED


def evaluator(
    metrics: list[str], objective: str, classes: int, total: Sum
) -> Callable[[Array, Any], list[tuple[str, float]]]:
    """What xgboost.train takes as custom_metric: the given metrics of this module, over all hosts' rows."""

    def evaluate(predictions: Array, matrix: Any) -> list[tuple[str, float]]:
        labels = matrix.get_label()
        confusion = sums = None
        results = []
        for metric in metrics:
            if metric in _OF_CLASSES:
                if confusion is None:
                    confusion = total(_confusion(labels, predicted_classes(predictions, objective), classes))
                results.append((metric, _OF_CLASSES[metric](confusion)))
            else:
                if sums is None:
                    sums = total(_sums(labels, predictions))
                results.append((metric, _mse(sums) if metric == "mse" else _r2(sums)))
        return results

    return evaluate


def predicted_classes(predictions: Array, objective: str) -> Array:
    """The class of each row: the most probable; of two, whether the probability (or margin) is high."""
    if predictions.ndim == 2:
        return np.asarray(predictions.argmax(axis=1))
    if objective.startswith("multi:"):
        return predictions.astype(np.int64)
    return (predictions > (0.0 if objective == "binary:logitraw" else 0.5)).astype(np.int64)


def _confusion(labels: Array, predicted: Array, classes: int) -> Array:
    """How many rows of class i (rows of the result) were taken for class j (columns)."""
    flat = labels.astype(np.int64) * classes + predicted
    return np.bincount(flat, minlength=classes * classes).astype(np.float64).reshape(classes, classes)


def _metric(name: str) -> Callable[[Callable[[Array], float]], Callable[[Array], float]]:
    def register(function: Callable[[Array], float]) -> Callable[[Array], float]:
        _OF_CLASSES[name] = function
        return function

    return register


def _ratio(part: Array, whole: Array) -> Array:
    """part / whole, 0 where there is nothing: a class never predicted has no precision to speak of."""
    ratio: Array = np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
    return ratio


def _precisions(confusion: Array) -> Array:
    return _ratio(confusion.diagonal(), confusion.sum(axis=0))


def _recalls(confusion: Array) -> Array:
    return _ratio(confusion.diagonal(), confusion.sum(axis=1))


def _f1s(confusion: Array) -> Array:
    return _ratio(2 * confusion.diagonal(), confusion.sum(axis=0) + confusion.sum(axis=1))


def _present(confusion: Array) -> Array:
    """The classes that occur, as label or prediction; a mean over classes is over these."""
    return np.asarray((confusion.sum(axis=0) + confusion.sum(axis=1)) > 0)


def _macro(each: Callable[[Array], Array], confusion: Array) -> float:
    present = _present(confusion)
    return float(each(confusion)[present].mean()) if present.any() else float("nan")


def _one_or_macro(each: Callable[[Array], Array], confusion: Array) -> float:
    """Of class 1 where there are two classes, else the mean over classes."""
    return float(each(confusion)[1]) if len(confusion) == 2 else _macro(each, confusion)


@_metric("accuracy")
@_metric("precision_micro")
@_metric("recall_micro")
def _accuracy(confusion: Array) -> float:
    """Micro-averaged precision and recall are the accuracy where each row has one class."""
    rows = confusion.sum()
    return float(confusion.trace() / rows) if rows else float("nan")


@_metric("balanced_accuracy")
def _balanced_accuracy(confusion: Array) -> float:
    present = confusion.sum(axis=1) > 0
    return float(_recalls(confusion)[present].mean()) if present.any() else float("nan")


@_metric("f1")
@_metric("f1_macro")
def _f1_macro(confusion: Array) -> float:
    return _macro(_f1s, confusion)


@_metric("f1_binary")
def _f1_binary(confusion: Array) -> float:
    return _one_or_macro(_f1s, confusion)


@_metric("precision")
def _precision(confusion: Array) -> float:
    return _one_or_macro(_precisions, confusion)


@_metric("precision_macro")
def _precision_macro(confusion: Array) -> float:
    return _macro(_precisions, confusion)


@_metric("recall")
def _recall(confusion: Array) -> float:
    return _one_or_macro(_recalls, confusion)


@_metric("recall_macro")
def _recall_macro(confusion: Array) -> float:
    return _macro(_recalls, confusion)


def _sums(labels: Array, predictions: Array) -> Array:
    """Rows, sum of squared errors, sum of labels, sum of their squares."""
    exact = labels.astype(np.float64)
    return np.array([len(exact), ((exact - predictions) ** 2).sum(), exact.sum(), (exact**2).sum()])


def _mse(sums: Array) -> float:
    return float(sums[1] / sums[0]) if sums[0] else float("nan")


def _r2(sums: Array) -> float:
    variation = sums[3] - sums[2] ** 2 / sums[0] if sums[0] else 0.0
    return float(1 - sums[1] / variation) if variation > 0 else float("nan")
