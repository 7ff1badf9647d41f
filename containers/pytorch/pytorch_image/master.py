"""Where the hosts of a job meet: on algo-1, and on its own address alone.

torch would listen on every address of the machine, where the algo-1 of another job may have the same port.
"""

from __future__ import annotations

import socket
from datetime import timedelta
from typing import Any

from torch.distributed import TCPStore
from torch.distributed.elastic.rendezvous import static_tcp_rendezvous


def listen_on_own_address() -> None:
    """From now on, torchrun's static rendezvous does."""
    static_tcp_rendezvous.TCPStore = _store


def _store(host: str, port: int, members: int | None, leads: bool, timeout: timedelta, **more: Any) -> TCPStore:
    if leads:
        more["master_listen_fd"] = socket.create_server((socket.gethostbyname(host), port)).detach()
    return TCPStore(host, port, members, leads, timeout, **more)
