"""CSV as columns. A feature is a number, a category or, where the algorithm takes it, a text; any may be missing."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from ..algorithm.files import DataFile
from ..formats.matrix import Array, Wrong

_TOO_LONG = re.compile(r"Expected (\d+) fields in line (\d+), saw (\d+)")


@dataclass(frozen=True, slots=True)
class Features:
    """What each feature is, by its place from 0: a number, if it is not among these."""

    count: int
    categories: dict[int, tuple[str, ...]] = field(default_factory=dict)  # that the training data has
    texts: tuple[int, ...] = ()

    @property
    def worded(self) -> tuple[int, ...]:
        """Those that are no numbers."""
        return (*self.categories, *self.texts)

    def coded(self, rows: pd.DataFrame) -> Array:
        """Rows as numbers: of a category its place among the categories; NaN where missing, or unknown."""
        return np.column_stack([self._coded(place, rows[place]) for place in range(self.count)])

    def _coded(self, place: int, column: pd.Series) -> Array:
        if place not in self.categories:
            return np.asarray(column, np.float64)
        codes = pd.Index(self.categories[place]).get_indexer(pd.Index(column)).astype(np.float64)
        codes[codes < 0] = np.nan
        return codes


@dataclass(frozen=True, slots=True)
class Table:
    """Rows: a column of numbers or texts for each feature, and the labels if there are any."""

    features: pd.DataFrame
    labels: Array

    @property
    def columns(self) -> int:
        """How many features a row has."""
        return int(self.features.shape[1])

    def __len__(self) -> int:
        return len(self.features)

    def rows(self, chosen: Any) -> Table:
        """The rows of an index or a slice."""
        return Table(self.features.iloc[chosen].reset_index(drop=True), self.labels[chosen])


def read(files: Sequence[DataFile], categorical: Collection[int], text: bool) -> Table | None:
    """The rows of all files, whose first column is the label; None where there are none.

    `categorical` are columns, from 1; `text`: what is neither a number nor there may be a text.
    Raises ClientError naming channel, file and row.
    """
    parts: list[pd.DataFrame] = []
    for file in files:
        part = _parsed(file.bytes(), {0, *categorical}, file.wrong)
        if part is None:
            continue
        width = part.shape[1]
        if width < 2:
            raise file.wrong("has one column; a row must have a label and features.", 1)
        if parts and width != parts[0].shape[1]:
            raise file.wrong(f"has {width} columns where file {files[0].name!r} has {parts[0].shape[1]}.")
        if categorical and max(categorical) >= width:
            raise file.wrong(f"has columns 0 to {width - 1}; categorical_index.json names {max(categorical)}.")
        if (row := _first(part[0].isna())) is not None:
            raise file.wrong("the label (first column) is empty.", row)
        for place in set(range(1, width)) - set(categorical):
            if not text or _is_number(part[place]):
                part[place] = _numbers(
                    part[place], place, file.wrong, "list it in categorical_index.json, or encode it"
                )
        parts.append(part)
    if not parts:
        return None
    whole = pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]
    for place in range(1, whole.shape[1]):
        if not _is_number(whole[place]):
            whole[place] = _words(whole[place])
    features = whole.drop(columns=0)
    return Table(features.set_axis(range(features.shape[1]), axis=1), whole[0].str.strip().to_numpy(object))


def decode(body: bytes, features: Features, wrong: Wrong) -> pd.DataFrame | None:
    """The rows of a request, which have no label; None where there are none. Raises what `wrong` makes."""
    rows = _parsed(body, features.worded, wrong)
    if rows is None:
        return None
    if rows.shape[1] != features.count:
        raise wrong(
            f"has {rows.shape[1]} features a row; the model was trained with {features.count}, and no label belongs "
            "here.",
            None,
        )
    worded = set(features.worded)
    for place in rows.columns:
        if place in worded:
            rows[place] = _words(rows[place])
        else:
            rows[place] = _numbers(rows[place], place + 1, wrong, "the training data had numbers")
    return rows


def _parsed(content: bytes, worded: Collection[int], wrong: Wrong) -> pd.DataFrame | None:
    try:
        found = pd.read_csv(
            io.BytesIO(content),
            header=None,
            dtype=dict.fromkeys(worded, str),
            skipinitialspace=True,
            encoding="utf-8-sig",
            low_memory=False,
        )
    except pd.errors.EmptyDataError:
        return None
    except (ValueError, OverflowError) as problem:
        if long := _TOO_LONG.search(str(problem)):
            raise wrong(f"has {long[3]} columns where the first row has {long[1]}.", int(long[2])) from problem
        raise wrong(f"is not CSV: {str(problem).strip()}.", None) from problem
    if found.iloc[:, -1].isna().any():  # missing, or not even a comma for it
        lines = csv.reader(io.StringIO(content.decode("utf-8-sig", "replace")))
        width = found.shape[1]
        for line, fields in enumerate(lines, 1):
            if fields and len(fields) != width:
                raise wrong(f"has {len(fields)} columns where the first row has {width}.", line)
    return found


def _is_number(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column)


def _numbers(column: pd.Series, place: int, wrong: Wrong, advice: str) -> pd.Series:
    """float64, NaN where missing."""
    numbers = pd.to_numeric(column, errors="coerce").astype(np.float64)
    if not _is_number(column) and (row := _first(numbers.isna() & column.notna())) is not None:
        text = str(column.iloc[row - 1])
        if row == 1 and numbers.iloc[1:].notna().any():
            advice = "if it is a header, remove it: there must be none"
        raise wrong(f"column {place}: {text[:40]!r} is not a number; {advice}.", row)
    if (row := _first(np.isinf(numbers))) is not None:
        raise wrong(f"column {place} is infinite. Leave it empty if missing.", row)
    return numbers


def _words(column: pd.Series) -> pd.Series:
    """Texts; a whole number in one form, as 1 is written 1.0 in a column where others are missing."""
    return column.map({one: _word(str(one)) for one in column.dropna().unique()}).astype(object)


def _word(text: str) -> str:
    text = text.strip()
    try:
        number = float(text.replace("_", "?"))
    except ValueError:
        return text
    return str(int(number)) if number.is_integer() else text


def _first(bad: Any) -> int | None:
    """The number of the first row, from 1, of which this is true."""
    return int(np.argmax(np.asarray(bad))) + 1 if bad.any() else None
