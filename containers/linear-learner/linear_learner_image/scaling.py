"""Features and labels brought to mean 0 and deviation 1, and a model brought back.

Source: "Linear Learner Hyperparameters": normalize_data, normalize_label, unbias_data, unbias_label,
num_point_for_scaler. Sparse features are scaled but not moved, which would fill them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from salvia_toolkit.algorithm.training import SEED, Job
from salvia_toolkit.formats.matrix import Array


class Scaling:
    """What is subtracted from, and divides, each feature and the label; the same on all hosts."""

    def __init__(self, job: Job) -> None:
        values = job.values
        rows = job.train
        most = -(-values.num_point_for_scaler // len(job.group.hosts))
        if len(rows) > most:
            rows = rows.rows(np.sort(np.random.default_rng(SEED).choice(len(rows), most, replace=False)))
        regression = values.predictor_type == "regressor"
        unbias = values.use_bias if values.unbias_data == "auto" else values.unbias_data and values.use_bias
        scale = values.normalize_data is not False
        unbias_label = values.use_bias if values.unbias_label == "auto" else values.unbias_label and values.use_bias
        features: Any = rows.features.astype(np.float64)
        moved = not rows.sparse and (unbias or scale) and values.use_bias
        self._mean, self._deviation = _statistics(job, features, moved, scale)
        self._label_mean, self._label_deviation = np.zeros(1), np.ones(1)
        if regression and rows.labels is not None:
            labels = rows.labels.astype(np.float64)[:, None]
            self._label_mean, self._label_deviation = _statistics(
                job, labels, unbias_label, values.normalize_label is not False
            )

    def features(self, rows: Any) -> Any:
        """Rows in the scale of training."""
        if isinstance(rows, np.ndarray):
            return (rows - self._mean) / self._deviation
        from scipy.sparse import diags  # type: ignore[import-untyped]

        return rows @ diags(1 / self._deviation)

    def labels(self, labels: Array) -> Array:
        """Labels in the scale of training."""
        return (labels - self._label_mean[0]) / self._label_deviation[0]

    def restored(self, weights: Array, bias: Array) -> tuple[Array, Array]:
        """A model of rows and labels as they are: weights are features × outputs."""
        own = weights / self._deviation[:, None]
        moved = bias - self._mean @ own
        return own * self._label_deviation[0], moved * self._label_deviation[0] + self._label_mean[0]


def _statistics(job: Job, values: Any, moved: bool, scaled: bool) -> tuple[Array, Array]:
    """Mean (0 if not moved) and deviation (1 if not scaled, or nothing varies) of each column on all hosts."""
    squares = values.multiply(values) if not isinstance(values, np.ndarray) else values**2
    sums = [np.asarray(one.sum(axis=0)).ravel() for one in (values, squares)]
    total = job.group.total(np.concatenate([*sums, [values.shape[0]]]))
    columns, count = values.shape[1], total[-1]
    mean = total[:columns] / count
    about = mean if moved or isinstance(values, np.ndarray) else np.zeros(columns)
    variance = np.maximum(total[columns:-1] / count - about**2, 0)
    varies = variance > 1e-12 * np.maximum(1, about**2)
    deviation = np.where(varies & scaled, np.sqrt(variance), 1.0)
    return (mean if moved else np.zeros(columns)), deviation
