"""The mixture of topics of a document, given the topics.

Source: Hoffman, Blei, Bach, "Online Learning for Latent Dirichlet Allocation" (2010), figure 1: the E step, for all
documents at once. AWS's own takes a tensor of word moments apart ("How LDA Works"); the model is the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from salvia_toolkit.formats.matrix import Array
from scipy.sparse import csr_matrix  # type: ignore[import-untyped]
from scipy.special import psi  # type: ignore[import-untyped]

_ITERATIONS = 100
_STILL = 1e-3  # mean change of a document's weights that ends it
_TINY = 1e-100


def expected(weights: Array) -> Array:
    """exp E[log p] of Dirichlet distributions, a row each."""
    return np.exp(psi(weights) - psi(weights.sum(axis=1, keepdims=True)))


def mixtures(documents: Any, topics: Array, alpha: float, iterations: int = _ITERATIONS) -> tuple[Array, Array]:
    """Each document's weights of the topics (not normalised); and how much of each word each topic accounts for.

    `topics` are topics × words: how probable each word is.
    """
    rows = np.repeat(np.arange(documents.shape[0]), np.diff(documents.indptr))
    words = np.ascontiguousarray(topics[:, documents.indices].T)  # an entry of the documents × topics
    weights = np.ones((documents.shape[0], len(topics)))
    shares = expected(weights)
    for _ in range(iterations):
        before = weights
        weights = alpha + shares * (_ratio(documents, shares[rows], words) @ topics.T)
        shares = expected(weights)
        if np.abs(weights - before).mean() < _STILL:
            break
    return weights, topics * (_ratio(documents, shares[rows], words).T @ shares).T


def likelihood(documents: Any, weights: Array, topics: Array) -> float:
    """The sum over all words of the logarithm of their probability."""
    mixture = weights / weights.sum(axis=1, keepdims=True)
    rows = np.repeat(np.arange(documents.shape[0]), np.diff(documents.indptr))
    chance = (mixture[rows] * topics[:, documents.indices].T).sum(axis=1)
    return float((documents.data * np.log(np.maximum(chance, _TINY))).sum())


def _ratio(documents: Any, shares: Array, words: Array) -> Any:
    """Counts of words by how probable they are."""
    chance = np.maximum((shares * words).sum(axis=1), _TINY)
    return csr_matrix((documents.data / chance, documents.indices, documents.indptr), documents.shape)
