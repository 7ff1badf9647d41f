"""Web-scale k-means with more centers than wanted, which Lloyd's algorithm then reduces to k.

Source: SageMaker developer guide, "How K-Means Clustering Works": K = k × extra_center_factor centers move with each
mini-batch to the mean of all that they were closest to; k of them remain. With several hosts each takes a mini-batch
of its own, and the sums are of all of them, so that all have the same centers at any time.
"""

from __future__ import annotations

import math

import numpy as np
from salvia_toolkit.algorithm.artefact import Artefact
from salvia_toolkit.algorithm.failures import ClientError
from salvia_toolkit.algorithm.training import SEED, Algorithm, Job
from salvia_toolkit.formats.matrix import Array

from .lloyd import closest, first, lloyd


def train(job: Job) -> Artefact:
    """The centers."""
    values = job.values
    if job.rows["train"] < values.k:
        raise ClientError(f"Hyperparameter k is {values.k}, but channel 'train' has only {job.rows['train']} rows.")
    centers, weights = _moved(job, _begun(job))
    centers = _reduced(job, centers, weights)
    for channel in job.tables:
        ssd = float(job.group.total(closest(job.tables[channel].features, centers)[1].sum()))
        for metric, value in (("msd", ssd / job.rows[channel]), ("ssd", ssd)):
            if metric in values.eval_metrics:
                job.measured(channel, metric, value)
    return Artefact({"centers": centers.astype(np.float32)})


def _begun(job: Job) -> Array:
    """K first centers, the same on all hosts: chosen of what each of them offers."""
    values, random = job.values, np.random.default_rng(SEED)
    factor = values.extra_center_factor
    factor = max(4, math.ceil(math.log(values.k))) if factor == "auto" else factor
    wanted = min(values.k * factor, job.rows["train"])
    own = job.train.features
    offered = max(wanted, values.mini_batch_size)
    if len(own) > offered:
        own = own[random.choice(len(own), offered, replace=False)]
    return first(job.group.gather(own).astype(np.float64), wanted, values.init_method, random)


def _moved(job: Job, centers: Array) -> tuple[Array, Array]:
    """The centers after all epochs, and how many points each has had."""
    values, rows = job.values, job.train.features
    weights = np.zeros(len(centers))
    for epoch in range(values.epochs):
        for chosen in job.batches(values.mini_batch_size, epoch):
            batch = rows[chosen].astype(np.float64)
            which, _ = closest(batch, centers)
            sums = np.zeros((len(centers), job.columns + 1))
            np.add.at(sums, which, np.column_stack((batch, np.ones(len(batch)))))
            sums = job.group.total(sums)
            if values.half_life_time_size:
                weights *= 0.5 ** (sums[:, -1].sum() / values.half_life_time_size)
            after = weights + sums[:, -1]
            moved = (centers * weights[:, None] + sums[:, :-1]) / np.maximum(after, 1e-30)[:, None]
            centers, weights = np.where(after[:, None] > 0, moved, centers), after
        job.progress((epoch + 1) / values.epochs)
    return centers, weights


def _reduced(job: Job, centers: Array, weights: Array) -> Array:
    """k centers, the best of several trials; the leader's are everybody's."""
    values, random = job.values, np.random.default_rng(SEED)
    used = weights > 0
    if used.sum() >= values.k:
        centers, weights = centers[used], weights[used]
    if len(centers) > values.k:
        trials = 10 if values.local_lloyd_num_trials == "auto" else values.local_lloyd_num_trials
        tried = []
        for _ in range(trials):
            begun = first(centers, values.k, values.local_lloyd_init_method, random, weights)
            tried.append(lloyd(centers, weights, begun, values.local_lloyd_max_iter, values.local_lloyd_tol))
        centers = min(tried, key=lambda found: found[1])[0]
    return centers


ALGORITHM = Algorithm("K-Means", train, {"train": False, "test": False})
