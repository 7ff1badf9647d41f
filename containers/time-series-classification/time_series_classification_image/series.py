"""Series with their labels, from the files of a channel.

3,0.5,0.7,0.1                          text/csv, and where nothing is said: the label, then the values
{"target": [0.5, 0.7], "label": 3}     application/jsonlines; of several channels: "target": [[…], […]]
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from salvia_toolkit import formats
from salvia_toolkit.algorithm.channel import files
from salvia_toolkit.algorithm.contract import Channel
from salvia_toolkit.algorithm.failures import ClientError
from salvia_toolkit.algorithm.files import DataFile
from salvia_toolkit.algorithm.log import say
from salvia_toolkit.formats.matrix import Array

from .minirocket import LENGTH


def read(channel: Channel, shape: tuple[int, ...] | None = None) -> tuple[Array, list[str]]:
    """The series (series × channels × values), all of one shape, and their labels.

    Raises ClientError naming channel, file and line.
    """
    kind = formats.known(channel.content_type or formats.CSV)
    if kind not in _READERS:
        raise ClientError(
            f"Channel {channel.name!r}: ContentType {channel.content_type!r} is not one that this algorithm reads. "
            f"Use {' or '.join(_READERS)}."
        )
    found, labels = [], []
    for file in files(channel):
        for label, values, line in _READERS[kind](file):
            shape = shape or values.shape
            if values.shape != shape:
                raise file.wrong(f"the series has {_size(values.shape)} where others have {_size(shape)}.", line)
            if problem := unfit(values):
                raise file.wrong(problem, line)
            found.append(values)
            labels.append(label)
    if not found:
        raise ClientError(f"Channel {channel.name!r} has no series: no file with data is below its S3Uri. Check it.")
    say(f"Channel {channel.name!r}: {len(found)} series of {_size(found[0].shape)}.")
    return np.stack(found), labels


def of(target: Any) -> Array:
    """Numbers, or several lists of them, as channels × values. Raises ValueError, TypeError."""
    return np.atleast_2d(np.array(target, np.float32))


def unfit(values: Array) -> str | None:
    """What is wrong with a series, if something is."""
    if values.ndim != 2 or values.shape[1] < LENGTH:
        return f"a series must have {LENGTH} values at least."
    if not np.isfinite(values).all():
        place = int(np.argmin(np.isfinite(values).all(axis=0))) + 1
        return f"value {place} is missing or not a finite number. Fill in missing values."
    return None


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[-1]} values" if shape[0] == 1 else f"{shape[0]} channels of {shape[-1]} values"


def _rows(file: DataFile) -> Iterator[tuple[str, Array, int]]:
    for line, text in file.lines():
        label, *fields = (field.strip().strip('"') for field in text.strip().split(","))
        if not label:
            raise file.wrong("the label (first column) is empty.", line)
        try:
            yield label, of([field or "nan" for field in fields]), line
        except ValueError as problem:
            raise file.wrong(f"has something that is not a number: {problem}.", line) from problem


def _documents(file: DataFile) -> Iterator[tuple[str, Array, int]]:
    for line, text in file.lines():
        try:
            told = json.loads(text)
            label, target = told["label"], told["target"]
            values = of(target)
        except (ValueError, TypeError, KeyError) as problem:
            raise file.wrong(
                'must be {"target": numbers, or a list of them for each channel, "label": …}.', line
            ) from problem
        if not isinstance(label, (str, int)) or isinstance(label, bool) or not str(label).strip():
            raise file.wrong(f"{label!r} is no label; labels are texts or whole numbers.", line)
        yield str(label), values, line


_READERS: dict[str, Callable[[DataFile], Iterator[tuple[str, Array, int]]]] = {
    formats.CSV: _rows,
    formats.JSON_LINES: _documents,
}
