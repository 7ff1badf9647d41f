"""Curves made small. Expectations: what `salvia.studio.downsample` promises."""

from __future__ import annotations

import math
import random

import pytest

from salvia.studio.downsample import downsampled


@pytest.mark.parametrize("count", [0, 1, 5, 99, 100, 101, 102, 150, 1000, 12_345])
@pytest.mark.parametrize("most", [4, 5, 100])
def test_no_peak_is_lost_and_no_point_is_made_up(count: int, most: int) -> None:
    values = [random.Random(count).gauss(0, 1) for _ in range(count)]
    at = [float(number) for number in range(count)]
    shown_at, shown = downsampled(at, values, most)
    assert len(shown_at) == len(shown) <= max(most, 0)
    assert shown_at == sorted(set(shown_at))
    assert all(values[int(place)] == value for place, value in zip(shown_at, shown, strict=True))
    if count <= most:
        assert shown == values
    else:
        assert (shown_at[0], shown_at[-1]) == (0.0, count - 1.0)
        assert {min(values), max(values)} <= set(shown)


def test_what_is_no_number_breaks_nothing() -> None:
    shown_at, shown = downsampled([0.0, 1.0, 2.0, 3.0, 4.0, 5.0], [0.0, math.nan, 1.0, math.inf, 2.0, 3.0], 4)
    assert len(shown_at) == len(shown) <= 4
