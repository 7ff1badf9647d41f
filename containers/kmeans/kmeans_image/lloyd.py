"""Distances to centers, first centers, and Lloyd's iterations on weighted points."""

from __future__ import annotations

import numpy as np
from salvia_toolkit.formats.matrix import Array

_BLOCK = 1 << 22  # distances at a time


def closest(points: Array, centers: Array) -> tuple[Array, Array]:
    """Of each point its closest center, and the squared distance to it."""
    which, distance = np.empty(len(points), np.int64), np.empty(len(points))
    step = max(1, _BLOCK // len(centers))
    norms = (centers**2).sum(axis=1)
    for start in range(0, len(points), step):
        block = points[start : start + step].astype(np.float64)
        found = (norms - 2 * block @ centers.T).argmin(axis=1)
        which[start : start + step] = found
        # Not by the same formula: its rounding is of the size of the norms.
        distance[start : start + step] = ((block - centers[found]) ** 2).sum(axis=1)
    return which, distance


def first(points: Array, count: int, method: str, random: np.random.Generator, weights: Array | None = None) -> Array:
    """So many of the points to begin with: at random, or each by its distance to those before it (k-means++)."""
    chance = np.ones(len(points)) if weights is None else weights
    if method == "random":
        return points[random.choice(len(points), count, replace=False)]
    centers = [points[random.choice(len(points), p=chance / chance.sum())]]
    distance = np.full(len(points), np.inf)
    while len(centers) < count:
        distance = np.minimum(distance, ((points - centers[-1]) ** 2).sum(axis=1))
        share = distance * chance
        if not share.any():  # fewer different points than centers: any will do
            share = np.ones(len(points))
        centers.append(points[random.choice(len(points), p=share / share.sum())])
    return np.stack(centers)


def lloyd(points: Array, weights: Array, centers: Array, iterations: int, tolerance: float) -> tuple[Array, float]:
    """Move centers to the mean of what is closest to them, until the weighted sum of distances hardly falls."""
    before = np.inf
    which, distance = closest(points, centers)
    for _ in range(iterations):
        count = np.bincount(which, weights, len(centers))
        total = np.zeros_like(centers)
        np.add.at(total, which, points * weights[:, None])
        centers = np.where(count[:, None] > 0, total / np.maximum(count, 1e-30)[:, None], centers)
        which, distance = closest(points, centers)
        now = float((distance * weights).sum())
        if before - now <= tolerance * before:
            break
        before = now
    return centers, float((distance * weights).sum())
