"""DescribeClock, AdvanceClock: virtual time, for whoever wants to see a month pass."""

from __future__ import annotations

from typing import Any

from salvia.control import timekeeping
from salvia.control.call import Call, operation
from salvia.core.errors import validation_error


@operation("DescribeClock")
async def describe_clock(call: Call) -> dict[str, Any]:
    """Which clock this server has, and the time on it."""
    return {"Kind": call.world.settings.clock, "Now": call.clock.now()}


@operation("AdvanceClock")
async def advance_clock(call: Call) -> dict[str, Any]:
    """Let time pass at once: schedules, job time-outs, retention and bills follow.

    Signatures, credentials and leases stay on the wall clock. Raises ValidationException where the clock is not
    virtual.
    """
    if not timekeeping.is_virtual(call.world):
        raise validation_error("This server's time is the world's. `salvia up --clock virtual` lets it be advanced.")
    await timekeeping.advance(call.world, float(call.request["Seconds"]))
    return await describe_clock(call)
