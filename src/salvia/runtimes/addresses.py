"""Loopback addresses for groups of instances: 127.A.B.10 for algo-1, 127.A.B.11 for algo-2, …

Linux answers on all of 127/8 without set-up, so that every instance of a job can listen on the same port,
as on machines of its own. A group holds one block 127.A.B until its last member is released.
"""

from __future__ import annotations

import hashlib
import socket
import struct
from pathlib import Path

from .base import StartError, UnsupportedError
from .claims import changing

FIRST = 10
LARGEST_GROUP = 240
_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_REQUEST_DUMP = 0x301
_LISTENING = 1 << 10  # a set of states with the tenth in it, TCP_LISTEN
_HEADER = 16  # struct nlmsghdr
_SOURCE = _HEADER + 4 + 4  # struct inet_diag_msg: four bytes, two ports, the source address


class Addresses:
    """The claims of one data directory: each group's `block`, and the `members` that still need it.

    Everything blocks for file operations of microseconds.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._claims = directory / "addresses.json"

    def claim(self, group: str, member: str, count: int) -> list[str]:
        """The addresses of the `count` instances of `group`, held until every `member` is released."""
        if count > LARGEST_GROUP:
            raise UnsupportedError(
                f"{count} instances were asked for, but one machine gives a job at most {LARGEST_GROUP}. "
                "Lower InstanceCount."
            )
        with changing(self._claims) as claims:
            claim = claims.setdefault(group, {"block": "", "members": []})
            claim["block"] = claim["block"] or self._free(group, {other["block"] for other in claims.values()})
            if member not in claim["members"]:
                claim["members"].append(member)
            return [f"{claim['block']}.{FIRST + index}" for index in range(count)]

    def release(self, member: str) -> None:
        """Give up `member`'s hold; the block is free again when it was the last."""
        with changing(self._claims) as claims:
            for group, claim in list(claims.items()):
                claim["members"] = [other for other in claim["members"] if other != member]
                if not claim["members"]:
                    del claims[group]

    def _free(self, group: str, taken: set[str]) -> str:
        """A block that nobody holds here, and nobody listens in: other data directories have claims too."""
        taken = taken | _blocks_in_use()
        seed = hashlib.sha256(f"{self._directory}\0{group}".encode()).digest()
        start = int.from_bytes(seed[:4])
        for step in range(254 * 256):
            number = (start + step) % (254 * 256)
            block = f"127.{1 + number // 256}.{number % 256}"
            if block not in taken:
                return block
        raise StartError("All 65,024 loopback address blocks are taken. Delete jobs that ended long ago.")


def _blocks_in_use() -> set[str]:
    """The 127.A.B in which some process of this machine listens now; none where the kernel does not tell.

    Asked of the kernel directly, sock_diag(7), for listening sockets alone: /proc/net/tcp spells out every
    connection there is, which takes milliseconds on a busy machine.
    """
    wanted = struct.pack("=BBBxI48x", socket.AF_INET, socket.IPPROTO_TCP, 0, _LISTENING)
    header = struct.pack("=LHHLL", _HEADER + len(wanted), _SOCK_DIAG_BY_FAMILY, _REQUEST_DUMP, 0, 0)
    blocks: set[str] = set()
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG) as kernel:
            kernel.settimeout(1.0)
            kernel.send(header + wanted)
            while True:
                answer = kernel.recv(1 << 16)
                while len(answer) >= _HEADER:
                    size, kind = struct.unpack_from("=LH", answer)
                    if kind != _SOCK_DIAG_BY_FAMILY:  # the end of the list, or an error
                        return blocks
                    blocks.add(".".join(str(byte) for byte in answer[_SOURCE : _SOURCE + 3]))
                    answer = answer[(size + 3) & ~3 :]
    except OSError:
        return blocks
