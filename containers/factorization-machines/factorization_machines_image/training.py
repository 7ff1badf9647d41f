"""Mini-batches of all hosts down the slope of the squared or the logistic loss, with Adam.

AWS does not say which optimizer its own is; `eps`, `clip_gradient` and `rescale_grad` are those of MXNet's Adam.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
from salvia_toolkit import formats
from salvia_toolkit.algorithm.artefact import Artefact
from salvia_toolkit.algorithm.failures import ClientError
from salvia_toolkit.algorithm.measures import counts
from salvia_toolkit.algorithm.training import SEED, Algorithm, Job
from salvia_toolkit.formats.matrix import Array

from .parameters import BLOCKS, Adam, begun, scores, squared

_WORD = {"uniform": "scale", "normal": "sigma", "constant": "value"}


def check(values: SimpleNamespace) -> None:
    """Raise ClientError where a way to begin lacks its number."""
    for block in BLOCKS:
        method = getattr(values, f"{block}_init_method")
        name = f"{block}_init_{_WORD[method]}"
        if getattr(values, name) is None:
            raise ClientError(f"Hyperparameter {name} is required with {block}_init_method {method}.")


def train(job: Job) -> Artefact:
    """The three blocks."""
    values = job.values
    binary = values.predictor_type == "binary_classifier"
    for name, table in job.tables.items():
        labels = np.asarray(table.labels)
        if binary and ((labels != 0) & (labels != 1)).any():
            wrong = labels[(labels != 0) & (labels != 1)][0]
            raise ClientError(f"Channel {name!r} has the label {wrong:g}; binary_classifier needs labels 0 and 1.")
    if binary and (ones := float(job.group.total(np.asarray(job.train.labels).sum()))) in (0.0, job.rows["train"]):
        raise ClientError(f"All labels of channel 'train' are {int(ones > 0)}; a classifier needs rows of both.")
    blocks = begun(values, job.columns, np.random.default_rng(SEED))
    steps = {name: Adam(values, name, block.shape) for name, block in blocks.items()}
    for epoch in range(values.epochs):
        lost = np.zeros(2)
        for chosen in job.batches(values.mini_batch_size, epoch):
            lost += _step(job, blocks, steps, chosen, binary)
        mean = lost[0] / lost[1]
        if not np.isfinite(mean):
            raise ClientError("The loss is infinite: bias_lr, linear_lr or factors_lr is too high. Lower it.")
        name, value = ("binary_classification_cross_entropy", mean) if binary else ("rmse", np.sqrt(mean))
        job.measured("train", name, float(value), epoch=epoch)
        job.progress((epoch + 1) / values.epochs)
    if "test" in job.tables:
        _score(job, blocks, binary)
    arrays = {name: block.astype(np.float32) for name, block in blocks.items()}
    return Artefact(arrays, {"predictor_type": values.predictor_type})


def _step(job: Job, blocks: dict[str, Array], steps: dict[str, Adam], chosen: Array, binary: bool) -> Array:
    """One mini-batch of all hosts; the sum of its losses, and its rows."""
    rows, labels = job.train.features[chosen], np.asarray(job.train.labels)[chosen].astype(np.float64)
    touched = _touched(job, rows)
    rows = rows[:, touched]
    linear, factors = blocks["linear"][touched], blocks["factors"][touched]
    raw = scores(rows, blocks["bias"], linear, factors)
    slope = np.exp(-np.logaddexp(0, -raw)) - labels if binary else 2 * (raw - labels)
    loss = np.logaddexp(0, raw) - labels * raw if binary else (raw - labels) ** 2
    inner = rows @ factors
    weight = np.asarray(squared(rows).T @ slope)
    deep = np.asarray(rows.T @ (slope[:, None] * inner)) - weight[:, None] * factors
    own = np.concatenate([[slope.sum(), loss.sum(), len(labels)], np.asarray(rows.T @ slope), deep.ravel()])
    sums = job.group.total(own)
    count, width = sums[2], len(linear)
    steps["bias"].step(blocks["bias"], slice(None), sums[:1], count)
    steps["linear"].step(blocks["linear"], touched, sums[3 : 3 + width], count)
    steps["factors"].step(blocks["factors"], touched, sums[3 + width :].reshape(factors.shape), count)
    return sums[1:3]


def _touched(job: Job, rows: Any) -> Any:
    """The features that any host's rows have: all of dense ones, those listed of sparse ones."""
    if isinstance(rows, np.ndarray):
        return slice(None)
    own = np.unique(rows.indices).astype(np.int64)
    return np.unique(job.group.gather(own)) if len(job.group.hosts) > 1 else own


def _score(job: Job, blocks: dict[str, Array], binary: bool) -> None:
    table = job.tables["test"]
    raw = job.group.gather(scores(table.features, blocks["bias"], blocks["linear"], blocks["factors"]))
    labels = job.group.gather(np.asarray(table.labels, np.float64))
    if not binary:
        job.measured("test", "rmse", float(np.sqrt(((raw - labels) ** 2).mean())))
        return
    found = counts(raw >= 0, labels)  # at a score of 0.5
    job.measured("test", "binary_classification_cross_entropy", float((np.logaddexp(0, raw) - labels * raw).mean()))
    job.measured("test", "binary_classification_accuracy", float(found.accuracy), "score")
    job.measured("test", "binary_f_beta", float(found.f_beta()), "score")


ALGORITHM = Algorithm(
    "Factorization Machines",
    train,
    {"train": True, "test": True},
    check,
    sparse=True,
    readable=(formats.RECORDIO,),
)
