"""application/x-recordio-protobuf: a record has features and a label."""

from __future__ import annotations

from salvia_toolkit.algorithm.files import DataFile
from salvia_toolkit.formats import recordio

from .table import Table


def read(file: DataFile) -> Table | None:
    """The rows of one file; None when it has none. Raises ClientError naming file and record."""
    features, labels = recordio.parse(file.bytes(), file.wrong, labelled=True)
    return None if features is None else Table(features, labels)
