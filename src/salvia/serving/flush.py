"""Writing what gathers in memory: a little after the first of it came, at once, and at the end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

_log = logging.getLogger("salvia.serving")


class Flush:
    """Calls `write`, once at a time, `seconds` after it was told that there is something to be written."""

    def __init__(self, seconds: float, write: Callable[[], Awaitable[None]]) -> None:
        self._seconds, self._write = seconds, write
        self._waiting: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()

    def soon(self) -> None:
        """There is something to be written. Returns at once."""
        if self._waiting is None:
            self._waiting = asyncio.get_running_loop().create_task(self._later())

    async def now(self) -> None:
        """Write what there is, after whatever is being written."""
        async with self._turn:
            await self._write()

    async def close(self) -> None:
        """Write what there is, for the last time."""
        if self._waiting is not None:
            self._waiting.cancel()
        await self.now()

    async def _later(self) -> None:
        await asyncio.sleep(self._seconds)
        async with self._turn:
            self._waiting = None
            try:
                await self._write()
            except Exception:
                _log.exception("what was gathered is lost", extra={"event": "flush-failed"})
