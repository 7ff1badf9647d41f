"""Time series as they come, of JSON Lines, Parquet or a request: `start`, `target`, `cat`, `dynamic_feat`.

Source: SageMaker developer guide, "Input/Output Interface for the DeepAR Algorithm" and "DeepAR Inference Formats".
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
from salvia_toolkit import formats
from salvia_toolkit.algorithm.channel import files
from salvia_toolkit.algorithm.contract import Channel
from salvia_toolkit.algorithm.failures import ClientError
from salvia_toolkit.algorithm.files import DataFile
from salvia_toolkit.formats import parquet
from salvia_toolkit.formats.matrix import Array

Wrong = Callable[[str], Exception]
_GZIP = b"\x1f\x8b"
_ENDINGS = {".json": formats.JSON_LINES, ".jsonl": formats.JSON_LINES, ".parquet": formats.PARQUET}
_KINDS = {"auto": None, formats.JSON: formats.JSON_LINES}  # content types that AWS's SDK examples give, too
_FIELDS = ("start", "target", "cat", "dynamic_feat")


@dataclass(frozen=True, slots=True)
class Series:
    """One time series: NaN in `target` is missing. `dynamic` has a row for each feature, which may reach further.

    `wrong` makes the error that says where the series stands, then what is wrong with it.
    """

    start: datetime
    target: Array
    cat: tuple[int, ...]
    dynamic: Array | None
    wrong: Wrong

    def __len__(self) -> int:
        return len(self.target)

    @property
    def features(self) -> int:
        """How many dynamic features there are."""
        return 0 if self.dynamic is None else len(self.dynamic)

    def without(self, last: int) -> Series:
        """What is known before the last so many steps; the dynamic features stay."""
        return replace(self, target=self.target[: len(self) - last])


def load(channel: Channel, share: slice) -> list[Series]:
    """This host's share of the series in all files of a channel.

    Raises ClientError naming channel, file and line.
    """
    found: list[Series] = []
    for file in files(channel):
        for record, wrong in _records(file, _kind(channel, file)):
            one = parsed(record, wrong)
            if one.dynamic is not None and one.dynamic.shape[1] != len(one):
                raise wrong(f"dynamic_feat has {one.dynamic.shape[1]} values each where target has {len(one)}.")
            if found and bool(one.cat) != bool(found[0].cat):
                raise wrong(f"has {'a' if one.cat else 'no'} cat, other than the first record: all have it, or none.")
            if found and (len(one.cat) != len(found[0].cat) or one.features != found[0].features):
                raise wrong(
                    f"has {len(one.cat)} cat and {one.features} dynamic_feat where the first record has "
                    f"{len(found[0].cat)} and {found[0].features}."
                )
            found.append(one)
    return found[share]


def parsed(record: Any, wrong: Wrong) -> Series:
    """A record as a series. Raises what `wrong` makes of what is wrong with it."""
    if not isinstance(record, dict):
        raise wrong('must be an object: {"start": …, "target": […]}.')
    for name in ("start", "target"):
        if record.get(name) is None:
            near = "" if record.keys() & {*_FIELDS} else f" It has {', '.join(map(str, record))[:80] or 'no field'}."
            raise wrong(f"has no {name}.{near}")
    target = _numbers(record["target"], "target", wrong)
    cat = record.get("cat")
    cats = () if cat is None else tuple(cat) if isinstance(cat, list) else (cat,)
    if any(isinstance(one, bool) or not isinstance(one, int) or one < 0 for one in cats):
        raise wrong(f"cat must be whole numbers of 0 or more, not {str(cat)[:60]}.")
    return Series(_start(record["start"], wrong), target, cats, _dynamic(record.get("dynamic_feat"), wrong), wrong)


def fitted(series: Series, cards: Sequence[int], features: int, likelihood: str) -> Series:
    """The series with what a model takes of it. Raises its `wrong` where something is missing or out of bounds."""
    one = replace(series, cat=series.cat if cards else (), dynamic=series.dynamic if features else None)
    if len(one.cat) != len(cards):
        raise one.wrong(f"has {len(one.cat)} cat; the model has {len(cards)}.")
    for value, card in zip(one.cat, cards, strict=True):
        if value >= card:
            raise one.wrong(f"has the category {value}, where cardinality is {card}: they count from 0.")
    if one.features != features:
        raise one.wrong(f"has {one.features} dynamic_feat; the model has {features}.")
    known = one.target[~np.isnan(one.target)]
    if likelihood == "negative-binomial" and ((known < 0) | (known != np.floor(known))).any():
        raise one.wrong("target has values that are no counts, as the likelihood negative-binomial needs.")
    if likelihood == "beta" and ((known < 0) | (known > 1)).any():
        raise one.wrong("target has values that are not from 0 to 1, as the likelihood beta needs.")
    return one


def _start(written: Any, wrong: Wrong) -> datetime:
    try:
        found = written if isinstance(written, datetime) else datetime.fromisoformat(str(written).strip())
    except ValueError:
        raise wrong(f"start must be of the form YYYY-MM-DD HH:MM:SS, not {str(written)[:40]!r}.") from None
    if found.tzinfo is not None:
        raise wrong(f"start must have no time zone, as {str(written)[:40]!r} has.")
    return found


def _dynamic(written: Any, wrong: Wrong) -> Array | None:
    if written is None or (isinstance(written, list) and not written):
        return None
    if not isinstance(written, list) or not all(isinstance(one, list) for one in written):
        raise wrong("dynamic_feat must be a list of lists of numbers, one for each feature.")
    rows = [_numbers(one, "dynamic_feat", wrong) for one in written]
    if len({len(row) for row in rows}) > 1:
        raise wrong("the lists in dynamic_feat have different lengths.")
    found = np.stack(rows)
    if not np.isfinite(found).all():
        raise wrong("dynamic_feat has a missing value; only target may have them.")
    return found


def _numbers(written: Any, name: str, wrong: Wrong) -> Array:
    """Null and "NaN" are missing."""
    if not isinstance(written, list):
        raise wrong(f"{name} must be a list of numbers, not {str(written)[:40]!r}.")
    try:
        found = np.array([np.nan if one is None else _number(one) for one in written], np.float64)
    except (TypeError, ValueError) as problem:
        raise wrong(f'{name} has {problem}, which is neither a number, null nor "NaN".') from None
    if np.isinf(found).any():
        raise wrong(f"{name} has an infinite value.")
    return found


def _number(one: Any) -> float:
    if isinstance(one, (int, float)) and not isinstance(one, bool):
        return float(one)
    if one == "NaN":
        return np.nan
    raise ValueError(repr(one)[:40])


def _kind(channel: Channel, file: DataFile) -> str:
    """JSON Lines or Parquet, as the channel's content type or else the file's name says."""
    said = formats.known(channel.content_type or "auto")
    kind = _KINDS.get(said, said)
    if kind is None:
        name = file.name.removesuffix(".gz")
        kind = next((one for ending, one in _ENDINGS.items() if name.endswith(ending)), None)
    if kind is None:
        raise file.wrong("is named neither .json, .json.gz nor .parquet. Name it so, or set the channel's ContentType.")
    if kind not in _ENDINGS.values():
        raise ClientError(
            f"Channel {channel.name!r}: ContentType {channel.content_type!r} is not one that this algorithm reads. "
            f"Use {formats.JSON_LINES} or {formats.PARQUET}."
        )
    return kind


def _records(file: DataFile, kind: str) -> Iterator[tuple[Any, Wrong]]:
    """Each record, and what makes the error that says where it stands."""
    if kind == formats.PARQUET:
        for number, record in enumerate(parquet.records(file.path, file.wrong), 1):
            yield record, lambda what, number=number: file.wrong(f"row {number} {what}")  # type: ignore[misc]
        return
    content = file.path.read_bytes()
    if content.startswith(_GZIP):
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as problem:
            raise file.wrong(f"is not gzip that can be read: {problem}.") from problem
    for number, line in enumerate(content.splitlines(), 1):
        if not line.strip():
            continue

        def wrong(what: str, number: int = number) -> Exception:
            return file.wrong(what, number)

        try:
            yield json.loads(line), wrong
        except ValueError as problem:
            raise wrong(f"is not JSON: {problem}.") from problem
