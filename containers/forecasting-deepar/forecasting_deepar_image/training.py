"""Windows at random places of all series, down the slope of their negative log-likelihood, with Adam."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from salvia_toolkit.algorithm.artefact import Artefact
from salvia_toolkit.algorithm.descent import arrays, together
from salvia_toolkit.algorithm.failures import ClientError
from salvia_toolkit.algorithm.log import say, warn
from salvia_toolkit.algorithm.training import SEED, Algorithm, Job
from salvia_toolkit.cores import usable_cores
from salvia_toolkit.formats.matrix import Array

from .calendar import Frequency
from .forecast import Forecaster
from .likelihoods import LOCATED, PARAMETERS, SCALED, loss
from .model import NAME, stored
from .network import Network
from .series import Series, fitted, load
from .windows import Shape, Windows

_STEEPEST = 10.0  # the norm that a slope is shortened to
_STEPS = 10  # of an epoch, at least
_ENOUGH = 100  # cells that are worth more than one core
_LAST = 0.01  # of the learning rate, in the last epoch


def train(job: Job) -> Artefact:
    """The network of the epoch with the lowest loss."""
    values = job.values
    torch.set_num_threads(1 if values.num_cells <= _ENOUGH else usable_cores())
    cards, features = _agreed(job)
    for name in job.tables:
        job.tables[name] = [fitted(one, cards, features, values.likelihood) for one in job.tables[name]]
    shape = _shape(job, features)
    torch.manual_seed(SEED)
    network = Network(
        len(shape.lags) + 1 + shape.known + 1,
        values.num_cells,
        values.num_layers,
        PARAMETERS[values.likelihood],
        list(cards),
        values.embedding_dimension,
    )
    if values.likelihood in LOCATED:
        network.repeat(shape.frequency.lags.index(shape.frequency.season))
    best, final = _trained(job, network, shape)
    job.measured("train", "final_loss", final)
    forecaster = Forecaster(shape, values.likelihood, values.dropout_rate, best)
    if "test" in job.tables:
        _test(job, forecaster)
    return stored(forecaster)


def check(values: SimpleNamespace) -> None:
    """Raise ClientError for a quantile that is none."""
    if any(float(one) == 0 for one in values.test_quantiles):
        raise ClientError("Hyperparameter test_quantiles: each must be between 0 and 1.")


def _agreed(job: Job) -> tuple[tuple[int, ...], int]:
    """The cardinality of each category, and how many dynamic features there are, on all hosts."""
    series: list[Series] = job.train
    mine: dict[str, Any] = {}
    if series:
        own = np.array([one.cat for one in series], np.int64).reshape(len(series), -1)
        mine = {"cards": (own.max(axis=0) + 1).tolist(), "features": series[0].features}
    facts = [one for one in job.group.exchange(mine) if one]
    if len({(len(one["cards"]), one["features"]) for one in facts}) > 1:
        raise ClientError("Channel 'train' has series with and without cat or dynamic_feat: all have it, or none.")
    given, wanted = job.values.cardinality, job.values.num_dynamic_feat
    cards = tuple(max(each) for each in zip(*(one["cards"] for one in facts), strict=True))
    features = facts[0]["features"]
    if given in (("ignore",), ("",)):
        cards = ()
    elif given != ("auto",):
        if not all(one.isdigit() for one in given):
            raise ClientError("Hyperparameter cardinality must be auto, ignore, or a list of numbers such as [2, 3].")
        cards = tuple(map(int, given))
    return cards, 0 if wanted in ("ignore", "") else features if wanted == "auto" else int(wanted)


def _shape(job: Job, features: int) -> Shape:
    """The dynamic features' means and deviations are those of all hosts."""
    values = job.values
    rows = np.concatenate([np.empty((features, 0)), *(one.dynamic for one in job.train if features)], axis=1)
    count, total = job.group.total(np.array([rows.shape[1]])), job.group.total(rows.sum(axis=1))
    center = total / count
    spread = np.sqrt(job.group.total(((rows - center[:, None]) ** 2).sum(axis=1)) / count)
    return Shape(
        Frequency.of(values.time_freq),
        values.context_length,
        values.prediction_length,
        center,
        np.where(spread > 0, spread, 1.0),
        values.likelihood in SCALED,
    )


