"""A channel as one table: RecordIO-protobuf or CSV, in File, FastFile or Pipe mode.

Source: SageMaker developer guide, "Common Data Formats for Training": without a content type it is RecordIO-protobuf;
of CSV the first `label_size` columns are labels, one if that is not said.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from .. import formats
from ..formats import delimited, recordio
from ..formats.matrix import Array
from .contract import Channel
from .failures import ClientError
from .files import DataFile, of_channel
from .log import say
from .table import Table, concatenated, matrix

_BLOCK = 1 << 20


def load(channel: Channel, labelled: bool, readable: tuple[str, ...]) -> Table | None:
    """The rows of every file of the channel; None when there are none. `labelled`: each must have its label.

    Raises ClientError naming channel, file and place.
    """
    kind = formats.known(channel.content_type or formats.RECORDIO)
    if kind not in readable:
        raise ClientError(
            f"Channel {channel.name!r}: ContentType {channel.content_type!r} is not one that this algorithm reads. "
            f"Use {' or '.join(readable)}."
        )
    if channel.content_type is None:
        say(f"Channel {channel.name!r} has no ContentType: reading it as {kind}.")
    return _load(channel, kind, labelled)


def files(channel: Channel) -> Iterator[DataFile]:
    """Its files; in Pipe mode the one that comes, which is there until the next is asked for."""
    if channel.mode != "Pipe":
        yield from of_channel(channel.name, channel.directory)
        return
    with tempfile.TemporaryDirectory() as folder:
        yield from of_channel(channel.name, received(channel, Path(folder)))


def received(channel: Channel, folder: Path) -> Path:
    """The first epoch of a channel in Pipe mode, as a file: the algorithms want all of the data at once."""
    pipe = channel.directory.with_name(f"{channel.directory.name}_0")
    with pipe.open("rb") as source, (folder / pipe.name).open("wb") as copy:
        shutil.copyfileobj(source, copy, _BLOCK)
    return folder / pipe.name


def _load(channel: Channel, kind: str, labelled: bool) -> Table | None:
    size = label_size(channel.content_type or "", f"Channel {channel.name!r}", 1) if kind == formats.CSV else 1
    if labelled and size == 0:
        raise ClientError(f"Channel {channel.name!r}: label_size is 0, but this algorithm needs the label of each row.")
    parts: list[Table] = []
    first = None
    for file in files(channel):
        part = _csv(file, size) if kind == formats.CSV else _records(file, labelled)
        if part is None:
            continue
        if parts and first is not None and not (part.sparse or parts[0].sparse) and part.columns != parts[0].columns:
            raise file.wrong(f"has {part.columns} feature columns where file {first.name!r} has {parts[0].columns}.")
        first = first or file
        parts.append(part)
    return concatenated(parts) if parts else None


def label_size(content_type: str, where: str, default: int) -> int:
    """The parameter label_size of a content type: 0 or 1. Raises ClientError for others."""
    for parameter in content_type.lower().split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip() == "label_size":
            if value.strip() not in ("0", "1"):
                raise ClientError(f"{where}: label_size must be 0 or 1, not {value.strip()!r}.")
            return int(value)
    return default


def _csv(file: DataFile, size: int) -> Table | None:
    content = file.bytes()
    delimiter = delimited.delimiter_of(content)
    values = delimited.parse(content, delimiter, file.wrong, labelled=bool(size))
    if values is None:
        return None
    if values.shape[1] <= size:
        raise file.wrong(
            f"has {values.shape[1]} column(s); a row must have {'a label and ' if size else ''}features.", 1
        )
    if (row := _first(~np.isfinite(values).all(axis=1))) is not None:
        line = next(line for at, (line, _) in enumerate(delimited.rows(content, delimiter)) if at == row)
        column = int(np.argmin(np.isfinite(values[row]))) + 1
        raise file.wrong(f"column {column} is empty, not a number or infinite. Fill in missing values.", line)
    return Table(values[:, size:], values[:, 0] if size else None)


def _records(file: DataFile, labelled: bool) -> Table | None:
    found, labels = recordio.parse(file.bytes(), file.wrong, labelled=labelled)
    if found is None:
        return None
    features: Any = matrix(found)
    values = features if isinstance(features, np.ndarray) else features.data
    if not np.isfinite(values).all():
        if isinstance(features, np.ndarray):
            row = _first(~np.isfinite(values).all(axis=1))
        else:
            row = int(np.searchsorted(features.indptr, np.argmin(np.isfinite(values)), side="right")) - 1
        raise file.wrong(f"record {(row or 0) + 1} has a feature that is not a finite number. Fill in missing values.")
    return Table(features, labels if labelled else None)


def _first(bad: Array) -> int | None:
    return int(np.argmax(bad)) if bad.any() else None
