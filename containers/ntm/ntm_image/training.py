"""Mini-batches of documents of all hosts, up their evidence's lower bound.

A loss is that of a word: what a document's words and its divergence sum up to, divided by how many words it has, on
average over all words. exp(loss) bounds the perplexity from above.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from salvia_toolkit.algorithm.artefact import Artefact
from salvia_toolkit.algorithm.contract import Channel
from salvia_toolkit.algorithm.descent import arrays, together
from salvia_toolkit.algorithm.failures import ClientError
from salvia_toolkit.algorithm.files import of_channel
from salvia_toolkit.algorithm.log import say
from salvia_toolkit.algorithm.training import SEED, Algorithm, Job
from salvia_toolkit.cores import usable_cores
from salvia_toolkit.formats.matrix import Array

from .model import NAME
from .network import Network

_TOP = 20  # words of a topic in the log
_COMPARED = 10  # … of which topics should have their own
_VOCABULARY = "vocab.txt"
_RARE = 0.1  # is added to each word's count
_WARM = 0.3  # of the epochs; until then the divergence weighs less, or else mixtures would say nothing of documents
_OPTIMIZERS: dict[str, Any] = {
    "adadelta": lambda parameters, rate: torch.optim.Adadelta(parameters, lr=1.0),  # has no rate of its own
    "adagrad": lambda parameters, rate: torch.optim.Adagrad(parameters, lr=rate),
    "adam": lambda parameters, rate: torch.optim.Adam(parameters, lr=rate),
    "rmsprop": lambda parameters, rate: torch.optim.RMSprop(parameters, lr=rate),
    "sgd": lambda parameters, rate: torch.optim.SGD(parameters, lr=rate),
}


def vocabulary(channel: Channel, share: slice) -> Sequence[str]:
    """The words, in the order of the features."""
    files = of_channel(channel.name, channel.directory)
    found = next((file for file in files if file.path.name == _VOCABULARY), None)
    if found is None:
        held = ", ".join(file.name for file in files[:5]) or "no file"
        raise ClientError(f"Channel {channel.name!r} has {held}; the file with the vocabulary must be {_VOCABULARY}.")
    try:
        return found.bytes().decode("utf-8").splitlines()
    except UnicodeDecodeError as problem:
        raise found.wrong(f"is not UTF-8: {problem.reason}.") from problem


def train(job: Job) -> Artefact:
    """The network after its last epoch."""
    values = job.values
    words: Sequence[str] | None = job.tables.pop("auxiliary", None)
    if words is not None and len(words) != job.columns:
        raise ClientError(
            f"{_VOCABULARY} has {len(words)} words; feature_dim is {job.columns}. A line for each feature."
        )
    for name, table in job.tables.items():
        _check(job, name, table.features)
    torch.set_num_threads(usable_cores())
    torch.manual_seed(SEED)
    layers = [3 * values.num_topics, 2 * values.num_topics]
    if values.encoder_layers != ("auto",):
        if not all(one.isdigit() for one in values.encoder_layers):
            raise ClientError("Hyperparameter encoder_layers must be auto, or a list of numbers such as 60, 40.")
        layers = [int(one) for one in values.encoder_layers]
    network = Network(job.columns, values.num_topics, layers, values.encoder_layers_activation, values.batch_norm)
    _begin(job, network)
    torch.manual_seed(SEED + job.group.rank)  # what is drawn from here on is each host's own
    _descend(job, network)
    if "test" in job.tables:
        _measured(job, network, "test")
    found = {name: one for name, one in arrays(network).items() if "num_batches" not in name}
    _say_topics(job, found["topics.weight"].T, words)
    return _artefact(values, network, found, len(layers))


def _begin(job: Job, network: Network) -> None:
    """Let each word be as common as it is in the training data."""
    counts = job.group.total(np.asarray(job.train.features.sum(axis=0), np.float64).ravel()) + _RARE
    with torch.no_grad():
        network.topics.bias.copy_(torch.from_numpy(np.log(counts / counts.sum())))


def _descend(job: Job, network: Network) -> None:
    values = job.values
    parameters = list(network.parameters())
    optimizer = _OPTIMIZERS[values.optimizer](parameters, values.learning_rate)
    watched = "validation" if "validation" in job.tables else "train"
    losses: list[float] = []
    warm = max(1, round(values.epochs * _WARM))
    for epoch in range(values.epochs):
        network.train()
        lost = np.zeros(3)
        for chosen in job.batches(values.mini_batch_size, epoch):
            kept = chosen[: int(np.ceil(len(chosen) * values.sub_sample))]
            lost += _step(job, network, optimizer, parameters, kept, min(1.0, (epoch + 1) / warm))
        if not np.isfinite(lost).all():
            raise ClientError("The loss is infinite: learning_rate is too high. Lower it, or set clip_gradient.")
        found = _say(job, "train", lost, epoch)
        if watched != "train":
            found = _measured(job, network, watched, epoch)
        losses += [found] if epoch + 1 >= warm else []
        job.progress((epoch + 1) / values.epochs)
        patience = values.num_patience_epochs
        if len(losses) > patience:
            before = min(losses[:-patience])
            if (before - min(losses[-patience:])) / abs(before) < values.tolerance:
                say(f"The {watched} loss fell by less than {values.tolerance:g} in {patience} epochs: stopping early.")
                return


def _step(
    job: Job, network: Network, optimizer: Any, parameters: list[torch.Tensor], chosen: Array, weight: float
) -> Array:
    """One mini-batch of all hosts: its words, and the sums of their two losses. `weight` is the divergence's."""
    values, facts = job.values, (0.0, 0.0, 0.0)
    optimizer.zero_grad()
    if len(chosen) > (1 if values.batch_norm else 0):  # a document alone has no variance
        counts = _counts(job.train.features[chosen])
        lost, divergence = network(counts)
        (lost + weight * divergence).sum().backward()
        facts = (float(counts.sum()), float(lost.detach().sum()), float(divergence.detach().sum()))
    sums = together(job.group, parameters, facts)
    for one in parameters:
        assert one.grad is not None
        one.grad.mul_(values.rescale_gradient)
        if values.clip_gradient is not None:
            one.grad.clamp_(-values.clip_gradient, values.clip_gradient)
        one.grad.add_(one.detach(), alpha=values.weight_decay)
    optimizer.step()
    return sums


