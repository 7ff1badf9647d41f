"""Virtual time, shared by all processes: how far it is ahead stands in the database, and each follows it.

    AdvanceClock ─▶ one document ─▶ every process looks at it, ten times a second
                 └▶ whatever waits for a moment is due now, and looks at the clock again

Only `salvia up --clock virtual` knows it; elsewhere both hands of the clock are one.
"""

from __future__ import annotations

import asyncio
import logging

from salvia.store import documents, leases
from salvia.store.db import Reader, Transaction
from salvia.store.documents import Document

from .world import World

KIND = "salvia:Clock"
_LOOK = 0.1  # seconds between looks
_log = logging.getLogger("salvia.clock")


def is_virtual(world: World) -> bool:
    """Whether this server's time can be advanced."""
    return world.settings.clock == "virtual"


def ahead(db: Reader) -> float:
    """By how many seconds virtual time is ahead of the world's."""
    kept = documents.find(db, KIND, "", "", "clock")
    return float(kept.spec["ahead"]) if kept else 0.0


async def advance(world: World, seconds: float) -> None:
    """Move virtual time forward, durably; when it returns, every process has had the time to follow."""

    def work(tx: Transaction) -> float:
        documents.insert(tx, Document(KIND, "", "", "clock", spec={"ahead": 0.0}))
        kept = documents.find(tx, KIND, "", "", "clock")
        assert kept is not None
        kept.spec["ahead"] += seconds
        documents.update(tx, kept)
        leases.wake_all(tx, world.clock.wall())
        return float(kept.spec["ahead"])

    world.clock.reach(await world.write(work))
    await asyncio.sleep(2 * _LOOK)


def catch_up(world: World) -> None:
    """Set this process's clock to where the database says."""
    if is_virtual(world):
        world.clock.reach(ahead(world.db.read()))


def moved(world: World, tx: Transaction, since: float) -> bool:
    """Whether somebody moved the clock that was `since` seconds ahead: what was reckoned by it is not as far off."""
    return is_virtual(world) and ahead(tx) > since


async def follow(world: World) -> None:
    """Keep this process's clock where the database says, for ever; returns at once where time is not virtual."""
    while is_virtual(world):
        try:
            catch_up(world)
        except Exception:
            _log.exception("cannot read the clock", extra={"event": "clock-unread"})
        await asyncio.sleep(_LOOK)


async def passed(world: World, seconds: float) -> None:
    """Return when `seconds` of virtual time have passed."""
    until = world.clock.now() + seconds
    while True:
        left = until - world.clock.now()
        if left <= 0:
            return
        await asyncio.sleep(min(left, _LOOK) if is_virtual(world) else left)
