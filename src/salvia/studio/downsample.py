"""Curves with as many points as a screen can show, and every peak that they have.

Of each stretch of points the lowest and the highest stay, where they are. `min`, `max` and `index` run over slices
in C: a hundred thousand points take milliseconds, without numpy.
"""

from __future__ import annotations

from collections.abc import Sequence


def downsampled(at: Sequence[float], values: Sequence[float], most: int) -> tuple[list[float], list[float]]:
    """At most `most` of some points in the order of time, among them the first and the last."""
    count = len(values)
    if count <= most:
        return list(at), list(values)
    kept = [0]
    stretches = (most - 2) // 2
    for number in range(stretches):
        start, end = 1 + number * (count - 2) // stretches, 1 + (number + 1) * (count - 2) // stretches
        stretch = values[start:end]
        low, high = start + stretch.index(min(stretch)), start + stretch.index(max(stretch))
        kept += [low] if low == high else sorted((low, high))
    kept.append(count - 1)
    return [at[place] for place in kept], [values[place] for place in kept]
