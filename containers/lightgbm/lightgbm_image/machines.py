"""The instances as LightGBM's machines: each listens on a port of its own, and all know all of them."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

from salvia_toolkit.algorithm import hosts
from salvia_toolkit.algorithm.failures import ClientError
from salvia_toolkit.algorithm.hosts import Group

_PATIENCE = 30  # minutes that a machine waits for another's part of a round
_OF_ONE = {"serial": "data", "data": "data", "voting": "voting"}


def parameters(group: Group, learner: str) -> dict[str, Any]:
    """What LightGBM has to be told to train on all hosts at once. Raises ClientError where it cannot."""
    if len(group.hosts) == 1:
        return {"tree_learner": learner}
    if learner not in _OF_ONE:
        raise ClientError(f"tree_learner {learner} needs all of the data on each instance. Use data or voting.")
    address = hosts.address(group.hosts[group.rank])
    if ipaddress.ip_address(address).is_loopback:
        address = "127.0.0.1"  # LightGBM knows itself by an interface's main address, and then by its port
    with socket.socket() as free:
        free.bind(("", 0))
        port = free.getsockname()[1]
        machines = [str(told["machine"]) for told in group.exchange({"machine": f"{address}:{port}"})]
    return {
        "tree_learner": _OF_ONE[learner],
        "machines": ",".join(machines),
        "num_machines": len(machines),
        "local_listen_port": port,
        "time_out": _PATIENCE,
        "pre_partition": True,
    }
