"""How processes wake each other: a message that says only *look*.

A lost hint costs a poll interval, never work: what is due stands in the database.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from salvia.store.postgresql import PostgresDatabase

_TICK = 1_000_000_000  # nanoseconds, and generous: file systems keep time by the kernel's timer


class Wakes(Protocol):
    """What both ways offer."""

    def listen(self, wake: Callable[[], None]) -> None:
        """Call `wake` on the running loop whenever another process, or this one, sends."""

    def send(self) -> None:
        """Wake every listener."""

    def close(self) -> None:
        """Listen no more."""


class Notifications:
    """PostgreSQL's LISTEN and NOTIFY: wherever the others are."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database
        self._sending: asyncio.Task[None] | None = None
        self._again = False

    def listen(self, wake: Callable[[], None]) -> None:
        """Call `wake` on the running loop whenever another process, or this one, sends."""
        self._database.listen(wake)

    def send(self) -> None:
        """Wake every listener. Nobody waits for it; what comes while one is on its way is one more."""
        self._again = True
        if self._sending is None or self._sending.done():
            self._sending = asyncio.get_running_loop().create_task(self._send())

    async def _send(self) -> None:
        while self._again:
            self._again = False
            with contextlib.suppress(Exception):  # a lost hint; the database's own log says why
                await self._database.notify()

    def close(self) -> None:
        """The database closes what listens."""


class Hints:
    """Sockets in one folder, each named after its process; a sender writes to all of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._folder.mkdir(parents=True, exist_ok=True)
        # An address through /proc stays short however deep the data directory lies (the limit is 108 bytes).
        self._directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        self._sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._listener: socket.socket | None = None
        self._known: tuple[int, list[str]] = (-1, [])
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
        for name in self._names():
            try:
                self._sender.sendto(b"!", self._address(name))
            except (ConnectionRefusedError, FileNotFoundError):
                with contextlib.suppress(FileNotFoundError):
                    (self._folder / name).unlink()
            except OSError:
                continue

    def _names(self) -> list[str]:
        """The sockets in the folder, which is read again when it changed, or may have since within a clock's tick."""
        changed = os.fstat(self._directory).st_mtime_ns
        if changed != self._known[0] or time.time_ns() - changed < _TICK:
            self._known = changed, os.listdir(self._directory)  # noqa: PTH208 (a folder by its descriptor)
        return self._known[1]

    def close(self) -> None:
        """Leave the folder."""
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener)
            self._listener.close()
            with contextlib.suppress(FileNotFoundError):
                (self._folder / self._mine).unlink()
        self._sender.close()
        os.close(self._directory)
