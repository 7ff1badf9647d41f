"""When, and with which service, each access key was last used: what GetAccessKeyLastUsed tells.

A use is written down once a quarter of an hour for each key, not at every request: AWS's own figure is as
coarse. Source: IAM API reference, AccessKeyLastUsed.
"""

from __future__ import annotations

import asyncio

from salvia.control.world import World
from salvia.core.caller import Caller
from salvia.store import keys

_EVERY = 900.0  # seconds
_MOST_REMEMBERED = 4096


class Uses:
    """What one process has seen of each key; call `note` once a request's signature is proved."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._noted: dict[str, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def note(self, caller: Caller, service: str, region: str) -> None:
        """Remember a use; returns at once, the write follows."""
        key = caller.access_key
        now = self._world.clock.wall()
        if key is None or now - self._noted.get(key, 0.0) < _EVERY:
            return
        if len(self._noted) >= _MOST_REMEMBERED:
            self._noted.clear()
        self._noted[key] = now
        task = asyncio.ensure_future(self._world.db.write(lambda tx: keys.used(tx, key, now, service, region)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settled(self) -> None:
        """Wait until every use noted so far is written."""
        await asyncio.gather(*self._tasks)
