"""`train` of an algorithm that reads its channels itself, on one instance.

`python -m salvia_toolkit.algorithm.alone MODULE`; MODULE has an ALGORITHM, and lies in a folder beside its image.toml.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace

from . import program
from .contract import Contract
from .hosts import Group


@dataclass(frozen=True, slots=True)
class Algorithm:
    """`train` gets the settled hyperparameters and the job, and leaves its model in the job's model directory."""

    name: str
    train: Callable[[SimpleNamespace, Contract], None]
    channels: tuple[str, ...]
    check: Callable[[SimpleNamespace], None] = lambda values: None
    alone: bool = True


def main(module: str) -> int:
    """Run the job and return the exit code."""
    return program.run(module, _work)


def _work(algorithm: Algorithm, values: SimpleNamespace, told: Contract, group: Group) -> None:
    algorithm.train(values, told)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
