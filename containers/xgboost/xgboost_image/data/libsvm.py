"""text/libsvm: `label[:weight] [qid:group] index:value …`, indices as they are (AWS: zero-based)."""

from __future__ import annotations

import re
import warnings

import numpy as np

from .files import DataFile
from .table import Array, Sparse, Table

_COMMENT = re.compile(rb"#[^\n]*")
_TOKEN = re.compile(rb"[^\s:]+(:[^\s:]+)?")
_QUERY = -1.0  # stands for "qid" in the row's pairs; indices cannot be negative
_LARGEST = 2**31 - 1


def read(file: DataFile) -> Table | None:
    """The rows of one libsvm file; None when it has none. Raises ClientError naming file and line."""
    content = file.bytes()
    if b"#" in content:
        content = _COMMENT.sub(b"", content)
    numbers, starts, weighted = _numbers(file, content)
    if len(starts) == 1:
        return None
    lengths = np.diff(starts)
    labels = numbers[starts[:-1]].astype(np.float32)
    weights = np.ones(len(labels), np.float32)
    weights[weighted] = numbers[starts[:-1][weighted] + 1]
    head = 1 + weighted.astype(np.int64)
    keep = np.ones(len(numbers), bool)
    keep[starts[:-1]] = False
    keep[starts[:-1][weighted] + 1] = False
    pairs = numbers[keep].reshape(-1, 2)
    counts = (lengths - head) // 2
    queries, pairs, counts = _without_queries(file, content, pairs, counts)
    table = Table(_sparse(pairs, counts), labels, weights if weighted.any() else None, queries)
    _check(file, content, table, pairs, counts)
    return table


def _numbers(file: DataFile, content: bytes) -> tuple[Array, Array, Array]:
    """Every number of the file, where each row starts among them, and which rows have a weight.

    The text's layout is checked by counting, without a loop over its tokens.
    """
    text = np.frombuffer(content + b"\n", np.uint8)
    space = text <= 32
    token_starts = np.flatnonzero(~space & np.concatenate(([True], space[:-1])))
    colons = np.flatnonzero(text == ord(":"))
    newlines = np.flatnonzero(text == ord("\n"))
    row_of_token = np.searchsorted(newlines, token_starts)
    first = np.concatenate(([True], np.diff(row_of_token) > 0)) if len(token_starts) else np.empty(0, bool)
    token_of_colon = np.searchsorted(token_starts, colons, side="right") - 1
    with_colon = np.bincount(token_of_colon[token_of_colon >= 0], minlength=len(token_starts))
    well_formed = len(colons) == 0 or token_of_colon[0] >= 0
    if not well_formed or (with_colon > 1).any() or (with_colon[~first] == 0).any():
        raise _blamed(file, content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            numbers = np.fromstring(
                content.replace(b"qid:", b"%d:" % _QUERY).replace(b":", b" ").decode("ascii"),
                np.float64,
                sep=" ",
            )
    except (ValueError, DeprecationWarning) as problem:
        raise _blamed(file, content) from problem
    if len(numbers) != len(token_starts) + len(colons):
        raise _blamed(file, content)
    starts_of_tokens = np.concatenate(([0], np.cumsum(1 + with_colon)))
    starts = np.concatenate((starts_of_tokens[:-1][first], [len(numbers)]))
    return numbers, starts, with_colon[first] == 1


def _without_queries(
    file: DataFile, content: bytes, pairs: Array, counts: Array
) -> tuple[Array | None, Array, Array]:
    """Take the qid pairs out: they are not features."""
    is_query = pairs[:, 0] == _QUERY
    if not is_query.any():
        return None, pairs, counts
    row = np.repeat(np.arange(len(counts)), counts)
    each = np.bincount(row[is_query], minlength=len(counts))
    if (each != 1).any():
        raise file.wrong(
            "must have one qid, because other rows have one.", _line(content, int(np.argmax(each != 1)))
        )
    return pairs[is_query, 1].astype(np.int64), pairs[~is_query], counts - 1


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
                return file.wrong(
                    f"{token[:40].decode('utf-8', 'replace')!r} is not of the form {what}{hint}.", line
                )
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
