"""text/csv: numbers, no header.

An empty field is a missing value. The delimiter is found out from the first row, as AWS does.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

import numpy as np

from .matrix import Array, Wrong, infinite, of_body

_DELIMITERS = (",", "\t", ";", "|", " ")


def decode(body: bytes) -> Array:
    """The rows of a body, float32. Raises FormatError naming the line."""
    delimiter = delimiter_of(body)
    values = parse(body, delimiter, of_body, labelled=False)
    if values is None:
        return np.empty((0, 0), np.float32)
    if (row := infinite(values)) is not None:
        raise of_body("a value is infinite or too large for float32. Leave it empty if missing.", row + 1)
    return values


def decode_together(bodies: Sequence[bytes]) -> Array | None:
    """A row for each of several bodies of one line, parsed at once; None where each must be decoded by itself."""
    lines = [body.rstrip(b"\r\n") for body in bodies]
    if any(b"," not in line or b"\n" in line or b"\r" in line for line in lines):
        return None
    try:
        values = _loaded(b"\n".join(lines), ",")
    except ValueError:
        return None
    return values if values is not None and len(values) == len(bodies) and np.isfinite(values).all() else None


def encode(rows: Array) -> bytes:
    """A line for each row; a number alone is a row."""
    lines = (",".join(map(str, np.atleast_1d(row).tolist())) for row in np.atleast_1d(rows))
    return "".join(f"{line}\n" for line in lines).encode()


def parse(content: bytes, delimiter: str, wrong: Wrong, *, labelled: bool) -> Array | None:
    """All fields as float32, NaN where empty; None when there is no row.

    Failing that, the rows are gone through one by one, only to say which is wrong. `labelled`: the first field of
    each row must not be empty.
    """
    try:
        return _loaded(content, delimiter)
    except ValueError as first:
        try:
            return _loaded(_filled(content, delimiter, labelled), delimiter)
        except ValueError:
            _blame(content, delimiter, wrong, labelled)
            raise wrong(f"is not CSV: {first}.", None) from first


def rows(content: bytes, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """(line number from 1, fields) of each row that is not blank."""
    for line, text in enumerate(content.decode("utf-8-sig", "replace").splitlines(), 1):
        if text.strip():
            fields = text.split() if delimiter == " " else text.split(delimiter)
            yield line, [field.strip().strip('"').strip() for field in fields]


def delimiter_of(content: bytes) -> str:
    """What stands between the fields of the first row."""
    first = next((line for line in content[:65536].splitlines() if line.strip()), b"").strip(b" ")
    return next((one for one in _DELIMITERS if one.encode() in first), ",")


def _loaded(content: bytes, delimiter: str) -> Array | None:
    if not content or content.isspace():
        return None
    return np.loadtxt(
        io.BytesIO(content),
        delimiter=None if delimiter == " " else delimiter,
        dtype=np.float32,
        ndmin=2,
        comments=None,
        quotechar='"',
        encoding="utf-8-sig",
    )


def _filled(content: bytes, delimiter: str, labelled: bool) -> bytes:
    """The same text with 'nan' in each empty field, but not in that of a label."""
    if delimiter == " ":
        return content
    comma = delimiter.encode()
    pair, filled = comma * 2, comma + b"nan" + comma
    content = content.replace(b"\r\n", b"\n").replace(b'""', b"")
    # Twice, because the fields of ",,," overlap.
    content = content.replace(pair, filled).replace(pair, filled)
    content = content.replace(comma + b"\n", comma + b"nan\n")
    if not labelled:
        content = content.replace(b"\n" + comma, b"\nnan" + comma)
        content = b"nan" + content if content.startswith(comma) else content
    return content + b"nan" if content.endswith(comma) else content


def _blame(content: bytes, delimiter: str, wrong: Wrong, labelled: bool) -> None:
    """Raise the error for the first row that is wrong."""
    width = None
    for line, fields in rows(content, delimiter):
        width = width or len(fields)
        if len(fields) != width:
            raise wrong(f"has {len(fields)} columns where the first row has {width}.", line)
        if labelled and not fields[0]:
            raise wrong("the label (first column) is empty.", line)
        text = next((field for field in fields if field and not _number(field)), None)
        if text is None:
            continue
        if line == 1 and text.isprintable() and not any(_number(field) for field in fields):
            raise wrong(
                f"looks like a header ({delimiter.join(fields)[:80]}). There must be none: remove that line.", line
            )
        raise wrong(
            f"{text[:40]!r} is not a number. Encode categories as numbers, and leave missing fields empty.", line
        )


def _number(text: str) -> bool:
    try:
        float(text.replace("_", "?"))
    except ValueError:
        return False
    return True
