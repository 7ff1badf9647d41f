"""text/csv: the label first, with csv_weights the weight second, no header.

An empty field is a missing value. The delimiter is found out from the first row, as AWS does.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator

import numpy as np

from .files import DataFile
from .table import Array, Table

_DELIMITERS = (",", "\t", ";", "|", " ")


def read(file: DataFile, weighted: bool) -> Table | None:
    """The rows of one CSV file; None when it has none. Raises ClientError naming file and line."""
    content = file.bytes()
    delimiter = _delimiter(content)
    values = _parsed(file, content, delimiter)
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


def _parsed(file: DataFile, content: bytes, delimiter: str) -> Array | None:
    """All fields as float32, NaN where empty; None when there is no row.

    Failing that, the rows are gone through one by one, only to say which is wrong.
    """
    try:
        return _loaded(content, delimiter)
    except ValueError as first:
        try:
            return _loaded(_filled(content, delimiter), delimiter)
        except ValueError:
            _blame(file, content, delimiter)
            raise file.wrong(f"is not CSV: {first}.") from first


def _loaded(content: bytes, delimiter: str) -> Array | None:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "loadtxt: input contained no data")
        values: Array = np.loadtxt(
            io.BytesIO(content),
            delimiter=None if delimiter == " " else delimiter,
            dtype=np.float32,
            ndmin=2,
            comments=None,
            quotechar='"',
            encoding="utf-8-sig",
        )
    return values if values.size else None


def _filled(content: bytes, delimiter: str) -> bytes:
    """The same text with 'nan' in each empty field but a row's first, which is its label."""
    if delimiter == " ":
        return content
    comma = delimiter.encode()
    pair, filled = comma * 2, comma + b"nan" + comma
    content = content.replace(b"\r\n", b"\n").replace(b'""', b"")
    # Twice, because the fields of ",,," overlap.
    content = content.replace(pair, filled).replace(pair, filled)
    content = content.replace(comma + b"\n", comma + b"nan\n")
    return content + b"nan" if content.endswith(comma) else content


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
            raise file.wrong(what, next(line for at, (line, _) in enumerate(_rows(content, delimiter)) if at == row))


def _blame(file: DataFile, content: bytes, delimiter: str) -> None:
    """Raise ClientError for the first row that is wrong."""
    width = None
    for line, fields in _rows(content, delimiter):
        width = width or len(fields)
        if len(fields) != width:
            raise file.wrong(f"has {len(fields)} columns where the first row has {width}.", line)
        if not fields[0]:
            raise file.wrong("the label (first column) is empty.", line)
        text = next((field for field in fields if field and not _number(field)), None)
        if text is None:
            continue
        if line == 1 and text.isprintable() and not any(_number(field) for field in fields):
            raise file.wrong(
                f"looks like a header ({delimiter.join(fields)[:80]}). There must be none: remove that line.",
                line,
            )
        raise file.wrong(
            f"{text[:40]!r} is not a number. Encode categories as numbers, and leave missing fields empty.",
            line,
        )


def _rows(content: bytes, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """(line number from 1, fields) of each row that is not blank."""
    for line, text in enumerate(content.decode("utf-8-sig", "replace").splitlines(), 1):
        if text.strip():
            fields = text.split() if delimiter == " " else text.split(delimiter)
            yield line, [field.strip().strip('"').strip() for field in fields]


def _delimiter(content: bytes) -> str:
    first = next((line for line in content[:65536].splitlines() if line.strip()), b"").strip(b" ")
    return next((one for one in _DELIMITERS if one.encode() in first), ",")


def _number(text: str) -> bool:
    try:
        float(text.replace("_", "?"))
    except ValueError:
        return False
    return True
