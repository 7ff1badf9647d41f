"""`train`: one training job, as this host takes part in it. `python -m salvia_toolkit.tabular.training MODULE`.

MODULE has an ALGORITHM, and lies in a folder beside its image.toml.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import numpy as np

from ..algorithm import program
from ..algorithm.connection import Facts
from ..algorithm.contract import Contract
from ..algorithm.failures import OTHER, ClientError, PeerLostError
from ..algorithm.hosts import Group, OnLost
from ..algorithm.log import say
from ..algorithm.program import SEED
from . import artefact, layout, problem
from .artefact import Described
from .layout import Layout, Source
from .problem import Problem
from .table import Features, Table, read

_SHARE = 0.2  # of the training data that validates, where no other data does: the guide's


@dataclass(frozen=True, slots=True)
class Job:
    """What an algorithm's `train` gets: settled hyperparameters and this host's rows, their labels encoded.

    `validation` is a share of the training data where there is no such channel; None if the algorithm sees to that.
    `lost` ends this host because another one is gone: for the group's `watch`.
    """

    values: SimpleNamespace
    problem: Problem
    features: Features
    train: Table
    validation: Table | None
    group: Group
    directory: Path
    lost: OnLost


@dataclass(frozen=True, slots=True)
class Algorithm:
    """`train` is called on all hosts. The leader puts the model's files into the job's directory, and returns what
    else `model.json` has to keep.
    """

    name: str
    train: Callable[[Job], dict[str, Any]]
    alone: bool = True  # whether it trains on one instance only
    texts: bool = False  # whether a feature may be a text that nobody called a category
    splits: bool = False  # whether it takes its own share of the training data for validation
    channels: tuple[str, ...] = ()  # see `layout`
    check: Callable[[SimpleNamespace], None] = lambda values: None


def main(module: str) -> int:
    """Run the job and return the exit code."""
    return program.run(module, _work)


def _work(algorithm: Algorithm, values: SimpleNamespace, told: Contract, group: Group) -> None:
    job = _prepared(algorithm, values, layout.found(told, algorithm.name), told, group)
    settings = algorithm.train(job)
    if group.leads:
        artefact.write(Described(job.problem, job.features, settings), algorithm.name, told.model_directory)
        say(f"Saved the model: {', '.join(sorted(path.name for path in told.model_directory.iterdir()))}.")


def _give_up(told: Contract, lost: PeerLostError) -> NoReturn:
    """End this host, whose main thread may be anywhere, because another one is gone."""
    say(f"ERROR: {lost}")
    told.fail(str(lost))
    os._exit(OTHER)


def _prepared(algorithm: Algorithm, values: SimpleNamespace, given: Layout, told: Contract, group: Group) -> Job:
    said = _exchanged(group, {"categorical": given.categorical, "validates": given.validation is not None})
    given = replace(given, categorical=_agreed([tuple(facts["categorical"]) for facts in said]))
    split = not algorithm.splits and not any(facts["validates"] for facts in said)
    train = _own(given.train, given, algorithm, told)
    if train is None:
        raise ClientError(
            f"{told.host} has no rows to train on. Put more files than instances below the S3Uri, or use "
            "FullyReplicated."
        )
    validation = None if given.validation is None else _own(given.validation, given, algorithm, told)
    every = _exchanged(group, _facts(train, validation, given))
    features = _features(every, given)
    posed = problem.of([facts["labels"] for facts in every], values.problem_type)
    if split:
        train, validation = _split(train)
    _introduce(every, features, posed, split)
    tables = [None if one is None else Table(one.features, posed.encoded(one.labels)) for one in (train, validation)]
    assert tables[0] is not None
    return Job(values, posed, features, tables[0], tables[1], group, told.model_directory, partial(_give_up, told))


def _facts(train: Table, validation: Table | None, given: Layout) -> Facts:
    """What the other hosts need to know of this one's rows."""
    words = [place for place in range(train.columns) if train.features[place].dtype == object]
    categories = [place - 1 for place in given.categorical]
    return {
        "rows": [len(train), 0 if validation is None else len(validation)],
        "columns": [table.columns for table in (train, validation) if table is not None],
        "labels": problem.distinct(train.labels),
        "categories": {place: [str(one) for one in train.features[place].dropna().unique()] for place in categories},
        "texts": [place for place in words if place not in categories],
    }


def _features(every: list[Facts], given: Layout) -> Features:
    """What all hosts agree on. Raises ClientError when their rows do not fit together."""
    widths = sorted({one for facts in every for one in facts["columns"]})
    if len(widths) > 1:
        raise ClientError(f"The data does not fit together: some of it has {widths[0]} features, some {widths[-1]}.")
    categories = {
        place - 1: tuple(sorted({one for facts in every for one in facts["categories"][str(place - 1)]}))
        for place in given.categorical
    }
    return Features(widths[0], categories, tuple(every[0]["texts"]))


def _introduce(every: list[Facts], features: Features, posed: Problem, split: bool) -> None:
    rows, others = (sum(facts["rows"][at] for facts in every) for at in (0, 1))
    kind = posed.kind
    if posed.classifies:
        kind += f" of {', '.join(map(str, posed.labels[:10]))}{', …' if len(posed.labels) > 10 else ''}"
    share = "a fifth of them" if split else f"{others} rows" if others else "none given"
    say(f"{rows} rows × {features.count} features; {kind}; validation: {share}.")


def _agreed(every: list[tuple[int, ...]]) -> tuple[int, ...]:
    """The categorical columns: with ShardedByS3Key one host alone has the file that names them."""
    named = sorted({one for one in every if one})
    if len(named) > 1:
        raise ClientError("The instances have different files categorical_index.json. There must be one.")
    return named[0] if named else ()


def _own(source: Source, given: Layout, algorithm: Algorithm, told: Contract) -> Table | None:
    """This host's rows: a share of them where every host was given all files."""
    table = read(source.files, given.categorical, algorithm.texts)
    if table is None or len(told.hosts) == 1 or not source.shared:
        return table
    return table.rows(slice(told.rank, None, len(told.hosts)))


def _split(table: Table) -> tuple[Table, Table]:
    order = np.random.default_rng(SEED).permutation(len(table))
    count = min(max(1, round(_SHARE * len(table))), len(table) - 1)
    return table.rows(np.sort(order[count:])), table.rows(np.sort(order[:count]))


def _exchanged(group: Group, facts: Facts) -> list[Facts]:
    """What each host says, of any length."""
    said = np.frombuffer(json.dumps(facts).encode() + b"\n", np.uint8)
    return [json.loads(line) for line in group.gather(said).tobytes().splitlines()]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
