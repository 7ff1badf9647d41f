"""Topics by variational expectation maximisation over all documents, on one instance as AWS's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from salvia_toolkit.algorithm.artefact import Artefact
from salvia_toolkit.algorithm.failures import ClientError
from salvia_toolkit.algorithm.log import say
from salvia_toolkit.algorithm.training import SEED, Algorithm, Job
from salvia_toolkit.formats.matrix import Array
from scipy.sparse import csr_matrix  # type: ignore[import-untyped]

from .inference import expected, likelihood, mixtures

_TRIED = 5  # iterations of each beginning
_STEPS = 15  # of the documents' mixtures in an iteration; more of them end in worse topics
_LEAST = 1e-5  # relative rise of the likelihood: it is a number of the data, not, as AWS's, of an exact decomposition


def train(job: Job) -> Artefact:
    """The topics."""
    values = job.values
    for name, table in job.tables.items():
        _check(name, table.features)
    parts = [csr_matrix(part.astype(np.float64)) for part in _parts(job, "train")]
    total = float(sum(part.sum() for part in parts))
    alpha = values.alpha0 / values.num_topics
    tried = []
    for restart in range(values.max_restarts):
        random = np.random.default_rng([SEED, restart])
        weights, pwll = random.gamma(100.0, 0.01, (values.num_topics, job.columns)), -np.inf
        for _ in range(min(_TRIED, values.max_iterations)):
            weights, pwll = _improved(parts, weights, alpha, total)
        tried.append((pwll, weights))
    before, weights = max(tried, key=lambda one: one[0])
    say(f"The best of {len(tried)} beginnings has a per-word log-likelihood of {before:.6g}.")
    done = _TRIED
    while done < values.max_iterations:
        weights, pwll = _improved(parts, weights, alpha, total)
        done += 1
        if abs(pwll - before) <= max(values.tol, _LEAST) * abs(before):
            break
        before = pwll
    say(f"Training ended after {done} iterations.")
    job.progress(1.0)
    topics = weights / weights.sum(axis=1, keepdims=True)
    for channel in job.tables:
        documents = csr_matrix(job.tables[channel].features.astype(np.float64))
        found = likelihood(documents, mixtures(documents, topics, alpha)[0], topics)
        job.measured(channel, "pwll", found / float(documents.sum()), "score")
    return Artefact({"topics": topics.astype(np.float32)}, {"alpha": alpha})


def _parts(job: Job, channel: str) -> Iterator[Any]:
    rows, size = job.tables[channel].features, job.values.mini_batch_size
    for start in range(0, rows.shape[0], size):
        yield rows[start : start + size]


def _improved(parts: list[Any], weights: Array, alpha: float, total: float) -> tuple[Array, float]:
    """The topics' weights of words after an iteration (1 / topics each beforehand), and how likely words were."""
    likely, mean = expected(weights), weights / weights.sum(axis=1, keepdims=True)
    counted, found = np.full_like(weights, 1 / len(weights)), 0.0
    for part in parts:
        own, words = mixtures(part, likely, alpha, _STEPS)
        counted += words
        found += likelihood(part, own, mean)
    return counted, found / total


def _check(channel: str, features: Any) -> None:
    counts = features if isinstance(features, np.ndarray) else features.data
    if (counts < 0).any():
        raise ClientError(f"Channel {channel!r} has a negative value; features must be how often each word occurs.")
    if not counts.any():
        raise ClientError(f"Channel {channel!r} has no word that occurs.")


ALGORITHM = Algorithm("LDA", train, {"train": False, "test": False}, sparse=True, alone=True)
