"""`train`: one training job, as this host takes part in it. `python -m salvia_toolkit.algorithm.training MODULE`.

MODULE has an ALGORITHM, and lies in a folder beside its image.toml.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np

from .. import formats
from ..formats.matrix import Array
from . import artefact, channel, program
from .artefact import Artefact
from .contract import REPLICATED, Channel, Contract
from .failures import ClientError
from .hosts import Group
from .log import say, warn
from .program import SEED
from .table import Table

__all__ = ["SEED", "Algorithm", "Job"]
_TRAIN = "train"

Reader = Callable[[Channel, slice], Sequence[Any]]
"""Reads what is no table of numbers: those of a channel's records that are this host's share."""


@dataclass(slots=True)
class Job:
    """What an algorithm's `train` gets: settled hyperparameters, this host's rows of each channel, the other hosts.

    `columns` is 0 where there is no table.
    """

    values: SimpleNamespace
    tables: dict[str, Any]
    columns: int
    group: Group
    host: str
    rows: dict[str, int]  # of a channel on all hosts
    most: int  # rows to train on that one host has
    began: float = field(default_factory=time.monotonic)

    @property
    def train(self) -> Any:
        """This host's rows to train on; other hosts have the others. There may be none."""
        return self.tables[_TRAIN]

    def batches(self, size: int, epoch: int) -> Iterator[Array]:
        """Which of this host's rows are in each mini-batch, shuffled anew each epoch; all hosts have as many."""
        order = np.random.default_rng([SEED, epoch]).permutation(len(self.train))
        for start in range(0, self.most, size):
            yield order[start : start + size]

    def measured(self, channel: str, metric: str, value: float, kind: str = "loss", epoch: int | None = None) -> None:
        """Log a metric, in the form that AWS's expressions find; the leader alone does."""
        if self.group.leads:
            when = "" if epoch is None else f"epoch={epoch}, "
            say(f"#quality_metric: host={self.host}, {when}{channel} {metric} <{kind}>={float(value):.12g}")

    def progress(self, done: float) -> None:
        """Log how much of the training is done, and how many records a second it takes."""
        if self.group.leads:
            pace = done * self.rows[_TRAIN] / max(time.monotonic() - self.began, 1e-6)
            say(f"#progress_metric: host={self.host}, completed {100 * min(done, 1):.6g} % of epochs")
            say(f"#throughput_metric: host={self.host}, train throughput={pace:.12g} records/second")


@dataclass(frozen=True, slots=True)
class Algorithm:
    """`channels` says of each channel that there may be whether its rows must be labelled, or what reads it; `train` is
    called on all hosts.

    What it returns on the leader is the model.
    """

    name: str
    train: Callable[[Job], Artefact]
    channels: Mapping[str, bool | Reader]
    check: Callable[[SimpleNamespace], None] = lambda values: None
    sparse: bool = False
    alone: bool = False  # whether it trains on one instance only
    readable: tuple[str, ...] = (formats.RECORDIO, formats.CSV)


def main(module: str) -> int:
    """Run the job and return the exit code."""
    return program.run(module, _work)


def _work(algorithm: Algorithm, values: SimpleNamespace, told: Contract, group: Group) -> None:
    own = {name: _load(algorithm, told, name) for name in algorithm.channels if name in told.channels}
    model = algorithm.train(_agreed(algorithm, values, own, told, group))
    if group.leads:
        artefact.write(model, algorithm.name, told.model_directory)
        say(f"Saved the model: {', '.join(sorted(model.arrays))}.")


def _load(algorithm: Algorithm, told: Contract, name: str) -> Table | Sequence[Any] | None:
    """This host's rows of a channel: a share of them where every host was given all files."""
    described, read = told.channels[name], algorithm.channels[name]
    whole = len(told.hosts) == 1 or described.distribution != REPLICATED
    share = slice(None) if whole else slice(told.rank, None, len(told.hosts))
    if not isinstance(read, bool):
        return read(described, share)
    table = channel.load(described, read, algorithm.readable)
    if table is None:
        return None
    if not algorithm.sparse:
        table = table.dense()
    return table if whole else table.rows(share)


def _agreed(
    algorithm: Algorithm,
    values: SimpleNamespace,
    own: dict[str, Table | Sequence[Any] | None],
    told: Contract,
    group: Group,
) -> Job:
    """What all hosts have together. Raises ClientError when it does not fit together, or there is nothing."""
    mine: dict[str, Any] = {name: _facts(table) for name, table in own.items() if table is not None}
    facts = group.exchange(mine)
    every = [(host, name, one) for host, fact in zip(told.hosts, facts, strict=True) for name, one in fact.items()]
    rows = {name: sum(one["rows"] for _, named, one in every if named == name) for name in own}
    if not rows[_TRAIN]:
        raise ClientError("Channel 'train' has no rows: no file with data is below its S3Uri. Check it.")
    for name in [name for name, count in rows.items() if not count]:
        warn(f"Channel {name!r} has no rows: training goes on without it.")
    tables = [one for one in every if "columns" in one[2]]
    wanted = getattr(values, "feature_dim", None)
    columns = wanted or max((one["columns"] for _, _, one in tables), default=0)
    for host, name, one in tables:
        if one["columns"] > columns or (one["columns"] < columns and not one["sparse"]):
            raise _misfit(algorithm, f"channel {name!r} on {host} has {one['columns']} features", columns, wanted, name)
    sparse = any(one["sparse"] for _, _, one in tables)
    size = f" × {columns} features" if tables else ""
    say(", ".join(f"{name}: {count} rows{size}" for name, count in rows.items() if count) + ".")
    return Job(
        values=values,
        tables={name: _filled(own[name], algorithm.channels[name], columns, sparse) for name in own if rows[name]},
        columns=columns,
        group=group,
        host=told.host,
        rows=rows,
        most=max(fact[_TRAIN]["rows"] for fact in facts if _TRAIN in fact),
    )


def _facts(rows: Table | Sequence[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"rows": len(rows)}
    return {**found, "columns": rows.columns, "sparse": rows.sparse} if isinstance(rows, Table) else found


def _filled(rows: Table | Sequence[Any] | None, read: bool | Reader, columns: int, sparse: bool) -> Any:
    """The rows; a table as wide as all, or an empty one."""
    if isinstance(rows, Table):
        return rows.widened(columns)
    return rows if not isinstance(read, bool) else _empty(columns, read, sparse)


def _misfit(algorithm: Algorithm, what: str, columns: int, wanted: int | None, name: str) -> ClientError:
    advice = ""
    if not algorithm.channels[name]:
        advice = " If it is CSV without labels, its ContentType must be text/csv;label_size=0."
    if wanted:
        return ClientError(f"The data does not fit feature_dim: {what}, feature_dim is {wanted}.{advice}")
    return ClientError(f"The data does not fit together: {what} where others have {columns}.{advice}")


def _empty(columns: int, labelled: bool, sparse: bool) -> Table:
    features: Any = np.empty((0, columns), np.float32)
    if sparse:
        from scipy.sparse import csr_matrix

        features = csr_matrix(features)
    return Table(features, np.empty(0, np.float32) if labelled else None)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
