"""text/libsvm: `label[:weight] [qid:group] index:value …`, indices as they are (AWS: zero-based).

In a request the label may be missing, and is of no account ("Inference requests for libsvm might not have labels":
SageMaker developer guide, "Input/Output Interface for the XGBoost Algorithm").
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass

import numpy as np

from .matrix import Array, Sparse, Wrong, of_body

_COMMENT = re.compile(rb"#[^\n]*")
_TOKEN = re.compile(rb"[^\s:]+(:[^\s:]+)?")
_QID = b"qid:"
_LARGEST = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Rows:
    """What a text holds; without labels where it need not have any."""

    features: Sparse
    labels: Array | None
    weights: Array | None
    queries: Array | None


def decode(body: bytes) -> Sparse:
    """The rows of a body. Raises FormatError naming the line."""
    rows = parse(body, of_body, labelled=False)
    if rows is None:
        none = np.empty(0, np.int64)
        return Sparse(np.zeros(1, np.int64), none, none.astype(np.float32), 0)
    return rows.features


def parse(content: bytes, wrong: Wrong, *, labelled: bool) -> Rows | None:
    """All rows; None when there is none. `labelled`: each must begin with its label."""
    if b"#" in content:
        content = _COMMENT.sub(b"", content)
    layout = _layout(content, wrong, labelled)
    if not layout.is_first.any():
        return None
    numbers = _numbers(content, layout, wrong, labelled)
    at = np.concatenate(([0], np.cumsum(1 + layout.pair)))[:-1]  # where each token's numbers begin
    row = np.cumsum(layout.is_first) - 1
    count = int(row[-1]) + 1
    labels = weights = None
    if labelled:
        labels = numbers[at[layout.is_label]].astype(np.float32)
        weighted = layout.pair[layout.is_label]
        weights = np.ones(count, np.float32)
        weights[weighted] = numbers[at[layout.is_label][weighted] + 1]
    feature = ~layout.is_label & ~layout.is_query
    pairs = np.stack((numbers[at[feature]], numbers[at[feature] + 1]), axis=1)
    counts = np.bincount(row[feature], minlength=count)
    _check(content, wrong, labels, weights, pairs, counts)
    queries = None
    if labelled and layout.is_query.any():
        each = np.bincount(row[layout.is_query], minlength=count)
        if (each != 1).any():
            line = _line(content, int(np.argmax(each != 1)))
            raise wrong("must have one qid, because other rows have one.", line)
        queries = numbers[at[layout.is_query] + 1].astype(np.int64)
    given = None if weights is None or not weighted.any() else weights
    return Rows(_sparse(pairs, counts), labels, given, queries)


@dataclass(frozen=True, slots=True)
class _Layout:
    """The text's tokens: which is a row's first, a label, a pair (has a colon), a qid."""

    is_first: Array
    is_label: Array
    pair: Array
    is_query: Array


def _layout(content: bytes, wrong: Wrong, labelled: bool) -> _Layout:
    """Find and check the tokens by counting, without a loop over them."""
    text = np.frombuffer(content + b"\n", np.uint8)
    space = text <= ord(" ")
    begin = np.flatnonzero(~space & np.concatenate(([True], space[:-1])))
    colons = np.flatnonzero(text == ord(":"))
    row = np.searchsorted(np.flatnonzero(text == ord("\n")), begin)
    is_first = np.concatenate(([True], np.diff(row) > 0)) if len(begin) else np.zeros(0, bool)
    in_token = np.bincount(np.searchsorted(begin, colons, side="right") - 1, minlength=len(begin))
    is_label = is_first if labelled else is_first & (in_token == 0)
    if (in_token > 1).any() or (in_token[~is_label] == 0).any():
        raise _blamed(content, wrong, labelled)
    return _Layout(is_first, is_label, in_token == 1, text[begin] == ord("q"))


def _numbers(content: bytes, layout: _Layout, wrong: Wrong, labelled: bool) -> Array:
    """Every number of the text: one for each token, two for a pair; a qid's first is 0."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            text = content.replace(_QID, b"0:").replace(b":", b" ").decode("ascii")
            numbers: Array = np.fromstring(text, np.float64, sep=" ")
    except (ValueError, DeprecationWarning) as problem:
        raise _blamed(content, wrong, labelled) from problem
    if len(numbers) != len(layout.pair) + np.count_nonzero(layout.pair):
        raise _blamed(content, wrong, labelled)
    return numbers


def _sparse(pairs: Array, counts: Array) -> Sparse:
    columns = int(pairs[:, 0].max(initial=-1)) + 1 if len(pairs) else 0
    starts = np.concatenate(([0], np.cumsum(counts)))
    return Sparse(starts, pairs[:, 0].astype(np.int64), pairs[:, 1].astype(np.float32), columns)


def _check(
    content: bytes, wrong: Wrong, labels: Array | None, weights: Array | None, pairs: Array, counts: Array
) -> None:
    """Refuse what parses but cannot be meant."""
    row = np.repeat(np.arange(len(counts)), counts)
    index, value = pairs[:, 0], pairs[:, 1].astype(np.float32)
    wrong_index = ~((index >= 0) & (index <= _LARGEST) & (index == np.floor(index)))
    problems = [
        (
            np.bincount(row[wrong_index], minlength=len(counts)) > 0,
            "an index is not an integer from 0 to 2147483647.",
        ),
        (
            np.bincount(row[np.isinf(value)], minlength=len(counts)) > 0,
            "a value is infinite or too large for float32.",
        ),
    ]
    if labels is not None and weights is not None:
        problems[:0] = [
            (~np.isfinite(labels), "the label is not a finite number."),
            (~(weights >= 0), "the weight (label:weight) must be 0 or more."),
        ]
    for bad, what in problems:
        if bad.any():
            raise wrong(what, _line(content, int(np.argmax(bad))))


def _blamed(content: bytes, wrong: Wrong, labelled: bool) -> Exception:
    """The error for the first line that does not have the form."""
    for line, text in enumerate(content.split(b"\n"), 1):
        for at, token in enumerate(text.split()):
            label = at == 0 and (labelled or b":" not in token)
            if not _TOKEN.fullmatch(token) or not _numeric(token, label) or (not label and b":" not in token):
                what = "label[:weight]" if label else "index:value"
                hint = " (a comma: is this CSV? Then set ContentType to text/csv)" if b"," in text else ""
                return wrong(f"{token[:40].decode('utf-8', 'replace')!r} is not of the form {what}{hint}.", line)
    return wrong("is not libsvm.", None)


def _numeric(token: bytes, label: bool) -> bool:
    for part in token.split(b":") if label or not token.startswith(b"qid:") else token.split(b":")[1:]:
        try:
            float(part.replace(b"_", b"?"))
        except ValueError:
            return False
    return True


def _line(content: bytes, row: int) -> int:
    return [line for line, text in enumerate(content.split(b"\n"), 1) if text.strip()][row]
