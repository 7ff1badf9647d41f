"""application/x-parquet: numeric columns, the label first."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from .files import DataFile
from .table import Table

_NUMERIC = ("BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL")


def read(file: DataFile) -> Table | None:
    """The rows of one Parquet file, nulls as missing; None when it has none. Raises ClientError naming it."""
    import duckdb  # only here: it costs 40 ms that other formats need not pay

    # A name from S3 may hold what DuckDB takes for a pattern, such as '*'; a link of our own naming does not.
    with tempfile.TemporaryDirectory() as directory, duckdb.connect(config=_offline(directory)) as connection:
        link = Path(directory) / "rows.parquet"
        link.symlink_to(file.path.resolve())
        try:
            described = connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(link)]).fetchall()
            text = next((column for column in described if not column[1].lstrip("U").startswith(_NUMERIC)), None)
            if text is not None:
                raise file.wrong(f"column {text[0]!r} is of type {text[1]}; every column must be numeric.")
            columns = connection.execute(
                "SELECT CAST(COLUMNS(*) AS FLOAT) FROM read_parquet(?)", [str(link)]
            ).fetchnumpy()
        except duckdb.Error as problem:
            raise file.wrong(f"is not Parquet that can be read: {str(problem).splitlines()[0]}") from problem
    filled = [np.ma.filled(column, np.nan) for column in columns.values()]
    if len(filled) < 2:
        raise file.wrong(f"has {len(filled)} column(s); a row must have the label and at least one feature.")
    if not len(filled[0]):
        return None
    values = np.column_stack(filled).astype(np.float32, copy=False)
    if not np.isfinite(values[:, 0]).all():
        row = int(np.argmin(np.isfinite(values[:, 0]))) + 1
        raise file.wrong(f"row {row}: the label (column {described[0][0]!r}) is null or not a finite number.")
    if np.isinf(values).any():
        raise file.wrong("holds a value that is infinite or too large for float32. Make it null if it is missing.")
    return Table(values[:, 1:], values[:, 0])


def _offline(directory: str) -> dict[str, Any]:
    """Nothing is fetched, nothing is written but below the given directory."""
    return {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "temp_directory": directory,
        "home_directory": directory,
    }
