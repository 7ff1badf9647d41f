"""Run by a Python with torch and scipy: asserts that DeepAR's two networks agree, and its likelihoods with scipy."""

from datetime import datetime

import numpy as np
import torch
from forecasting_deepar_image import likelihoods
from forecasting_deepar_image.calendar import Frequency
from forecasting_deepar_image.forecast import Forecaster
from forecasting_deepar_image.network import Network
from forecasting_deepar_image.series import Series
from forecasting_deepar_image.windows import Shape, Windows
from scipy import stats

random = np.random.default_rng(0)
torch.manual_seed(0)


def positive(values):
    return np.logaddexp(0, values) + 1e-6


def distribution(name, raw, scale):
    """By scipy, of values as they are."""
    if name == "gaussian":
        return stats.norm(raw[0] * scale, positive(raw[1]) * scale)
    if name == "student-T":
        return stats.t(2 + positive(raw[2]), raw[0] * scale, positive(raw[1]) * scale)
    if name == "beta":
        return stats.beta(positive(raw[0]), positive(raw[1]))
    mean, spread = positive(raw[0]) * scale, positive(raw[1]) / np.sqrt(scale)
    return stats.nbinom(1 / spread, 1 / (1 + spread * mean))


for name, values in {
    "gaussian": [-3.0, 0.5, 40.0],
    "student-T": [-3.0, 0.5, 40.0],
    "beta": [0.2, 0.5, 0.9],
    "negative-binomial": [0.0, 3.0, 40.0],
}.items():
    raw, scale = random.normal(0, 1, likelihoods.PARAMETERS[name]), 7.0
    expected = distribution(name, raw, scale)
    likely = expected.logpmf(values) if name == "negative-binomial" else expected.logpdf(values)
    given = torch.tensor(values, dtype=torch.float64)
    found = likelihoods.loss(name, torch.tensor(np.tile(raw, (3, 1))), given, torch.full((3,), scale).double())
    assert np.allclose(found.numpy(), -likely, rtol=1e-3), (name, found, -likely)
    drawn = likelihoods.sample(name, np.tile(raw, (40_000, 1)), np.full(40_000, scale), random)
    for level in (0.1, 0.5, 0.9):
        below = (drawn <= expected.ppf(level)).mean()
        exact = expected.cdf(expected.ppf(level))
        assert abs(below - exact) < 0.01, (name, level, below, exact)

shape = Shape(Frequency.of("M"), 5, 4, np.array([0.5]), np.array([2.0]), True)
starts = [datetime.fromisoformat(text) for text in ("2001-11-01", "1999-02-01")]
series = [
    Series(starts[0], random.normal(100, 5, 60), (1,), random.normal(0, 1, (1, 64)), ValueError),
    Series(starts[1], random.normal(10, 1, 3), (0,), random.normal(0, 1, (1, 7)), ValueError),
]
series[0].target[[20, 57, 59]] = np.nan
network = Network(len(shape.lags) + 1 + shape.known + 1, 8, 2, 1, [2], 3).eval()
arrays = {name: one.detach().numpy() for name, one in network.named_parameters()}
forecaster = Forecaster(shape, "deterministic-L1", 0.0, arrays)
paths = forecaster.paths(series, 2, random)
assert np.array_equal(paths[:, 0], paths[:, 1])
assert np.allclose(paths[0, 0], forecaster.paths(series[:1], 1, random)[0, 0])  # whoever else is asked for

# With the forecasts as if they had been observed, the network of training says the same of each step.
for one, path in zip(series, paths[:, 0], strict=True):
    seen = Series(one.start, np.concatenate([one.target, path]), one.cat, one.dynamic, ValueError)
    windows, which = Windows(shape, [seen]), np.array([0])
    at = np.array([len(one)])
    scale = windows.scales(which, at)
    places = (windows.starts + at)[:, None] + np.arange(-shape.context, shape.horizon)
    inputs = windows.given(places, np.broadcast_to(scale[:, None], places.shape))
    raw = network(torch.from_numpy(inputs), torch.tensor([one.cat]), 0.0)[0, -shape.horizon :, 0]
    assert np.allclose(raw.detach().numpy() * scale, path, rtol=1e-4), (raw * scale, path)

# Months and weekdays are where they belong.
months = Frequency.of("M").features(datetime.fromisoformat("2001-11-01"), 1, 1)
assert np.allclose(months, [[np.sin(2 * np.pi * 11 / 12), np.cos(2 * np.pi * 11 / 12)]])  # December
monday = Frequency.of("D").features(datetime.fromisoformat("2024-01-01"), 7, 1)[0, :2]
assert np.allclose(monday, [0, 1])
later = Frequency.of("30min").features(datetime.fromisoformat("2024-01-01 23:30"), 1, 1)[0, 2:6]
assert np.allclose(later, [0, 1, np.sin(2 * np.pi / 7), np.cos(2 * np.pi / 7)], atol=1e-6)  # midnight, Tuesday
