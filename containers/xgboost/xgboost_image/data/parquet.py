"""application/x-parquet: numeric columns, the label first."""

from __future__ import annotations

import numpy as np
from salvia_toolkit.algorithm.files import DataFile
from salvia_toolkit.formats import parquet

from .table import Table


def read(file: DataFile) -> Table | None:
    """The rows of one Parquet file, nulls as missing; None when it has none. Raises ClientError naming it."""
    names, values = parquet.parse(file.path, file.wrong)
    if len(names) < 2:
        raise file.wrong(f"has {len(names)} column(s); a row must have the label and at least one feature.")
    if not len(values):
        return None
    if not np.isfinite(values[:, 0]).all():
        row = int(np.argmin(np.isfinite(values[:, 0]))) + 1
        raise file.wrong(f"row {row}: the label (column {names[0]!r}) is null or not a finite number.")
    if np.isinf(values).any():
        raise file.wrong("holds a value that is infinite or too large for float32. Make it null if it is missing.")
    return Table(values[:, 1:], values[:, 0])
