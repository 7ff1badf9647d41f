"""Which files hold what.

Source: SageMaker developer guide, "Input and Output interface for the LightGBM algorithm" (CatBoost, TabTransformer,
AutoGluon-Tabular): channels train, or training, and validation with one or more CSV files each; or the one channel with
the folders train/ and validation/. categorical_index.json lies beside the files, or beside the folders.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from .. import formats
from ..algorithm.contract import REPLICATED, Channel, Contract
from ..algorithm.failures import ClientError
from ..algorithm.files import DataFile, of_channel
from ..algorithm.log import say, warn

TRAIN, VALIDATION = "train", "validation"
_TRAINING = "training"  # the other name of the channel
_INDEX, _LIST = "categorical_index.json", "cat_index_list"


@dataclass(frozen=True, slots=True)
class Source:
    """The CSV files of one purpose. `shared`: every host was given all of them."""

    files: tuple[DataFile, ...]
    shared: bool


@dataclass(frozen=True, slots=True)
class Layout:
    """What a job has been given; `categorical` are columns, counted from the label, which is 0."""

    train: Source
    validation: Source | None
    categorical: tuple[int, ...]


def found(told: Contract, algorithm: str) -> Layout:
    """What is in the job's channels. Raises ClientError where it is not as the guide has it."""
    given = [name for name in (TRAIN, _TRAINING) if name in told.channels]
    if len(given) != 1:
        held = ", ".join(sorted(told.channels)) or "none"
        raise ClientError(f"There must be a channel named train (or training), and not both; the job has {held}.")
    for name in sorted(set(told.channels) - {given[0], VALIDATION}):
        warn(f"Channel {name!r} is not read: {algorithm} has train and validation.")
    channel, other = told.channels[given[0]], told.channels.get(VALIDATION)
    nested = channel.directory / TRAIN
    folder = nested if nested.is_dir() else channel.directory
    train = _source(channel, folder)
    if not train.files:
        raise ClientError(f"Channel {channel.name!r} has no rows: no CSV file with data is below its S3Uri. Check it.")
    validation = None
    if other is not None:
        validation = _source(other, other.directory)
    elif nested.is_dir() and (channel.directory / VALIDATION).is_dir():
        validation = _source(channel, channel.directory / VALIDATION)
    if validation is not None and not validation.files:
        warn("The validation data has no rows: training goes on without it.")
        validation = None
    return Layout(train, validation, _categorical(channel, (channel.directory, folder)))


def _source(channel: Channel, folder: Path) -> Source:
    kind = formats.known(channel.content_type or formats.CSV)
    if kind != formats.CSV:
        raise ClientError(f"Channel {channel.name!r}: ContentType {channel.content_type!r} is not read. Use text/csv.")
    if "label_size" in (channel.content_type or "").lower().replace("label_size=1", ""):
        raise ClientError(f"Channel {channel.name!r}: label_size must be 1: the first column is the label.")
    if channel.mode == "Pipe":
        raise ClientError(f"Channel {channel.name!r} is in Pipe mode. Use File or FastFile.")
    files = tuple(file for file in of_channel(channel.name, folder) if file.path.name != _INDEX)
    return Source(files, channel.distribution == REPLICATED)


def _categorical(channel: Channel, places: tuple[Path, ...]) -> tuple[int, ...]:
    path = next((place / _INDEX for place in places if (place / _INDEX).is_file()), None)
    if path is None:
        return ()
    file = DataFile(channel.name, path, path.name)
    try:
        listed = json.loads(path.read_text(encoding="utf-8"))[_LIST]
    except (ValueError, KeyError, TypeError) as problem:
        raise file.wrong(f'must be {{"{_LIST}": [1, 2, …]}}.') from problem
    if not isinstance(listed, list) or any(type(one) is not int or one < 1 for one in listed):
        raise file.wrong(f"{_LIST} must be a list of whole numbers from 1: column 0 is the label.")
    if len(set(listed)) < len(listed):
        raise file.wrong(f"{_LIST} names a column twice.")
    say(f"Categorical columns: {', '.join(map(str, sorted(listed))) or 'none'}.")
    return tuple(sorted(listed))
