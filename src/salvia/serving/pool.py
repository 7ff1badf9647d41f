"""The connections to one container: opened when needed, kept alive, bounded."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

from . import trust
from .wire import Taker, Wire

if TYPE_CHECKING:
    import ssl

MOST = 128  # connections of one process to one container
_WAITING = 2048  # requests that wait for one of them
_CONNECT_SECONDS = 5.0
_BUSY_SECONDS = 0.01  # until a listener whose queue is full is asked again


class Address(NamedTuple):
    """A unix socket of this machine, or host and port of any; with `tls`, as whose certificate is trusted there."""

    socket: str
    host: str = ""
    port: int = 0
    tls: ssl.SSLContext | None = None

    @classmethod
    def of(cls, content: Any) -> Address:
        """The address in a route: `{"socket": …}` or `{"host": …, "port": …}`."""
        return cls(content["socket"]) if "socket" in content else cls("", content["host"], int(content["port"]))

    async def connect(self, wire: Wire) -> None:
        """Connect. Raises OSError or TimeoutError."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(_CONNECT_SECONDS):
            if not self.socket:
                name = trust.NAME if self.tls else None
                await loop.create_connection(lambda: wire, self.host, self.port, ssl=self.tls, server_hostname=name)
                return
            while True:
                try:
                    await loop.create_unix_connection(lambda: wire, self.socket)
                    return
                except BlockingIOError:  # its queue is full: somebody listens, and is slow
                    await asyncio.sleep(_BUSY_SECONDS)


class _Asked(NamedTuple):
    request: bytes
    taker: Taker
    deadline: float
    alone: bool


class Pool:
    """Kept-alive connections, the last used first: those that nobody needs grow old and are closed by the server.

    `_shared` is one whose server takes several requests at once, and has some.
    """

    def __init__(self, address: Address, most: int = 0) -> None:
        self.address = address
        self.loop = asyncio.get_running_loop()
        self._most = most or MOST
        self.wires: set[Wire] = set()
        self._idle: list[Wire] = []
        self._shared: Wire | None = None
        self._waiting: deque[_Asked] = deque()
        self._connecting: set[asyncio.Task[None]] = set()
        self._closed = False

    def send(self, request: bytes, taker: Taker, deadline: float, *, alone: bool = False) -> None:
        """Send a request now, or once a connection is free; `alone`: on one of its own, since it may hold that up."""
        shared = self._shared
        if shared is not None and not alone and shared.room:
            shared.send(request, taker, deadline)
            return
        while self._idle:
            wire = self._idle.pop()
            if not wire.transport.is_closing():
                self._use(wire, _Asked(request, taker, deadline, alone))
                return
        if len(self._waiting) >= _WAITING:
            taker.lost("full", f"{_WAITING} requests wait for it already")
            return
        self._waiting.append(_Asked(request, taker, deadline, alone))
        if len(self.wires) + len(self._connecting) < self._most:
            task = self.loop.create_task(self._connect())
            self._connecting.add(task)
            task.add_done_callback(self._connecting.discard)

    def _use(self, wire: Wire, asked: _Asked) -> None:
        if wire.abreast > 1 and not asked.alone:
            self._shared = wire
        wire.send(asked.request, asked.taker, asked.deadline)

    def free(self, wire: Wire) -> None:
        """A connection has nothing to do."""
        if self._shared is wire:
            self._shared = None
        if self._waiting:
            self._use(wire, self._waiting.popleft())
            while self._waiting and wire is self._shared and wire.room and not self._waiting[0].alone:
                self._use(wire, self._waiting.popleft())
        elif self._closed:
            wire.transport.close()
        else:
            self._idle.append(wire)

    def gone(self, wire: Wire) -> None:
        """A connection is closed, or will be."""
        if self._shared is wire:
            self._shared = None
        self.wires.discard(wire)
        with contextlib.suppress(ValueError):
            self._idle.remove(wire)
        if self._waiting and not self._connecting:
            waiting = self._waiting.popleft()
            self.send(waiting.request, waiting.taker, waiting.deadline, alone=waiting.alone)

    def expire(self, now: float) -> None:
        """Give up what was to be answered by now."""
        for wire in [one for one in self.wires if one.taker is not None and one.deadline <= now]:
            wire.fail("late", "it did not answer in time")
        while self._waiting and self._waiting[0].deadline <= now:
            self._waiting.popleft().taker.lost("late", "no connection to it was free in time")

    def close(self) -> None:
        """Take no more: what is under way is finished."""
        self._closed = True
        for wire in self._idle:
            wire.transport.close()
        self._idle.clear()

    async def _connect(self) -> None:
        wire = Wire(self)
        try:
            await self.address.connect(wire)
        except (OSError, TimeoutError) as wrong:
            # Whoever waits asks elsewhere; others that are connecting have the same to tell.
            if not self.wires:
                while self._waiting:
                    self._waiting.popleft().taker.lost("refused", f"nobody listens there: {wrong}")
            return
        self.wires.add(wire)
        self.free(wire)
