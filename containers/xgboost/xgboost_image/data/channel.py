"""A whole channel as one table."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from salvia_toolkit.algorithm import files
from salvia_toolkit.algorithm.channel import received
from salvia_toolkit.algorithm.contract import Channel
from salvia_toolkit.algorithm.failures import ClientError
from salvia_toolkit.algorithm.log import say

from . import content_type, delimited, libsvm, parquet, recordio
from .table import Sparse, Table, concatenated


def load(channel: Channel, csv_weights: bool) -> Table | None:
    """The rows of every file of the channel; None when there are none.

    Raises ClientError when the channel cannot be read as its ContentType says.
    """
    kind = content_type.understood(channel.content_type, channel.name)
    if channel.content_type is None:
        say(f"Channel {channel.name!r} has no ContentType: reading it as {kind}, this algorithm's default.")
    if channel.mode == "Pipe":
        if kind == content_type.PARQUET:
            raise ClientError(
                f"Channel {channel.name!r}: Parquet files cannot be piped. Use input mode File or FastFile."
            )
        with tempfile.TemporaryDirectory() as folder:
            return _load(replace(channel, directory=received(channel, Path(folder))), kind, csv_weights)
    return _load(channel, kind, csv_weights)


def _load(channel: Channel, kind: str, csv_weights: bool) -> Table | None:
    readers: dict[str, Callable[[files.DataFile], Table | None]] = {
        content_type.CSV: lambda file: delimited.read(file, csv_weights),
        content_type.LIBSVM: libsvm.read,
        content_type.PARQUET: parquet.read,
        content_type.RECORDIO: recordio.read,
    }
    read = readers[kind]
    parts: list[Table] = []
    first: files.DataFile | None = None
    for file in files.of_channel(channel.name, channel.directory):
        part = read(file)
        if part is None:
            continue
        if parts and first is not None and not _alike(parts[0], part):
            raise file.wrong(f"has {part.columns} feature columns where file {first.name!r} has {parts[0].columns}.")
        first = first or file
        parts.append(part)
    return concatenated(parts) if parts else None


def _alike(one: Table, other: Table) -> bool:
    """Dense rows must have equally many columns; sparse ones leave them open."""
    if isinstance(one.features, Sparse) or isinstance(other.features, Sparse):
        return True
    return one.columns == other.columns
