"""text/csv: the label first, with csv_weights the weight second, no header."""

from __future__ import annotations

import numpy as np
from salvia_toolkit.algorithm.files import DataFile
from salvia_toolkit.formats import delimited
from salvia_toolkit.formats.matrix import Array

from .table import Table


def read(file: DataFile, weighted: bool) -> Table | None:
    """The rows of one CSV file; None when it has none. Raises ClientError naming file and line."""
    content = file.bytes()
    delimiter = delimited.delimiter_of(content)
    values = delimited.parse(content, delimiter, file.wrong, labelled=True)
    if values is None:
        return None
    before = 2 if weighted else 1
    if values.shape[1] <= before:
        raise file.wrong(
            f"has {values.shape[1]} column(s); a row must have the label"
            + (", the weight (csv_weights is 1)" if weighted else "")
            + " and at least one feature.",
            1,
        )
    _check(file, content, delimiter, values, weighted)
    return Table(values[:, before:], values[:, 0], values[:, 1] if weighted else None)


def _check(file: DataFile, content: bytes, delimiter: str, values: Array, weighted: bool) -> None:
    """Refuse what parses but cannot be meant."""
    problems = [
        (~np.isfinite(values[:, 0]), "the label (first column) is not a finite number."),
        (
            np.isinf(values[:, 1:]).any(axis=1),
            "a value is infinite or too large for float32. Leave it empty if missing.",
        ),
    ]
    if weighted:
        problems.append((~(values[:, 1] >= 0), "the weight (second column, csv_weights is 1) must be 0 or more."))
    for wrong, what in problems:
        if wrong.any():
            row = int(np.argmax(wrong))
            lines = enumerate(delimited.rows(content, delimiter))
            raise file.wrong(what, next(line for at, (line, _) in lines if at == row))
