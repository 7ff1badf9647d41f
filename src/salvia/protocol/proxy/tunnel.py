"""Bytes from one connection to another and back, untouched."""

from __future__ import annotations

import asyncio
from typing import Any, cast

_IDLE_SECONDS = 900.0


class Tunnel:
    """Two ends; when both have said their last, or one is lost, it is over.

    It is one of the server's `connections` meanwhile, so that a server that goes down ends it too.
    """

    def __init__(self, connections: set[Any]) -> None:
        self.near, self.far = _End(self), _End(self)
        self.near.other, self.far.other = self.far, self.near
        self._connections = connections
        self._connections.add(self)
        self._loop = asyncio.get_running_loop()
        self.heard = self._loop.time()
        self._watch = self._loop.call_later(_IDLE_SECONDS, self._look)

    def shutdown(self) -> None:
        """End it now."""
        self._watch.cancel()
        self._connections.discard(self)
        for end in (self.near, self.far):
            if end.transport is not None:
                end.transport.close()  # what is written still goes out

    def _look(self) -> None:
        quiet = self._loop.time() - self.heard
        if quiet >= _IDLE_SECONDS:
            for end in (self.near, self.far):
                if end.transport is not None:
                    end.transport.abort()
            self.shutdown()
        else:
            self._watch = self._loop.call_later(_IDLE_SECONDS - quiet, self._look)


class _End(asyncio.Protocol):
    """One end. What it hears, the other one says, no faster than that one can."""

    other: _End

    def __init__(self, tunnel: Tunnel) -> None:
        self._tunnel = tunnel
        self.transport: asyncio.Transport | None = None
        self._ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._tunnel.heard = asyncio.get_running_loop().time()
        if self.other.transport is not None:
            self.other.transport.write(data)

    def eof_received(self) -> bool:
        self._ended = True
        other = self.other.transport
        if self.other._ended or other is None or not other.can_write_eof():
            self._tunnel.shutdown()
            return False
        if not other.is_closing():
            other.write_eof()
        return True  # the other way stays open

    def pause_writing(self) -> None:
        if self.other.transport is not None and not self.other.transport.is_closing():
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other.transport is not None and not self.other.transport.is_closing():
            self.other.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self._tunnel.shutdown()
