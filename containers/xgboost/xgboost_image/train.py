"""`train`: one training job, as this host takes part in it.

Source: SageMaker developer guide, "XGBoost algorithm" and "How Amazon SageMaker Runs Your Training Image".
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

from salvia_toolkit import script
from salvia_toolkit.algorithm import contract, hyperparameters
from salvia_toolkit.algorithm.connection import Facts
from salvia_toolkit.algorithm.contract import REPLICATED, Contract
from salvia_toolkit.algorithm.failures import OTHER, ClientError, PeerLostError, verdict
from salvia_toolkit.algorithm.log import say, warn
from salvia_toolkit.config import base_directory

from . import settings
from .collective import Group
from .data import channel
from .data.table import Sparse, Table, empty
from .lean import lean
from .settings import Settings

_IMAGE = Path(__file__).parent.parent / "image.toml"
_TRAIN, _VALIDATION = "train", "validation"
_CHANNELS = (_TRAIN, _VALIDATION)


def main() -> int:
    """Run the job and return the exit code; what went wrong is in output/failure and in the log."""
    # Threads that wait by spinning slow each other down where instances share one machine's cores: seven times
    # (two hosts of two threads on two cores, 100,000 rows).
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if script.wanted(base_directory()):
        return script.run(base_directory())
    job = Contract(base_directory(), {}, {}, "algo-1", ("algo-1",), None)
    group = None
    try:
        job = contract.read(job.base)
        say(f"XGBoost training on {job.host}, host {job.rank + 1} of {len(job.hosts)}.")
        group = Group(job.hosts, job.rank) if len(job.hosts) > 1 else None
        return _run(job, group)
    except Exception as problem:  # whatever it is, the job has to say so
        code, reason = verdict(problem)
        if isinstance(problem, PeerLostError):
            group = None  # the others know
    _report(job, reason)
    if group is not None:
        group.fail(reason)
    return code


def _report(job: Contract, reason: str) -> None:
    say(f"ERROR: {reason}")
    job.fail(reason)


def _end(status: int) -> NoReturn:
    """Exit at once, not by way of XGBoost's destructors: they would wait for hosts that are gone."""
    sys.stdout.flush()
    os._exit(status)


def _run(job: Contract, group: Group | None) -> int:
    given = hyperparameters.load(_IMAGE, "XGBoost")
    values = given.check(job.hyperparameters)
    chosen = settings.settled(values, given, len(job.hosts))
    contract.check_channels(job, "XGBoost", _CHANNELS)
    if group is not None:
        group.meet()
    own = {name: _load(job, name, chosen) for name in _CHANNELS if name in job.channels}
    facts = [_facts(own)] if group is None else group.exchange(_facts(own))
    columns = _columns(facts, job.hosts)
    tables = _agreed(own, facts, columns)
    _introduce(job, facts, columns, values)

    # Imports XGBoost, which takes longer than all of the above: now that the request is known to be right.
    lean()
    import xgboost

    from . import model, training
    from .checkpoints import Checkpoints

    termination = training.Termination()
    checkpoints = None if job.checkpoints is None else Checkpoints(job.checkpoints)
    if chosen.save_on_termination or checkpoints is not None:
        termination.install()
    say(f"XGBoost {xgboost.__version__}: training {chosen.rounds} rounds.")
    try:
        if group is not None:
            group.join(lambda lost: _give_up(job, lost))
        booster = training.train(chosen, tables, columns, job.model_directory, checkpoints, termination)
    except xgboost.core.XGBoostError as problem:
        raise _explained(str(problem), group) from problem
    stopped = termination.requested and not chosen.save_on_termination
    if stopped:
        say("Stopped by SIGTERM; save_model_on_termination is not set, so only the checkpoint is kept.")
    elif group is None or group.leads:
        model.write(booster, job.model_directory / model.NAME)
        say(f"Saved the model of {booster.num_boosted_rounds()} rounds as {model.NAME}.")
    if group is not None:
        group.leave()
    return 128 + signal.SIGTERM if stopped else 0


