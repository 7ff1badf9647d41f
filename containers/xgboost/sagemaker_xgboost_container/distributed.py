"""Training on several hosts for a script."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from salvia_toolkit.algorithm.failures import PeerLostError
from salvia_toolkit.algorithm.log import say
from xgboost_image.collective import Group

_PATIENCE = 900.0  # seconds for names to resolve


def wait_hostname_resolution(sm_hosts: Sequence[str]) -> None:
    """Return when the names of all hosts resolve."""
    deadline = time.monotonic() + _PATIENCE
    for host in sm_hosts:
        while True:
            try:
                socket.gethostbyname(host)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)


def rabit_run(
    exec_fun: Callable[..., Any],
    args: dict[str, Any],
    include_in_training: bool,
    hosts: Sequence[str],
    current_host: str,
    first_port: int | None = None,
    second_port: int | None = None,
    max_connect_attempts: int | None = None,
    connect_retry_timeout: int = 3,
    update_rabit_args: bool = False,
) -> None:
    """Call `exec_fun(**args)` on every host that has data, with XGBoost's collective between them.

    With `update_rabit_args`, `args` gets `is_master`. A host that is not included ends here, with exit code 0.
    Ports and attempts are accepted for the sake of AWS's signature: hosts find each other by themselves.
    """
    every = sorted(hosts)
    group = None
    if len(every) > 1:
        group = _met(every, current_host)
        facts = group.exchange({"host": current_host, "included": bool(include_in_training)})
        included = [said["host"] for said in facts if said["included"]]
    else:
        included = every if include_in_training else []
    if not included:
        raise RuntimeError("No hosts received training data.")
    if not include_in_training:
        say(f"Host {current_host} has no data, and takes no part.")
        sys.exit(0)
    if group is not None and len(included) < len(every):
        group = _met(included, current_host) if len(included) > 1 else None
    if update_rabit_args:
        args["is_master"] = current_host == included[0]
    if group is None:
        exec_fun(**args)
        return
    group.join(_give_up)
    try:
        exec_fun(**args)
    except Exception as problem:
        group.fail(f"{type(problem).__name__}: {problem}")
        raise
    group.leave()


def _met(hosts: Sequence[str], host: str) -> Group:
    group = Group(hosts, hosts.index(host))
    group.meet()
    return group


def _give_up(lost: PeerLostError) -> NoReturn:
    """End this host because another one is gone: the main thread may wait for it inside XGBoost."""
    sys.stderr.write(f"{lost}\n")
    sys.stderr.flush()
    os._exit(2)
