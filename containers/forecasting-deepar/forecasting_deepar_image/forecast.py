"""Forecasts: sample paths, each step drawn from the distribution that the network makes of the steps before it.

The network of `network`, by numpy: a model server starts without torch.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from salvia_toolkit.formats.matrix import Array

from .likelihoods import sample
from .series import Series
from .windows import Shape, Windows

_ROWS = 20_000  # sample paths at a time


class Forecaster:
    """A trained network; `arrays` are its parameters."""

    def __init__(self, shape: Shape, likelihood: str, zoneout: float, arrays: dict[str, Array]) -> None:
        self.shape, self.likelihood, self.zoneout, self.arrays = shape, likelihood, zoneout, arrays
        self._layers = sum(name.startswith("hidden_") for name in arrays)
        self._cells = arrays["hidden_0"].shape[0]
        self.cards = tuple(len(arrays[f"embedding_{at}"]) for at in range(sum("embedding" in name for name in arrays)))

    def paths(self, series: Sequence[Series], samples: int, random: np.random.Generator) -> Array:
        """Series × samples × steps: what may come after the end of each."""
        chunk = max(1, _ROWS // samples)
        parts = [self._paths(series[at : at + chunk], samples, random) for at in range(0, len(series), chunk)]
        return np.concatenate(parts) if parts else np.empty((0, samples, self.shape.horizon))

    def _paths(self, series: Sequence[Series], samples: int, random: np.random.Generator) -> Array:
        shape = self.shape
        windows = Windows(shape, series, after=shape.horizon)
        every = np.arange(len(series))
        scales = windows.scales(every, windows.lengths)
        ends = windows.starts + windows.lengths
        states = [(np.zeros((len(series), self._cells)),) * 2 for _ in range(self._layers)]
        embedded = self._embedded(series)
        for step in range(-shape.context, 0):
            places = ends + step
            inputs = np.concatenate((windows.given(places, scales), embedded), axis=1)
            _, states = self._step(inputs, states)
        # From here on each path has values of its own.
        states = [(np.repeat(hidden, samples, axis=0), np.repeat(memory, samples, axis=0)) for hidden, memory in states]
        embedded, wide = np.repeat(embedded, samples, axis=0), np.repeat(scales, samples)
        size = np.log(wide)[:, None]
        paths = np.empty((len(series) * samples, shape.horizon))
        known = np.repeat(~windows.missing[ends - 1], samples)
        for step in range(shape.horizon):
            back = step - shape.lags
            past = np.repeat(windows.filled[ends[:, None] + back[back < 0]], samples, axis=0)
            lagged = np.concatenate((paths[:, back[back >= 0]], past), axis=1) / wide[:, None]
            given = np.repeat(windows.inputs[ends + step], samples, axis=0)
            inputs = np.concatenate((lagged, known[:, None], given, size, embedded), axis=1)
            raw, states = self._step(inputs, states)
            paths[:, step] = sample(self.likelihood, raw, wide, random)
            known = np.ones(len(paths), bool)
        return paths.reshape(len(series), samples, shape.horizon)

    def _embedded(self, series: Sequence[Series]) -> Array:
        """The embeddings of each one's categories."""
        cats = np.array([one.cat for one in series], np.int64).reshape(len(series), len(self.cards))
        own = [self.arrays[f"embedding_{at}"][cats[:, at]] for at in range(len(self.cards))]
        return np.concatenate((np.empty((len(series), 0)), *own), axis=1)

    def _step(self, inputs: Array, states: list[tuple[Array, Array]]) -> tuple[Array, list[tuple[Array, Array]]]:
        inputs = inputs.astype(np.float32)
        below, after = inputs, []
        for layer, (hidden, memory) in enumerate(states):
            gates = below @ self.arrays[f"inputs_{layer}"] + hidden.astype(np.float32) @ self.arrays[f"hidden_{layer}"]
            gates += self.arrays[f"bias_{layer}"]
            enter, forget, leave = np.split(_sigmoid(gates[:, : 3 * self._cells]), 3, axis=1)
            memory_new = forget * memory + enter * np.tanh(gates[:, 3 * self._cells :])
            hidden_new = leave * np.tanh(memory_new)
            # What zoneout is on average.
            memory = memory_new + self.zoneout * (memory - memory_new)
            below = hidden_new + self.zoneout * (hidden - hidden_new)
            after.append((below, memory))
        raw = np.concatenate((below, inputs), axis=1) @ self.arrays["out"] + self.arrays["out_bias"]
        return raw.astype(np.float64), after


def _sigmoid(values: Array) -> Array:
    return 0.5 * (1 + np.tanh(0.5 * values))