def _give_up(job: Contract, lost: PeerLostError) -> NoReturn:
    """End this host because another one is gone."""
    _report(job, str(lost))
    _end(OTHER)


def _explained(text: str, group: Group | None) -> Exception:
    """What an error of XGBoost means to whoever reads the job's FailureReason."""
    if "bad_alloc" in text:
        return MemoryError(text)
    if group is not None and "/collective/" in text:
        return group.broken()
    return ClientError(f"XGBoost refuses to train: {_first_sentence(text)}")


def _load(job: Contract, name: str, chosen: Settings) -> Table | None:
    """This host's rows of a channel.

    Where every host was given all files, each takes every n-th row. AWS's container lets each train on all
    of them, as if there were n of every row: that changes the model (min_child_weight, lambda, …) and saves
    no time.
    """
    described = job.channels[name]
    table = channel.load(described, chosen.csv_weights)
    if table is None:
        return None
    if problem := chosen.check_labels(table.labels):
        raise ClientError(f"Channel {name!r}: {problem}")
    if len(job.hosts) == 1 or described.distribution != REPLICATED:
        return table
    share = table.share(job.rank, len(job.hosts))
    say(
        f"Channel {name!r} is FullyReplicated: all {len(job.hosts)} hosts have its {len(table)} rows, "
        f"and each works on a share of them, this one on {len(share)}."
    )
    return share


def _facts(own: dict[str, Table | None]) -> Facts:
    """What the other hosts need to know of this one's rows."""
    return {
        name: {
            "rows": len(table),
            "columns": table.columns,
            "dense": not isinstance(table.features, Sparse),
            "queries": table.queries is not None,
        }
        for name, table in own.items()
        if table is not None
    }


def _columns(facts: list[Facts], hosts: tuple[str, ...]) -> int:
    """How many features there are. Raises ClientError when hosts or channels differ, or there are no rows."""
    if not any(_TRAIN in fact for fact in facts):
        raise ClientError("Channel 'train' has no rows: no file with data is below its S3Uri. Check it.")
    every = [(host, name, told) for host, fact in zip(hosts, facts, strict=True) for name, told in fact.items()]
    dense = [(f"channel {name!r} on {host}", told["columns"]) for host, name, told in every if told["dense"]]
    for where, columns in dense:
        if columns != dense[0][1]:
            raise ClientError(
                f"The data does not fit together: {dense[0][0]} has {dense[0][1]} feature columns, "
                f"{where} has {columns}."
            )
    return max(int(told["columns"]) for _, _, told in every)


def _agreed(own: dict[str, Table | None], facts: list[Facts], columns: int) -> dict[str, Table]:
    """The tables that every host must bring: where it has no rows of one, an empty one."""
    tables = {}
    for name in _CHANNELS:
        told = [fact[name] for fact in facts if name in fact]
        if told:
            tables[name] = own.get(name) or empty(columns, told[0]["queries"])
        elif own and name in own:
            warn(f"Channel {name!r} has no rows: training goes on without it.")
    return tables


def _introduce(job: Contract, facts: list[Facts], columns: int, values: dict[str, str]) -> None:
    for name in _CHANNELS:
        rows = [fact[name]["rows"] if name in fact else 0 for fact in facts]
        if sum(rows):
            spread = f" ({', '.join(f'{host} {n}' for host, n in zip(job.hosts, rows, strict=True))})"
            say(f"{name}: {sum(rows)} rows × {columns} features" + (spread if len(rows) > 1 else "") + ".")
    say("Hyperparameters: " + (", ".join(f"{name}={value}" for name, value in sorted(values.items())) or "none given"))


def _first_sentence(text: str) -> str:
    """XGBoost's message without its clock, its source files and its stack."""
    lines = text.split("Stack trace")[0].splitlines()
    message = " ".join(line.strip() for line in lines if line.strip()).partition("] ")[2] or text
    condition, failed, said = message.partition("Check failed: ")[2].partition(": ")
    return (said or condition) if failed or condition else message


if __name__ == "__main__":
    status = main()
    if status:
        _end(status)
