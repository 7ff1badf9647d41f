"""What `time_freq` means: where each step is in time, what is derived from that, and which earlier steps matter.

Source: SageMaker developer guide, "How the DeepAR Algorithm Works", its table of derived features; the lags are those
of a few seasons, such as one, two and three days ago, which "DeepAR Hyperparameters" says may reach back a year.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from salvia_toolkit.formats.matrix import Array

PATTERN = re.compile(r"([1-9][0-9]*)?(M|W|D|H|min)")
_UNITS = {"M": "M", "W": "D", "D": "D", "H": "h", "min": "m"}
_LENGTHS = {"W": 7}  # of a step in its unit; others are 1
# In steps: what repeats itself, and how many times it is looked back at.
_SEASONS = {
    "M": ((12, 3),),
    "W": ((52, 2),),
    "D": ((7, 4), (365, 1)),
    "H": ((24, 7), (168, 4)),
    "min": ((60, 4), (1440, 2)),
}
_RECENT = 7  # of the last steps, each
_FEATURES = {
    "M": ("month",),
    "W": ("day of month", "week"),
    "D": ("day of week", "day of month", "day of year"),
    "H": ("hour", "day of week", "day of month", "day of year"),
    "min": ("minute", "hour", "day of week", "day of month", "day of year"),
}
_PERIODS = {
    "month": 12, "week": 53, "day of week": 7, "day of month": 31, "day of year": 366, "hour": 24, "minute": 60,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Frequency:
    """`multiple` steps of a `base` (M, W, D, H, min)."""

    multiple: int
    base: str

    @classmethod
    def of(cls, text: str) -> Frequency:
        """As the hyperparameter has it, such as 5min; its image.toml says what it may be."""
        found = PATTERN.fullmatch(text)
        assert found is not None, text
        return cls(int(found[1] or 1), found[2])

    @property
    def lags(self) -> tuple[int, ...]:
        """How many steps back the values are that the network sees, the nearest first: what was last, and what was a
        season ago, with its neighbours."""
        found = set(range(1, _RECENT + 1))
        for length, times in _SEASONS[self.base]:
            for time in range(1, times + 1):
                back = round(length * time / self.multiple)
                found |= {back - 1, back, back + 1}
        return tuple(sorted(lag for lag in found if lag > 0))

    @property
    def season(self) -> int:
        """How many steps the shortest season has."""
        return max(1, round(_SEASONS[self.base][0][0] / self.multiple))

    @property
    def width(self) -> int:
        """How many features a time has."""
        return 2 * len(_FEATURES[self.base])

    def features(self, start: datetime, first: int, count: int) -> Array:
        """Of `count` steps from the one that is `first` steps after `start`: each derived feature as a point of a
        circle, so that December is beside January."""
        unit, length = _UNITS[self.base], _LENGTHS.get(self.base, 1) * self.multiple
        steps = np.arange(first, first + count) * length
        times = np.datetime64(start.replace(tzinfo=None), "s").astype(f"M8[{unit}]") + steps.astype(f"m8[{unit}]")
        angles = [2 * np.pi * _values(times, name) / _PERIODS[name] for name in _FEATURES[self.base]]
        return np.stack([turn(angle) for angle in angles for turn in (np.sin, np.cos)], axis=1).astype(np.float32)


def _values(times: Array, name: str) -> Array:
    """Each from 0."""
    days = times.astype("M8[D]")
    if name == "month":
        return times.astype("M8[M]").astype(np.int64) % 12
    if name == "day of week":
        return (days.astype(np.int64) + 3) % 7  # 1970 began on a Thursday
    if name == "day of month":
        return (days - days.astype("M8[M]")).astype(np.int64)
    if name in ("day of year", "week"):
        return (days - days.astype("M8[Y]")).astype(np.int64) // (7 if name == "week" else 1)
    if name == "hour":
        return (times.astype("M8[h]") - days).astype(np.int64)
    return (times.astype("M8[m]") - times.astype("M8[h]")).astype(np.int64)
