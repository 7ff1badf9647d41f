"""The loss of scores (rows × models × outputs) and its slope. Source: "Linear Learner Hyperparameters", loss."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
from salvia_toolkit.formats.matrix import Array

Loss = Callable[[Array, Array], tuple[Array, Array]]
"""Scores, labels → the loss of each row and model, its slope by each score."""

OF_TYPE = {
    "binary_classifier": ("logistic", "hinge_loss"),
    "multiclass_classifier": ("softmax_loss",),
    "regressor": (
        "squared_loss",
        "absolute_loss",
        "eps_insensitive_squared_loss",
        "eps_insensitive_absolute_loss",
        "quantile_loss",
        "huber_loss",
    ),
}


def loss(name: str, values: SimpleNamespace) -> Loss:
    """The named one, with the hyperparameters that concern it."""
    if name == "softmax_loss":
        return _softmax
    single = _SINGLE[name]

    def found(scores: Array, labels: Array) -> tuple[Array, Array]:
        value, slope = single(scores[:, :, 0], labels[:, None], values)
        return value, slope[:, :, None]

    return found


def sigmoid(scores: Array) -> Array:
    """1 / (1 + e^-score), of any size of score."""
    return np.exp(-np.logaddexp(0, -scores))


def _softmax(scores: Array, labels: Array) -> tuple[Array, Array]:
    shifted = scores - scores.max(axis=2, keepdims=True)
    powers = np.exp(shifted)
    sums = powers.sum(axis=2, keepdims=True)
    rows, which = np.arange(len(labels)), labels.astype(np.int64)
    value = np.log(sums[:, :, 0]) - shifted[rows, :, which]
    slope = powers / sums
    slope[rows, :, which] -= 1
    return value, slope


def _logistic(s: Array, y: Array, values: SimpleNamespace) -> tuple[Array, Array]:
    return np.logaddexp(0, s) - y * s, sigmoid(s) - y


def _hinge(s: Array, y: Array, values: SimpleNamespace) -> tuple[Array, Array]:
    sign = 2 * y - 1
    short = values.margin - sign * s
    return np.maximum(short, 0), np.where(short > 0, -sign, 0.0)


def _squared(s: Array, y: Array, values: SimpleNamespace) -> tuple[Array, Array]:
    return (s - y) ** 2, 2 * (s - y)


def _absolute(s: Array, y: Array, values: SimpleNamespace) -> tuple[Array, Array]:
    return np.abs(s - y), np.sign(s - y)


def _insensitive_squared(s: Array, y: Array, values: SimpleNamespace) -> tuple[Array, Array]:
    beyond = np.maximum(np.abs(s - y) - values.loss_insensitivity, 0)
    return beyond**2, 2 * beyond * np.sign(s - y)


def _insensitive_absolute(s: Array, y: Array, values: SimpleNamespace) -> tuple[Array, Array]:
    beyond = np.maximum(np.abs(s - y) - values.loss_insensitivity, 0)
    return beyond, np.where(beyond > 0, np.sign(s - y), 0.0)


def _quantile(s: Array, y: Array, values: SimpleNamespace) -> tuple[Array, Array]:
    error, q = y - s, values.quantile
    return np.maximum(q * error, (q - 1) * error), np.where(error > 0, -q, 1 - q)


def _huber(s: Array, y: Array, values: SimpleNamespace) -> tuple[Array, Array]:
    error, delta = s - y, values.huber_delta
    size = np.abs(error)
    near = size <= delta
    return np.where(near, error**2 / 2, delta * (size - delta / 2)), np.where(near, error, delta * np.sign(error))


_SINGLE = {
    "logistic": _logistic,
    "hinge_loss": _hinge,
    "squared_loss": _squared,
    "absolute_loss": _absolute,
    "eps_insensitive_squared_loss": _insensitive_squared,
    "eps_insensitive_absolute_loss": _insensitive_absolute,
    "quantile_loss": _quantile,
    "huber_loss": _huber,
}
