"""MiniRocket: series as how often each of many fixed convolutions of them is above some value.

In numpy, because the library that has it takes a quarter of a minute to be imported. Source: Dempster, Schmidt and
Webb, "MiniRocket: A Very Fast (Almost) Deterministic Transform for Time Series Classification", 2021.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

import numpy as np
from salvia_toolkit.formats.matrix import Array

LENGTH = 9  # of a kernel, and so of a series at least
_KERNELS = tuple(combinations(range(LENGTH), 3))  # where a kernel is 2; elsewhere it is -1
COUNT = len(_KERNELS)
_MOST = 1 << 22  # numbers at a time
_SAMPLE = 1000  # series that biases are found from


class Transform(NamedTuple):
    """What was fitted. A combination is a dilation and a kernel; in this order there are `biases` for each.

    `per_dilation` is how many of a combination, `channels` (combinations × channels) whether it has a channel.
    """

    dilations: Array
    per_dilation: Array
    channels: Array
    biases: Array

    def features(self, series: Array) -> Array:
        """A row for each of the series (series × channels × values), float32."""
        rows = max(1, _MOST // (series[0].size * LENGTH)) if len(series) else 1
        parts = [self._of(series[start : start + rows]) for start in range(0, len(series), rows)]
        return np.concatenate(parts) if parts else np.empty((0, len(self.biases)), np.float32)

    def _of(self, series: Array) -> Array:
        found = np.empty((len(series), len(self.biases)), np.float32)
        at = 0
        for index, convolved in _convolved(series, self.dilations, self.channels):
            count = int(self.per_dilation[index])
            above = convolved[:, None, :] > self.biases[at : at + count, None]
            found[:, at : at + count] = np.count_nonzero(above, axis=-1) / convolved.shape[-1]
            at += count
        return found


def fitted(series: Array, features: int, most: int, seed: int) -> Transform:
    """Find what to compare with: quantiles of the convolutions of series that are drawn for it."""
    drawn = np.random.default_rng(seed)
    series = series[drawn.permutation(len(series))[:_SAMPLE]]
    dilations, per_dilation = _dilations(series.shape[-1], features // COUNT, most)
    channels = _channels(series.shape[1], len(dilations) * COUNT, drawn)
    quantiles = np.arange(1, COUNT * int(per_dilation.sum()) + 1) * ((np.sqrt(5) + 1) / 2) % 1
    biases: list[Array] = []
    for at, (index, convolved) in enumerate(
        _convolved(series, dilations, channels, drawn.integers(len(series), size=len(channels)))
    ):
        assert at // COUNT == index
        start = sum(map(len, biases))
        biases.append(np.quantile(convolved[0], quantiles[start : start + int(per_dilation[index])]))
    return Transform(dilations, per_dilation, channels, np.concatenate(biases).astype(np.float32))


def _dilations(length: int, features: int, most: int) -> tuple[Array, Array]:
    """The dilations of each kernel, from 1 to what the series has room for, and how many features each makes."""
    count = min(features, most)
    largest = np.log2((length - 1) / (LENGTH - 1))
    dilations, times = np.unique(np.logspace(0, largest, count, base=2).astype(np.int64), return_counts=True)
    per_dilation = (times * (features / count)).astype(np.int64)
    rest = features - int(per_dilation.sum())
    per_dilation += rest // len(dilations) + (np.arange(len(dilations)) < rest % len(dilations))
    return dilations, per_dilation


def _channels(channels: int, combinations_: int, drawn: np.random.Generator) -> Array:
    """Which channels each combination adds up: one of them, more rarely several, nine at most."""
    chosen = np.zeros((combinations_, channels), bool)
    for row in chosen:
        row[drawn.choice(channels, int(2 ** drawn.uniform(0, np.log2(min(channels, LENGTH) + 1))), replace=False)] = (
            True
        )
    return chosen


def _convolved(
    series: Array, dilations: Array, channels: Array, only: Array | None = None
) -> Iterator[tuple[int, Array]]:
    """Of each combination the index of its dilation, and series × values; `only`: of one series for each."""
    length = series.shape[-1]
    at = 0
    for index, dilation in enumerate(dilations.tolist()):
        reach = dilation * (LENGTH // 2)
        padded = np.pad(series, ((0, 0), (0, 0), (reach, reach)))
        shifted = np.stack([padded[..., step * dilation : step * dilation + length] for step in range(LENGTH)])
        everywhere = -shifted.sum(axis=0)
        for number, (first, second, third) in enumerate(_KERNELS):
            chosen = np.flatnonzero(channels[at])
            rows = slice(None) if only is None else slice(only[at], only[at] + 1)
            found = everywhere[rows][:, chosen] + 3 * (
                shifted[first, rows][:, chosen] + shifted[second, rows][:, chosen] + shifted[third, rows][:, chosen]
            )
            added = found.sum(axis=1)
            # every second combination leaves out the ends, where the kernel reaches beyond the series
            yield index, added[:, reach : length - reach] if (index + number) % 2 else added
            at += 1
