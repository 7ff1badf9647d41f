"""Time, with two hands.

*Wall* time is the world's: signatures, credentials, leases, transport. *Virtual* time is what job
time-outs, schedules and bills run on; it can be advanced, so that a month passes in seconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime


class Clock:
    """Both hands, in seconds since the epoch."""

    def __init__(self, wall: Callable[[], float] = time.time, offset: float = 0.0) -> None:
        self._wall = wall
        self._offset = offset

    def wall(self) -> float:
        """Seconds since the epoch, as everybody else counts them."""
        return self._wall()

    def now(self) -> float:
        """Virtual seconds since the epoch."""
        return self._wall() + self._offset

    @property
    def ahead(self) -> float:
        """By how many seconds virtual time is ahead of the wall's, as far as this process knows."""
        return self._offset

    def reach(self, offset: float) -> None:
        """Be `offset` seconds ahead of the wall, if it is not further already."""
        self._offset = max(self._offset, offset)

    def advance(self, seconds: float) -> None:
        """Move the virtual hand forward; it never goes back."""
        if seconds < 0:
            raise ValueError("Virtual time only moves forward.")
        self._offset += seconds


def timestamp(moment: float) -> datetime:
    """The aware datetime of `moment`, seconds since the epoch."""
    return datetime.fromtimestamp(moment, UTC)