def _trained(job: Job, network: Network, shape: Shape) -> tuple[dict[str, Array], float]:
    """The parameters after the best epoch, and its loss."""
    values = job.values
    series = [one for one in job.train if len(one) >= shape.horizon and not np.isnan(one.target).all()]
    count, points = job.group.total(np.array([len(series), sum(map(len, series))]))
    if not count:
        raise ClientError(
            f"No series of channel 'train' has as many values as prediction_length, {shape.horizon}. Lower it, or "
            "give longer series."
        )
    if count < job.rows["train"]:
        warn(f"{job.rows['train'] - int(count)} series are shorter than prediction_length and not trained on.")
    windows = Windows(shape, series)
    cats = torch.tensor([one.cat for one in series], dtype=torch.long).reshape(len(series), network.categories)
    random = np.random.default_rng([SEED, job.group.rank])
    covered = (shape.context + shape.horizon) * values.mini_batch_size * len(job.group.hosts)
    steps = max(_STEPS, int(-(-points // covered)))
    say(f"{int(count)} series with {int(points)} values: {steps} mini-batches an epoch.")
    optimizer = torch.optim.Adam(network.parameters(), lr=values.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, values.epochs, values.learning_rate * _LAST)
    parameters = list(network.parameters())
    best, lowest, since = arrays(network), np.inf, 0
    for epoch in range(values.epochs):
        lost = np.zeros(2)
        for _ in range(steps):
            optimizer.zero_grad()
            own = _slope(network, windows, cats, values, random) if series else (0.0, 0.0)
            found = together(job.group, parameters, own)
            torch.nn.utils.clip_grad_norm_(parameters, _STEEPEST)
            optimizer.step()
            lost += found
        schedule.step()
        mean = float(lost[1] / max(lost[0], 1))
        if not np.isfinite(mean):
            raise ClientError("The loss is infinite: learning_rate is too high. Lower it.")
        job.measured("train", "loss", mean, epoch=epoch)
        job.progress((epoch + 1) / values.epochs)
        since += 1
        if mean < lowest:
            best, lowest, since = arrays(network), mean, 0
        if values.early_stopping_patience and since >= values.early_stopping_patience:
            say(f"No progress in {since} epochs: stopping early.")
            break
    return best, lowest


def _slope(
    network: Network, windows: Windows, cats: torch.Tensor, values: SimpleNamespace, random: np.random.Generator
) -> tuple[float, float]:
    """The slope of a mini-batch, left in the parameters; how many values it had, and the sum of their losses."""
    shape = windows.shape
    which = random.choice(len(windows.lengths), values.mini_batch_size, p=windows.lengths / windows.lengths.sum())
    most = windows.lengths[which] - shape.horizon
    at = random.integers(np.minimum(shape.context, most), most + 1)
    places = (windows.starts[which] + at)[:, None] + np.arange(-shape.context, shape.horizon)
    scales = np.broadcast_to(windows.scales(which, at)[:, None], places.shape)
    inputs = windows.given(places, scales)
    raw = network(torch.from_numpy(inputs), cats[which], values.dropout_rate).double()
    known = torch.from_numpy(~windows.missing[places])
    targets = torch.from_numpy(np.nan_to_num(windows.values[places]))
    lost = (loss(values.likelihood, raw, targets, torch.from_numpy(scales.copy())) * known).sum()
    lost.backward()  # type: ignore[no-untyped-call]
    return float(known.sum()), float(lost.detach())


def _test(job: Job, forecaster: Forecaster) -> None:
    """How well the last steps of each series are forecast from those before. Source: "Input/Output Interface for the
    DeepAR Algorithm", its equations of RMSE and weighted quantile loss."""
    horizon, quantiles = forecaster.shape.horizon, [float(one) for one in job.values.test_quantiles]
    series = [one for one in job.tables["test"] if len(one) > horizon]
    random = np.random.default_rng([SEED, job.group.rank])
    paths = forecaster.paths([one.without(horizon) for one in series], job.values.num_eval_samples, random)
    truth = np.array([one.target[-horizon:] for one in series]).reshape(-1, horizon)
    known = ~np.isnan(truth)
    off = (truth - paths.mean(axis=1))[known]
    losses = []
    for quantile in quantiles:
        under = (truth - np.quantile(paths, quantile, axis=1) if len(series) else truth)[known]
        losses.append(2 * np.maximum(quantile * under, (quantile - 1) * under).sum())
    sums = job.group.total(np.array([known.sum(), (off**2).sum(), np.abs(truth[known]).sum(), *losses]))
    if not sums[0]:
        warn(f"Channel 'test' has no series that is longer than prediction_length, {horizon}: nothing is tested.")
        return
    found = sums[3:] / max(sums[2], 1e-300)
    for quantile, one in zip(quantiles, found, strict=True):
        if job.group.leads:
            say(f"#test_score ({job.host}, wQuantileLoss[{quantile:g}]): {one:.12g}")
    job.measured("test", "RMSE", float(np.sqrt(sums[1] / sums[0])))
    job.measured("test", "mean_wQuantileLoss", float(found.mean()))


ALGORITHM = Algorithm(NAME, train, {"train": load, "test": load}, check)
