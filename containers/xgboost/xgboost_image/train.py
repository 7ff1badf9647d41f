"""`train`: one training job, as this host takes part in it.

Source: SageMaker developer guide, "XGBoost algorithm" and "How Amazon SageMaker Runs Your Training Image".
"""

from __future__ import annotations

import os
import platform
import sys
import traceback

from . import contract, hyperparameters, settings
from .collective import Facts, Group
from .contract import REPLICATED, Contract
from .data import channel
from .data.table import Sparse, Table, empty
from .failures import ClientError, PeerLost
from .log import say, warn

_TRAIN, _VALIDATION = "train", "validation"
_CLIENT, _OTHER = 1, 2  # exit codes


def main() -> int:
    """Run the job and return the exit code; what went wrong is in output/failure and in the log."""
    # Threads that wait by spinning slow each other down when instances share one machine's cores.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    base = contract.base_directory()
    try:
        job = contract.read(base)
    except ClientError as problem:
        return _failed(Contract(base, {}, {}, "algo-1", ("algo-1",), None), f"ClientError: {problem}", _CLIENT)
    group = Group(job.hosts, job.rank) if len(job.hosts) > 1 else None
    try:
        return _run(job, group)
    except ClientError as problem:
        return _failed(job, f"ClientError: {problem}", _CLIENT, group)
    except PeerLost as lost:
        return _failed(job, str(lost), _OTHER)
    except MemoryError as problem:
        reason = f"AlgorithmError: Out of memory: {problem}. Use a larger instance, or more of them with ShardedByS3Key."
        return _failed(job, reason, _OTHER, group)
    except Exception as problem:  # whatever it is, the job must say so
        traceback.print_exc()
        return _failed(job, f"AlgorithmError: {type(problem).__name__}: {problem}", _OTHER, group)


def _run(job: Contract, group: Group | None) -> int:
    schema = hyperparameters.load()
    given = schema.check(job.hyperparameters)
    chosen = settings.settled(given, schema, len(job.hosts))
    if _TRAIN not in job.channels:
        raise ClientError(
            f"There is no channel named 'train'; the job has {_listed(job.channels) or 'none'}. "
            "Name the channel with the training data 'train'."
        )
    if unknown := set(job.channels) - {_TRAIN, _VALIDATION}:
        warn(f"Only the channels train and validation are read; not {_listed(unknown)}.")
    if group is not None:
        group.meet()
    own = {name: _load(job, name, chosen) for name in (_TRAIN, _VALIDATION) if name in job.channels}
    facts = [_facts(own)] if group is None else group.exchange(_facts(own))
    tables = _agreed(own, facts)
    columns = max(fact[_TRAIN]["columns"] for fact in facts)
    _introduce(job, tables, columns, facts, given)

    from . import training  # imports XGBoost: only now, when nothing about the request can be wrong any more

    return training_run(training, job, group, chosen, tables, columns)
