"""The worker of a gateway that sees to the requests of asynchronous endpoints: claims, leases, tries again.

Any gateway of the machine where an endpoint's instances are may do a request; one that expired, or whose endpoint is
gone, is ended by any. Docs: docs/async.md.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING

from salvia.core import ids
from salvia.store import backlog
from salvia.store.backlog import Claimed, Moment, Taken

from .inference import Inference
from .objects import Objects
from .outcome import Again
from .tally import Tally

if TYPE_CHECKING:
    from salvia.control.world import World

_log = logging.getLogger("salvia.serving")
_LEASE = 15.0  # seconds until a dead gateway's requests are taken over
_RENEW = _LEASE / 3
_AT_ONCE = 256  # requests of one gateway
_LOOK = (0.2, 1.0)  # seconds between looks: while something waits, and else
_AGAIN = (0.5, 30.0)  # seconds before another try, doubling with those that failed


class Backlog:
    """The requests that this process works on."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._look = asyncio.Event()
        self._working: dict[asyncio.Task[None], Claimed] = {}
        self._beside: list[asyncio.Task[None]] = []
        self._objects = Objects(world)
        self._tally = Tally(world)

    def start(self) -> None:
        """Work from now on, until the process ends."""
        self._beside = [asyncio.create_task(self._run()), asyncio.create_task(self._renew())]
        self._world.closers.append(self.close)

    def wake(self) -> None:
        """Look now: something was accepted."""
        self._look.set()

    async def close(self) -> None:
        """Let go of everything: others go on."""
        tasks = [*self._beside, *self._working]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._tally.close()

    async def _run(self) -> None:
        while not self._world.closing.is_set():
            self._look.clear()
            waiting = False
            try:
                waiting = not backlog.empty(self._world.db.read())
                if waiting:
                    await self._claim()
            except Exception:
                _log.exception("claiming failed", extra={"event": "backlog-failed"})
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._look.wait(), _LOOK[0] if waiting else _LOOK[1])

    async def _claim(self) -> None:
        world, db = self._world, self._world.db
        moment = Moment(world.node, db.read().now(), world.clock.now(), _AT_ONCE - len(self._working))
        if moment.limit <= 0 or not backlog.any_due(db.read(), moment):
            return
        token, until = ids.row_id(), moment.now + _LEASE
        for claimed in await db.write(lambda tx: backlog.claim(tx, moment, token, until)):
            task = asyncio.create_task(self._work(claimed))
            self._working[task] = claimed
            task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        del self._working[task]
        self._look.set()  # a slot is free

    async def _work(self, claimed: Claimed) -> None:
        try:
            await Inference(self._world, claimed, self._objects, self._tally).settle()
        except Taken:  # or this process itself has written the answer, just when its time was over
            _log.warning("lease lost", extra={"event": "invocation-taken", "invocation": claimed.id})
            await self._release(claimed, 0.0)
        except asyncio.CancelledError:
            await self._release(claimed, 0.0)
            raise
        except Again as again:
            extra = {"event": "invocation-again", "invocation": claimed.id, "cause": str(again)}
            _log.warning("an invocation is to be repeated", extra=extra)
            await self._release(claimed, _pause(claimed), attempts=int(again.counts))
        except Exception:
            _log.exception("an invocation failed", extra={"event": "invocation-failed", "invocation": claimed.id})
            await self._release(claimed, _pause(claimed), attempts=1)

    async def _release(self, claimed: Claimed, pause: float, *, attempts: int = 0) -> None:
        try:
            await self._world.db.write(lambda tx: backlog.release(tx, claimed, tx.now() + pause, attempts=attempts))
        except Exception:  # the disk is full, say: the lease runs out
            _log.exception("letting go failed", extra={"event": "backlog-failed", "invocation": claimed.id})

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(_RENEW)
            try:
                await self._hold({claimed.token for claimed in self._working.values()})
            except Exception:
                _log.exception("renewal failed", extra={"event": "renewal-failed"})

    async def _hold(self, tokens: set[str]) -> None:
        if tokens:
            await self._world.db.write(lambda tx: backlog.renew(tx, tokens, tx.now() + _LEASE))


def _pause(claimed: Claimed) -> float:
    return min(_AGAIN[0] * 2.0 ** int(claimed.row["attempts"]), _AGAIN[1])
