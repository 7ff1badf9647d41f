"""text/libsvm: `label[:weight] [qid:group] index:value …`."""

from __future__ import annotations

from salvia_toolkit.algorithm.files import DataFile
from salvia_toolkit.formats import libsvm

from .table import Table


def read(file: DataFile) -> Table | None:
    """The rows of one libsvm file; None when it has none. Raises ClientError naming file and line."""
    rows = libsvm.parse(file.bytes(), file.wrong, labelled=True)
    if rows is None:
        return None
    assert rows.labels is not None
    return Table(rows.features, rows.labels, rows.weights, rows.queries)