def _measured(job: Job, network: Network, channel: str, epoch: int | None = None) -> float:
    """The total loss of a channel, logged."""
    network.eval()
    table, sums = job.tables[channel], np.zeros(3)
    with torch.no_grad():
        for start in range(0, len(table), job.values.mini_batch_size):
            counts = _counts(table.features[start : start + job.values.mini_batch_size])
            lost, divergence = network(counts)
            sums += [float(counts.sum()), float(lost.sum()), float(divergence.sum())]
    return _say(job, channel, job.group.total(sums), epoch)


def _say(job: Job, channel: str, sums: Array, epoch: int | None) -> float:
    lost, divergence = sums[1:] / max(sums[0], 1)
    job.measured(channel, "recons", float(lost), epoch=epoch)
    job.measured(channel, "kld", float(divergence), epoch=epoch)
    job.measured(channel, "total_loss", float(lost + divergence), epoch=epoch)
    return float(lost + divergence)


def _counts(rows: Any) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(rows if isinstance(rows, np.ndarray) else rows.toarray(), np.float32))


def _check(job: Job, channel: str, features: Any) -> None:
    counts = features if isinstance(features, np.ndarray) else features.data
    if (counts < 0).any():
        raise ClientError(f"Channel {channel!r} has a negative value; features must be how often each word occurs.")
    if not job.group.total(np.array(counts.sum())):
        raise ClientError(f"Channel {channel!r} has no word that occurs.")


def _say_topics(job: Job, weights: Array, words: Sequence[str] | None) -> None:
    """The words that each topic has more of than others; and how much topics differ: the mean of 1 / the number of
    topics that share a word, over the first words of each ("topic uniqueness", Nan et al. 2019)."""
    if not job.group.leads:
        return
    best = np.argsort(-(weights - weights.mean(axis=0)), axis=1)
    top, times = best[:, :_COMPARED], np.bincount(best[:, :_COMPARED].ravel(), minlength=weights.shape[1])
    unique = (1 / times[top]).mean(axis=1)
    say(f"Topics (num_topics:{len(weights)}) [tu {unique.mean():.2f}]:")
    for own, row in zip(unique, best, strict=True):
        say(f"[{own:.2f}] {' '.join(words[word] if words else str(word) for word in row[:_TOP])}")


def _artefact(values: Any, network: Network, found: dict[str, Array], layers: int) -> Artefact:
    """Normalisation is part of a layer's weights."""
    kept = {"mean": found["mean.weight"], "mean_bias": found["mean.bias"]}
    kept |= {"topics": found["topics.weight"].T, "words": found["topics.bias"]}
    for at in range(layers):
        weights, bias = found[f"layers.{at}.weight"], found[f"layers.{at}.bias"]
        if network.norms is not None:
            own = f"norms.{at}"
            scale = found[f"{own}.weight"] / np.sqrt(found[f"{own}.running_var"] + network.norms[at].eps)
            bias = (bias - found[f"{own}.running_mean"]) * scale + found[f"{own}.bias"]
            weights = weights * scale[:, None]
        kept |= {f"weights_{at}": weights, f"bias_{at}": bias}
    return Artefact(
        {name: np.ascontiguousarray(one, np.float32) for name, one in kept.items()},
        {"encoder_layers_activation": values.encoder_layers_activation, "num_topics": values.num_topics},
    )


ALGORITHM = Algorithm(
    NAME, train, {"train": False, "validation": False, "test": False, "auxiliary": vocabulary}, sparse=True
)
