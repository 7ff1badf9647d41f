"""`train`: the job's script, by itself or as each host's part of a distributed one."""

from __future__ import annotations

import os
import sys

from salvia_toolkit.config import base_directory
from salvia_toolkit.script import run
from salvia_toolkit.script.ports import port
from salvia_toolkit.script.told import Told, read
from salvia_toolkit.script.variables import gpus

_PORT = 7777  # as AWS's toolkit


def torchrun(told: Told, command: list[str]) -> list[str]:
    """A process for each GPU of a host, or one: as AWS's toolkit starts them."""
    hosts = told.resources["hosts"]
    return [
        *(command[0], "-m", "pytorch_image.torchrun"),
        *("--nnodes", str(len(hosts)), "--nproc_per_node", str(gpus() or 1)),
        *("--master_addr", hosts[0], "--master_port", str(_PORT)),
        *("--node_rank", str(hosts.index(told.resources["current_host"]))),
        *command[1:],
    ]


LAUNCHERS = dict.fromkeys(("torch_distributed", "smddp", "pytorchddp"), torchrun)


def meet(told: Told) -> None:
    """Tell scripts that call init_process_group without torchrun where, as AWS's image does.

    torch listens on every address of the machine then.
    """
    leader = told.resources["hosts"][0]
    os.environ.setdefault("MASTER_ADDR", leader)
    os.environ.setdefault("MASTER_PORT", str(port(leader, _PORT)))


if __name__ == "__main__":
    meet(read(base_directory()))
    sys.exit(run(base_directory(), LAUNCHERS))
