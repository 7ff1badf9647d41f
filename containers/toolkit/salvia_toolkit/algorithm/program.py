"""`train` from its start to its end, whatever an algorithm reads: the request is checked, and a failure is told.

What went wrong is in output/failure, in the log, and known to the other hosts.

Source: SageMaker developer guide, "How Amazon SageMaker Runs Your Training Image"; exit codes and the prefix of
output/failure are those of AWS's algorithms.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Collection
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol

from ..config import base_directory
from . import contract, hyperparameters
from .contract import Contract
from .failures import ClientError, PeerLostError, verdict
from .hosts import Group
from .log import say, warn

SEED = 20171129  # AWS names none; the same data and hyperparameters make the same model


class Algorithm(Protocol):
    """What is asked of any: its channels, the first of which must be there, or none where it looks for them itself;
    `alone`: it has one instance only.
    """

    @property
    def name(self) -> str: ...
    @property
    def channels(self) -> Collection[str]: ...
    @property
    def check(self) -> Callable[[SimpleNamespace], None]: ...
    @property
    def alone(self) -> bool: ...


def run(module: str, work: Callable[[Any, SimpleNamespace, Contract, Group], None]) -> int:
    """Have the ALGORITHM of a module `work` with its settled hyperparameters, and return the exit code.

    The module lies in a folder beside its image.toml.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # instances may share one machine's cores
    found = importlib.import_module(module)
    algorithm: Algorithm = found.ALGORITHM
    image = Path(str(found.__file__)).parent.parent / "image.toml"
    told = Contract(base_directory(), {}, {}, "algo-1", ("algo-1",), None)
    group = None
    try:
        told = contract.read(told.base)
        say(f"{algorithm.name} training on {told.host}, host {told.rank + 1} of {len(told.hosts)}.")
        group = Group(told.hosts, told.rank)
        values = _settled(algorithm, image, told)
        if algorithm.channels:
            contract.check_channels(told, algorithm.name, algorithm.channels)
        group.meet()
        work(algorithm, values, told, group)
        group.part()
        return 0
    except Exception as problem:  # whatever it is, the job has to say so
        code, reason = verdict(problem)
        if isinstance(problem, PeerLostError):
            group = None  # the others know
    say(f"ERROR: {reason}")
    told.fail(reason)
    if group is not None:
        group.fail(reason)
    return code


def _settled(algorithm: Algorithm, image: Path, told: Contract) -> SimpleNamespace:
    schema = hyperparameters.load(image, algorithm.name)
    values = schema.settle(told.hyperparameters)
    for name in sorted(told.hyperparameters):
        if reason := schema.obsolete(name):
            warn(f"Hyperparameter {name} is ignored: {reason}")
    algorithm.check(values)
    if algorithm.alone and len(told.hosts) > 1:
        raise ClientError(f"{algorithm.name} trains on one instance only. Set InstanceCount to 1.")
    given = ", ".join(f"{name}={value}" for name, value in sorted(told.hyperparameters.items()))
    say(f"Hyperparameters: {given or 'none given'}")
    return values
