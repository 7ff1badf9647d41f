"""Principal components of rows on any number of hosts.

Source: SageMaker developer guide, "How PCA Works": regular mode takes the covariance matrix apart; randomized mode
never makes it, but looks only at a random subspace of a few more dimensions than wanted. There it is turned towards
the largest components by two power iterations (Halko, Martinsson, Tropp 2011).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import SimpleNamespace

import numpy as np
from salvia_toolkit.algorithm.artefact import Artefact
from salvia_toolkit.algorithm.failures import ClientError
from salvia_toolkit.algorithm.training import SEED, Algorithm, Job
from salvia_toolkit.formats.matrix import Array

_POWER = 2


def check(values: SimpleNamespace) -> None:
    """What joins several hyperparameters."""
    if values.num_components > values.feature_dim:
        raise ClientError(
            f"Hyperparameter num_components is {values.num_components}, more than feature_dim, {values.feature_dim}."
        )


def train(job: Job) -> Artefact:
    """Mean, components and singular values, the largest last, as AWS's."""
    wanted = job.values.num_components
    if job.rows["train"] < 2:
        raise ClientError("Channel 'train' has one row; principal components need at least two.")
    mean = np.zeros(job.columns)
    if job.values.subtract_mean:
        mean = _total(job, lambda rows: rows.sum(axis=0), mean) / job.rows["train"]
    if job.values.algorithm_mode == "regular":
        gram = _total(job, lambda rows: (rows - mean).T @ (rows - mean), np.zeros((job.columns, job.columns)))
        squares, components = np.linalg.eigh(gram)
    else:
        squares, components = _randomized(job, mean)
    squares, components = squares[-wanted:], components[:, -wanted:]
    # A component may as well point the other way: its largest entry is positive.
    components = components * np.sign(components[np.abs(components).argmax(axis=0), np.arange(components.shape[1])])
    job.progress(1.0)
    if "test" in job.tables:
        test = job.tables["test"].features - mean
        missed = float(((test - test @ components @ components.T) ** 2).sum())
        job.measured("test", "mse", float(job.group.total(missed)) / (job.rows["test"] * job.columns))
    return Artefact(
        {
            "mean": mean.astype(np.float32),
            "v": components.astype(np.float32),
            "s": np.sqrt(np.maximum(squares, 0)).astype(np.float32),
        }
    )


def _randomized(job: Job, mean: Array) -> tuple[Array, Array]:
    extra = job.values.extra_components
    extra = max(10, job.values.num_components) if extra == -1 else extra
    size = min(job.values.num_components + extra, job.columns)
    basis = np.random.default_rng(SEED).standard_normal((job.columns, size))
    for _ in range(1 + _POWER):
        product = _total(job, partial(_power, mean, basis), np.zeros_like(basis))
        basis = np.linalg.qr(product)[0]

    squares, vectors = np.linalg.eigh(_total(job, partial(_inside, mean, basis), np.zeros((size, size))))
    return squares, basis @ vectors


def _power(mean: Array, basis: Array, rows: Array) -> Array:
    return (rows - mean).T @ ((rows - mean) @ basis)


def _inside(mean: Array, basis: Array, rows: Array) -> Array:
    projected = (rows - mean) @ basis
    return projected.T @ projected


def _total(job: Job, of: Callable[[Array], Array], nothing: Array) -> Array:
    """The sum of `of` over all mini-batches of all hosts."""
    size, rows = job.values.mini_batch_size, job.train.features
    for start in range(0, len(rows), size):
        nothing = nothing + of(rows[start : start + size].astype(np.float64))
    return job.group.total(nothing)


ALGORITHM = Algorithm("PCA", train, {"train": False, "test": False}, check)
