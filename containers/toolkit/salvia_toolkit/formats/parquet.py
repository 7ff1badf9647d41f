"""application/x-parquet: numeric columns; nulls are missing values."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from .matrix import Array, Wrong, infinite, of_body

_NUMERIC = ("BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL")


def decode(body: bytes) -> Array:
    """The rows of a body, float32. Raises FormatError."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.parquet"
        file.write_bytes(body)
        _, rows = parse(file, of_body)
    if len(rows) and (row := infinite(rows)) is not None:
        raise of_body(f"row {row + 1} holds a value that is infinite or too large for float32.")
    return rows


def encode(rows: Array) -> bytes:
    """A file with columns named "0", "1", …; a number alone is a row."""
    import duckdb

    table = np.asarray(rows)
    table = table.reshape(len(table), -1) if table.ndim else table.reshape(1, 1)
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(config=_offline(folder)) as connection:
        file = Path(folder) / "rows.parquet"
        connection.register("given", {str(at): np.ascontiguousarray(column) for at, column in enumerate(table.T)})
        connection.execute(f"COPY given TO '{file}' (FORMAT parquet)")
        return file.read_bytes()


def parse(path: Path, wrong: Wrong) -> tuple[list[str], Array]:
    """The columns' names, and float32 rows with NaN where a value is null."""
    with _opened(path, wrong) as (connection, link):
        described = connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [link]).fetchall()
        text = next((column for column in described if not column[1].lstrip("U").startswith(_NUMERIC)), None)
        if text is not None:
            raise wrong(f"column {text[0]!r} is of type {text[1]}; every column must be numeric.", None)
        columns = connection.execute("SELECT CAST(COLUMNS(*) AS FLOAT) FROM read_parquet(?)", [link]).fetchnumpy()
    filled = [np.ma.filled(column, np.nan) for column in columns.values()]
    return [column[0] for column in described], np.column_stack(filled).astype(np.float32, copy=False)


def records(path: Path, wrong: Wrong) -> list[dict[str, Any]]:
    """The rows as objects of any types, lists among them."""
    with _opened(path, wrong) as (connection, link):
        found = connection.execute("SELECT * FROM read_parquet(?)", [link])
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@contextmanager
def _opened(path: Path, wrong: Wrong) -> Iterator[tuple[Any, str]]:
    """A connection, and the file's name for it; what it cannot read is `wrong`."""
    import duckdb  # only here: it costs 40 ms that other formats need not pay

    # A name from S3 may hold what DuckDB takes for a pattern, such as '*'; a link of our own naming does not.
    with tempfile.TemporaryDirectory() as directory, duckdb.connect(config=_offline(directory)) as connection:
        link = Path(directory) / "rows.parquet"
        link.symlink_to(path.resolve())
        try:
            yield connection, str(link)
        except duckdb.Error as problem:
            raise wrong(f"is not Parquet that can be read: {str(problem).splitlines()[0]}", None) from problem


def _offline(directory: str) -> dict[str, Any]:
    """Nothing is fetched, nothing is written but below the given directory."""
    return {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "temp_directory": directory,
        "home_directory": directory,
    }
