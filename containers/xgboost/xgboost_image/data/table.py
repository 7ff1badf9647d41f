"""Rows with labels, as every content type delivers them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from salvia_toolkit.formats.matrix import Array, Sparse

__all__ = ["Array", "Sparse", "Table", "concatenated", "empty"]


@dataclass(frozen=True, slots=True)
class Table:
    """float32 features (rows × columns, NaN = missing; or Sparse), a label a row; weights and query ids."""

    features: Array | Sparse
    labels: Array
    weights: Array | None = None
    queries: Array | None = None

    @property
    def columns(self) -> int:
        """How many features a row has; for sparse rows, how many the largest index implies."""
        return self.features.columns if isinstance(self.features, Sparse) else int(self.features.shape[1])

    def __len__(self) -> int:
        return len(self.labels)

    def rows(self, chosen: Array) -> Table:
        """The rows at the positions `chosen`."""
        return Table(
            self.features.rows(chosen) if isinstance(self.features, Sparse) else self.features[chosen],
            self.labels[chosen],
            None if self.weights is None else self.weights[chosen],
            None if self.queries is None else self.queries[chosen],
        )

    def share(self, rank: int, count: int) -> Table:
        """Every `count`-th row from the `rank`-th on; whole queries where rows have query ids."""
        if self.queries is None:
            return self.rows(np.arange(rank, len(self), count))
        _, ordinal = np.unique(self.queries, return_inverse=True)
        return self.rows(np.flatnonzero(ordinal % count == rank))


def empty(columns: int, queries: bool = False) -> Table:
    """No rows; `queries` says whether other hosts' rows have query ids."""
    none = np.empty(0, np.float32)
    return Table(np.empty((0, columns), np.float32), none, queries=none.astype(np.int64) if queries else None)


def concatenated(parts: Sequence[Table]) -> Table:
    """The rows of all parts, of which there is at least one; all dense with equal columns, or all sparse."""
    if len(parts) == 1:
        return parts[0]
    return Table(
        _stacked([part.features for part in parts]),
        np.concatenate([part.labels for part in parts]),
        _joined([part.weights for part in parts], [len(part) for part in parts], 1.0),
        _joined([part.queries for part in parts], [len(part) for part in parts], 0),
    )


def _stacked(features: Sequence[Array | Sparse]) -> Array | Sparse:
    dense = [one for one in features if not isinstance(one, Sparse)]
    if len(dense) == len(features):
        return np.concatenate(dense)
    sparse = [one if isinstance(one, Sparse) else _sparse(one) for one in features]
    offsets = np.cumsum([0, *(len(one.values) for one in sparse)])
    return Sparse(
        np.concatenate([[0], *(one.starts[1:] + offset for one, offset in zip(sparse, offsets, strict=False))]),
        np.concatenate([one.indices for one in sparse]),
        np.concatenate([one.values for one in sparse]),
        max(one.columns for one in sparse),
    )


def _sparse(dense: Array) -> Sparse:
    rows, columns = dense.shape
    return Sparse(np.arange(rows + 1) * columns, np.tile(np.arange(columns), rows), dense.ravel(), columns)


def _joined(parts: Sequence[Array | None], lengths: Sequence[int], absent: float) -> Array | None:
    if all(part is None for part in parts):
        return None
    present = next(part for part in parts if part is not None)
    return np.concatenate(
        [np.full(n, absent, present.dtype) if part is None else part for part, n in zip(parts, lengths, strict=True)]
    )
