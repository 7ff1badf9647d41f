"""A channel as texts with labels, as AWS's algorithms for text read them.

    __label__4 linux ready for prime time    text/plain, and where nothing is said: labels among the words of a line
    {"source": "linux …", "label": 4}        application/jsonlines, as augmented manifests; several labels: [1, 4]
    4,"linux ready for prime time"           text/csv
    the values of source and label in turn   application/x-recordio, an augmented manifest in Pipe mode

Source: SageMaker developer guide, "Input/Output Interface for the BlazingText Algorithm".
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .. import formats
from ..formats import recordio
from .channel import files
from .contract import Channel
from .failures import ClientError
from .files import DataFile
from .log import say

PREFIX = "__label__"
TEXT, RECORDIO = "text/plain", "application/x-recordio"
_SOURCE, _LABEL = "source", "label"


@dataclass(frozen=True, slots=True)
class Example:
    """A text; its labels without their prefix, of which there may be none."""

    text: str
    labels: tuple[str, ...]
    file: DataFile
    line: int

    def wrong(self, what: str) -> ClientError:
        """The error that says where, then what."""
        return self.file.wrong(what, self.line)


def read(channel: Channel, labelled: bool) -> Iterator[Example]:
    """What stands in each line that is not blank, of all files. `labelled`: each must have a label.

    Raises ClientError naming channel, file and line.
    """
    kind = formats.known(channel.content_type or TEXT)
    if kind not in _READERS:
        raise ClientError(
            f"Channel {channel.name!r}: ContentType {channel.content_type!r} is not one that this algorithm reads. "
            f"Use {' or '.join(_READERS)}."
        )
    for file in files(channel):
        for example in _READERS[kind](file):
            if labelled and not example.labels:
                raise example.wrong(_UNLABELLED[kind])
            yield example


def some(channel: Channel, labelled: bool) -> Iterator[Example]:
    """The same of a channel that must not be empty. Raises ClientError when it is."""
    count = 0
    for example in read(channel, labelled):
        count += 1
        yield example
    if not count:
        raise ClientError(f"Channel {channel.name!r} has no lines: no file with data is below its S3Uri. Check it.")
    say(f"Channel {channel.name!r}: {count} lines.")


def _lines(file: DataFile) -> Iterator[Example]:
    for line, text in file.lines():
        words = text.split()
        labels = tuple(word.removeprefix(PREFIX) for word in words if word.startswith(PREFIX))
        rest = " ".join(word for word in words if not word.startswith(PREFIX)) if labels else text.strip()
        yield Example(rest, labels, file, line)


def _documents(file: DataFile) -> Iterator[Example]:
    for line, text in file.lines():
        try:
            told = json.loads(text)
        except ValueError as problem:
            raise file.wrong(f"is not JSON: {problem}.", line) from problem
        if not isinstance(told, dict) or not isinstance(told.get(_SOURCE), str):
            raise file.wrong(f'must be {{"{_SOURCE}": a text, "{_LABEL}": a label or several}}.', line)
        yield Example(told[_SOURCE], _labels(told.get(_LABEL), file, line), file, line)


def _records(file: DataFile) -> Iterator[Example]:
    values = recordio.payloads(file.bytes(), file.wrong)
    if len(values) % 2:
        raise file.wrong(f"{len(values)} records: AttributeNames must be {_SOURCE} and {_LABEL}, in this order.")
    for number, (text, label) in enumerate(zip(values[::2], values[1::2], strict=True), 1):
        try:
            written = label.decode()
            try:
                told = json.loads(written)
            except ValueError:
                told = written
            yield Example(text.decode(), _labels(told, file, number), file, number)
        except UnicodeDecodeError as problem:
            raise file.wrong("is not UTF-8.", number) from problem


def _rows(file: DataFile) -> Iterator[Example]:
    csv.field_size_limit(sys.maxsize)
    try:
        with file.path.open(encoding="utf-8-sig", newline="") as opened:
            reader = csv.reader(opened, strict=True)
            for row in reader:
                if len(row) == 2:
                    label = row[0].strip().removeprefix(PREFIX)
                    yield Example(row[1], (label,) if label else (), file, reader.line_num)
                elif row:
                    raise file.wrong(
                        f"has {len(row)} columns; a row must have two, the label and the text. Quote a text that has "
                        "commas.",
                        reader.line_num,
                    )
    except UnicodeDecodeError as problem:
        raise file.wrong(f"is not UTF-8: {problem.reason} at byte {problem.start}.") from problem
    except csv.Error as problem:
        raise file.wrong(f"is not CSV: {problem}.", reader.line_num) from problem


def _labels(told: Any, file: DataFile, line: int) -> tuple[str, ...]:
    every = told if isinstance(told, list) else [] if told is None else [told]
    for label in every:
        if not isinstance(label, (str, int)) or isinstance(label, bool) or not str(label).strip():
            raise file.wrong(f"{label!r} is no label; labels are texts or whole numbers.", line)
    return tuple(str(label).removeprefix(PREFIX) for label in every)


_READERS: dict[str, Callable[[DataFile], Iterator[Example]]] = {
    TEXT: _lines,
    formats.JSON_LINES: _documents,
    formats.CSV: _rows,
    RECORDIO: _records,
}
_UNLABELLED = {
    TEXT: f"has no label. Begin the line with {PREFIX} and the label's name: {PREFIX}1 linux ready for prime time.",
    formats.JSON_LINES: f'has no "{_LABEL}".',
    formats.CSV: "the label (first column) is empty.",
    RECORDIO: f"has no {_LABEL}.",
}
