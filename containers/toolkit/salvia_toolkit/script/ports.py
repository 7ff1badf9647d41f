"""Ports for libraries that listen on every address of the machine, where each host of a job should have its own."""

from __future__ import annotations

import socket
from ipaddress import ip_address

_OURS = range(10_000, 32_000)  # below those that systems give out


def port(host: str, usual: int) -> int:
    """The usual one; where hosts are loopback addresses of one machine, another for each of them and of other jobs'."""
    try:
        address = ip_address(socket.gethostbyname(host))
    except OSError:
        return usual
    return _OURS[int(address) % len(_OURS)] if address.is_loopback else usual
