"""text/libsvm: `label[:weight] [qid:group] index:value …`, indices as they are (AWS: zero-based)."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass

import numpy as np

from .files import DataFile
from .table import Array, Sparse, Table

_COMMENT = re.compile(rb"#[^\n]*")
_TOKEN = re.compile(rb"[^\s:]+(:[^\s:]+)?")
_QID = b"qid:"
_LARGEST = 2**31 - 1


def read(file: DataFile) -> Table | None:
    """The rows of one libsvm file; None when it has none. Raises ClientError naming file and line."""
    content = file.bytes()
    if b"#" in content:
        content = _COMMENT.sub(b"", content)
    layout = _layout(file, content)
    if not len(layout.first):
        return None
    numbers = _numbers(file, content, layout)
    at = np.concatenate(([0], np.cumsum(1 + layout.pair)))[:-1]  # where each token's numbers begin
    labels = numbers[at[layout.first]].astype(np.float32)
    weighted = layout.pair[layout.first]
    weights = np.ones(len(labels), np.float32)
    weights[weighted] = numbers[at[layout.first][weighted] + 1]
    rows = np.cumsum(layout.is_first) - 1
    feature = ~layout.is_first & ~layout.is_query
    pairs = np.stack((numbers[at[feature]], numbers[at[feature] + 1]), axis=1)
    counts = np.bincount(rows[feature], minlength=len(labels))
    queries = None
    if layout.is_query.any():
        each = np.bincount(rows[layout.is_query], minlength=len(labels))
        if (each != 1).any():
            line = _line(content, int(np.argmax(each != 1)))
            raise file.wrong("must have one qid, because other rows have one.", line)
        queries = numbers[at[layout.is_query] + 1].astype(np.int64)
    table = Table(_sparse(pairs, counts), labels, weights if weighted.any() else None, queries)
    _check(file, content, table, pairs, counts)
    return table


@dataclass(frozen=True, slots=True)
class _Layout:
    """The text's tokens: which is a row's first (its label), has a colon (is a pair), is a qid."""

    is_first: Array
    pair: Array
    is_query: Array

    @property
    def first(self) -> Array:
        """The positions of the first tokens."""
        return np.flatnonzero(self.is_first)


def _layout(file: DataFile, content: bytes) -> _Layout:
    """Find and check the tokens by counting, without a loop over them."""
    text = np.frombuffer(content + b"\n", np.uint8)
    space = text <= ord(" ")
    begin = np.flatnonzero(~space & np.concatenate(([True], space[:-1])))
    colons = np.flatnonzero(text == ord(":"))
    row = np.searchsorted(np.flatnonzero(text == ord("\n")), begin)
    is_first = np.concatenate(([True], np.diff(row) > 0)) if len(begin) else np.zeros(0, bool)
    in_token = np.bincount(np.searchsorted(begin, colons, side="right") - 1, minlength=len(begin))
    if (in_token > 1).any() or (in_token[~is_first] == 0).any():
        raise _blamed(file, content)
    return _Layout(is_first, in_token == 1, text[begin] == ord("q"))


def _numbers(file: DataFile, content: bytes, layout: _Layout) -> Array:
    """Every number of the file: one for each token, two for a pair; a qid's first is 0."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            text = content.replace(_QID, b"0:").replace(b":", b" ").decode("ascii")
            numbers: Array = np.fromstring(text, np.float64, sep=" ")
    except (ValueError, DeprecationWarning) as problem:
        raise _blamed(file, content) from problem
    if len(numbers) != len(layout.pair) + np.count_nonzero(layout.pair):
        raise _blamed(file, content)
    return numbers


def _sparse(pairs: Array, counts: Array) -> Sparse:
    columns = int(pairs[:, 0].max(initial=-1)) + 1 if len(pairs) else 0
    starts = np.concatenate(([0], np.cumsum(counts)))
    return Sparse(starts, pairs[:, 0].astype(np.int64), pairs[:, 1].astype(np.float32), columns)


def _check(file: DataFile, content: bytes, table: Table, pairs: Array, counts: Array) -> None:
    """Refuse what parses but cannot be meant."""
    row = np.repeat(np.arange(len(counts)), counts)
    index, value = pairs[:, 0], pairs[:, 1].astype(np.float32)
    wrong_index = ~((index >= 0) & (index <= _LARGEST) & (index == np.floor(index)))
    weights = np.ones(len(table)) if table.weights is None else table.weights
    for wrong, what in (
        (~np.isfinite(table.labels), "the label is not a finite number."),
        (~(weights >= 0), "the weight (label:weight) must be 0 or more."),
        (
            np.bincount(row[wrong_index], minlength=len(counts)) > 0,
            "an index is not an integer from 0 to 2147483647.",
        ),
        (
            np.bincount(row[np.isinf(value)], minlength=len(counts)) > 0,
            "a value is infinite or too large for float32.",
        ),
    ):
        if wrong.any():
            raise file.wrong(what, _line(content, int(np.argmax(wrong))))


def _blamed(file: DataFile, content: bytes) -> Exception:
    """The error for the first line that does not have the form."""
    for line, text in enumerate(content.split(b"\n"), 1):
        for at, token in enumerate(text.split()):
            label = at == 0
            if not _TOKEN.fullmatch(token) or not _numeric(token, label) or (not label and b":" not in token):
                what = "label[:weight]" if label else "index:value"
                hint = " (a comma: is this CSV? Then set ContentType to text/csv)" if b"," in text else ""
                return file.wrong(f"{token[:40].decode('utf-8', 'replace')!r} is not of the form {what}{hint}.", line)
    return file.wrong("is not libsvm.")


def _numeric(token: bytes, label: bool) -> bool:
    for part in token.split(b":") if label or not token.startswith(b"qid:") else token.split(b":")[1:]:
        try:
            float(part.replace(b"_", b"?"))
        except ValueError:
            return False
    return True


def _line(content: bytes, row: int) -> int:
    return [line for line, text in enumerate(content.split(b"\n"), 1) if text.strip()][row]
