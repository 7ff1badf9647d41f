"""How processes on one machine wake each other: a datagram that says only *look*.

A lost hint costs a poll interval, never work: what is due stands in the database.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import socket
from collections.abc import Callable
from pathlib import Path


class Hints:
    """Sockets in one folder, each named after its process; a sender writes to all of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._folder.mkdir(parents=True, exist_ok=True)
        # An address through /proc stays short however deep the data directory lies (the limit is 108 bytes).
        self._directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        self._sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._listener: socket.socket | None = None
        # Never a name of before: a sender that found a dead socket may be about to remove it.
        self._mine = f"{os.getpid()}-{secrets.token_hex(4)}.sock"

    def _address(self, name: str) -> str:
        return f"/proc/self/fd/{self._directory}/{name}"

    def listen(self, wake: Callable[[], None]) -> None:
        """Call `wake` on the running loop whenever another process, or this one, sends."""
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        listener.bind(self._address(self._mine))
        self._listener = listener

        def drain() -> None:
            with contextlib.suppress(BlockingIOError):
                while True:
                    listener.recv(16)
            wake()

        asyncio.get_running_loop().add_reader(listener, drain)

    def send(self) -> None:
        """Wake every listener of the folder; a full or dead one is passed over."""
        for name in os.listdir(self._directory):  # noqa: PTH208 (a folder by its descriptor)
            try:
                self._sender.sendto(b"!", self._address(name))
            except (ConnectionRefusedError, FileNotFoundError):
                with contextlib.suppress(FileNotFoundError):
                    (self._folder / name).unlink()
            except OSError:
                continue

    def close(self) -> None:
        """Leave the folder."""
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener)
            self._listener.close()
            with contextlib.suppress(FileNotFoundError):
                (self._folder / self._mine).unlink()
        self._sender.close()
        os.close(self._directory)
