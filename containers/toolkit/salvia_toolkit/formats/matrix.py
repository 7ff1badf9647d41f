"""Rows of numbers, dense or sparse, and what is wrong with those that are none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Wrong = Callable[[str, int | None], Exception]
"""Makes the error to raise: of what is wrong, and in which line (from 1), if that is known."""


class FormatError(ValueError):
    """Bytes that are not what their content type says; the text says what, and where."""


def of_body(what: str, line: int | None = None) -> FormatError:
    """The `Wrong` of a request's body."""
    return FormatError(f"The body{f', line {line}' if line else ''}: {what}")


@dataclass(frozen=True, slots=True)
class Sparse:
    """A matrix of rows of (column, value) pairs; what is not listed is missing.

    Row r has the entries starts[r] … starts[r + 1] of `indices` and `values`.
    """

    starts: Array
    indices: Array
    values: Array
    columns: int

    def __len__(self) -> int:
        return len(self.starts) - 1

    def rows(self, chosen: Array) -> Sparse:
        """The chosen rows, in the order given."""
        lengths = np.diff(self.starts)[chosen]
        starts = np.concatenate(([0], np.cumsum(lengths)))
        entries = np.repeat(self.starts[:-1][chosen] - starts[:-1], lengths) + np.arange(starts[-1])
        return Sparse(starts, self.indices[entries], self.values[entries], self.columns)


Matrix = Array | Sparse


def infinite(values: Array) -> int | None:
    """The first row (from 0) with an infinite value; None when there is none."""
    rows = np.isinf(values).any(axis=1)
    return int(np.argmax(rows)) if rows.any() else None
