"""Rows with or without labels: what an algorithm trains on and predicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..formats.matrix import Array, Matrix, Sparse


@dataclass(frozen=True, slots=True)
class Table:
    """Features, float32: an array, or scipy's csr_matrix where they came sparse. A label a row, if there are any."""

    features: Any
    labels: Array | None

    @property
    def columns(self) -> int:
        """How many features a row has."""
        return int(self.features.shape[1])

    @property
    def sparse(self) -> bool:
        """Whether the features are a sparse matrix."""
        return not isinstance(self.features, np.ndarray)

    def __len__(self) -> int:
        return int(self.features.shape[0])

    def rows(self, chosen: Any) -> Table:
        """The rows of an index or a slice."""
        return Table(self.features[chosen], None if self.labels is None else self.labels[chosen])

    def dense(self) -> Table:
        """The same with an array of features; what a sparse row does not list is 0."""
        return Table(self.features.toarray(), self.labels) if self.sparse else self

    def widened(self, columns: int) -> Table:
        """The same with as many columns, where a sparse matrix has fewer."""
        if self.sparse and self.columns < columns:
            from scipy.sparse import csr_matrix  # type: ignore[import-untyped]

            own = self.features
            return Table(csr_matrix((own.data, own.indices, own.indptr), (len(self), columns)), self.labels)
        return self


def matrix(found: Matrix, columns: int | None = None) -> Any:
    """What a format's reader found, as an array or a csr_matrix of so many columns at least."""
    if not isinstance(found, Sparse):
        return found
    from scipy.sparse import csr_matrix

    return csr_matrix((found.values, found.indices, found.starts), (len(found), max(found.columns, columns or 0)))


def concatenated(parts: Sequence[Table]) -> Table:
    """The rows of all parts below one another; all dense with equal columns, or all made sparse."""
    if len(parts) == 1:
        return parts[0]
    labels = [part.labels for part in parts if part.labels is not None]
    together = np.concatenate(labels) if labels else None
    if not any(part.sparse for part in parts):
        return Table(np.concatenate([part.features for part in parts]), together)
    from scipy.sparse import vstack

    width = max(part.columns for part in parts)
    return Table(vstack([part.widened(width).features for part in parts], format="csr"), together)
