"""Files on a connection: the kernel moves their bytes, and nobody copies them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from salvia.core.http import FilePart, OpenFile

_AT_ONCE = 4 << 20  # bytes; the socket takes fewer


class Hand:
    """Sends files as the body of one response, whose head has been written."""

    def __init__(self, transport: asyncio.Transport, flow: FlowControl, cycle: RequestResponseCycle) -> None:
        self._transport, self._flow, self._cycle = transport, flow, cycle
        self._loop = asyncio.get_running_loop()

    async def send(self, parts: AsyncIterator[FilePart]) -> None:
        """Send them all. Raises ConnectionError, the connection closed, when the client has gone."""
        try:
            await self._hand_over(parts)
        except ConnectionError:
            self._transport.abort()
            raise

    async def _hand_over(self, parts: AsyncIterator[FilePart]) -> None:
        await self._alone()
        # The transport keeps its own descriptor, for which nobody else may wait.
        client = _Duplicate(self._transport.get_extra_info("socket").fileno())
        async for part in parts:
            await self._send(client, part)
            self._cycle.expected_content_length -= part.size

    async def _alone(self) -> None:
        """Wait until the transport has nothing of its own to write."""
        self._transport.set_write_buffer_limits(0)
        try:
            while self._transport.get_write_buffer_size() and not self._transport.is_closing():
                await self._flow.drain()
                await asyncio.sleep(0)
        finally:
            self._transport.set_write_buffer_limits()

    async def _send(self, client: _Duplicate, part: FilePart) -> None:
        file, position, left = part
        while left:
            if self._transport.is_closing():
                raise ConnectionAbortedError("The client has gone.")
            try:  # on a thread: what is not in memory comes from the disk
                sent = await asyncio.to_thread(_sendfile, client, file, position, min(left, _AT_ONCE))
            except BlockingIOError:
                await self._room(client.fileno())
                continue
            if not sent:
                raise EOFError(f"A file ends {left} bytes too early.")
            position += sent
            left -= sent

    async def _room(self, client: int) -> None:
        """Wait until the socket takes more."""
        ready = asyncio.Event()
        self._loop.add_writer(client, ready.set)
        try:
            await ready.wait()
        finally:
            self._loop.remove_writer(client)


class _Duplicate:
    """A descriptor of a socket. It closes itself when nobody has it any more: neither a task nor a thread."""

    __slots__ = ("_descriptor",)

    def __init__(self, descriptor: int) -> None:
        self._descriptor = -1
        self._descriptor = os.dup(descriptor)

    def __del__(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)

    def fileno(self) -> int:
        """Its number."""
        return self._descriptor


def _sendfile(client: _Duplicate, file: OpenFile, position: int, size: int) -> int:
    return os.sendfile(client.fileno(), file.fileno(), position, size)
