"""Events are kept for 90 days. Source: CloudTrail user guide, "Working with CloudTrail event history"."""

from __future__ import annotations

from salvia.control.world import World
from salvia.store import events

_DAYS = 90
_REDELIVERY = 30 * 86_400.0  # seconds; AWS tries for as long where a bucket cannot be written to
_CHUNK = 500  # events a transaction: other writers wait no longer than that takes
_ABANDONED = 300.0  # seconds after which the note of a change that nothing followed is an event of its own


def oldest(now: float) -> float:
    """The moment from which on events are kept. `now` is virtual time."""
    return now - _DAYS * 86_400


async def sweep(world: World) -> None:
    """Make events of notes whose process died; delete what is too old. Several may run at once."""
    left = world.clock.wall() - _ABANDONED
    while await world.db.write(lambda tx: events.promote(tx, left, world.providers.trails(tx), _CHUNK)) == _CHUNK:
        pass
    before = oldest(world.clock.now())
    while await world.db.write(lambda tx: events.expire(tx, before, _CHUNK)) == _CHUNK:
        pass
    undelivered = world.clock.now() - _REDELIVERY
    await world.db.write(lambda tx: events.give_up(tx, undelivered))
