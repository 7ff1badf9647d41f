"""The training itself. Source: SageMaker developer guide, "TabTransformer", "TabTransformer hyperparameters"."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from salvia_toolkit.algorithm.failures import ClientError
from salvia_toolkit.algorithm.log import say
from salvia_toolkit.algorithm.measures import counts
from salvia_toolkit.algorithm.program import SEED
from salvia_toolkit.cores import usable_cores
from salvia_toolkit.formats.matrix import Array
from salvia_toolkit.tabular import problem
from salvia_toolkit.tabular.problem import Problem
from salvia_toolkit.tabular.table import Table
from salvia_toolkit.tabular.training import Algorithm, Job
from torch import Tensor, nn

from .model import keep, network, probabilities
from .scaling import Scaling

_DECAY = 1e-5
_AT_ONCE = 4096  # rows that are judged together, without learning
_AIMS = {
    problem.BINARY: ("f1", "binary cross entropy"),
    problem.MULTICLASS: ("accuracy", "cross entropy"),
    problem.REGRESSION: ("r2", "mean squared error"),
}


def train(job: Job) -> dict[str, Any]:
    """The network of the best epoch, as model.npz."""
    values = job.values
    metric, loss = _AIMS[job.problem.kind]
    torch.manual_seed(SEED)
    torch.set_num_threads(usable_cores())
    device = "cuda" if torch.cuda.is_available() else "cpu"
    shape = {
        "width": int(values.input_dim),
        "blocks": values.n_blocks,
        "attention_dropout": values.attn_dropout,
        "dropout": values.mlp_dropout,
        "shared": values.frac_shared_embed,
    }
    scaling = Scaling.of(job.train.features, job.features)
    target = _Target(job.problem, np.asarray(job.train.labels))
    net = network(job.problem, job.features, shape).to(device)
    say(f"torch {torch.__version__}, {sum(one.numel() for one in net.parameters())} parameters on {device}: {loss}.")
    rows = [one.to(device) for one in scaling.tensors(job.train.features, job.features)]
    labels = target.scaled(job.train.labels).to(device)
    optimizer = torch.optim.AdamW(net.parameters(), values.learning_rate, weight_decay=_DECAY)
    best, waited, kept = -np.inf, 0, net.state_dict()
    for epoch in range(values.n_epochs):
        net.train()
        total = 0.0
        for chosen in _batches(len(labels), values.batch_size, epoch, device):
            value = target.loss(net(*(one[chosen] for one in rows)), labels[chosen])
            optimizer.zero_grad()
            value.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            total += value.item() * len(chosen)
        said = f"epoch {epoch + 1}: loss={total / len(labels):.6f}"
        if not np.isfinite(total):
            raise ClientError("The loss is not finite: learning_rate is too high. Lower it.")
        if job.validation is None:
            say(said)
            kept = _state(net)
            continue
        measured, lost = _measured(net, target, scaling, job, job.validation, device)
        say(f"{said}, validation loss={lost:.6f}, metrics={{'{metric}': {measured:.6f}}}")
        waited = 0 if -lost > best else waited + 1
        if -lost > best:
            best, kept = -lost, _state(net)
        if waited >= values.patience:
            say(f"No improvement in {waited} epochs: training ends early.")
            break
    keep(job.directory, kept, scaling, target.mean, target.deviation)
    return shape


class _Target:
    """What is aimed at: classes, or a number that is scaled as its own labels are."""

    def __init__(self, posed: Problem, labels: Array) -> None:
        self.problem = posed
        self.mean, self.deviation = 0.0, 1.0
        if not posed.classifies:
            self.mean, self.deviation = float(labels.mean()), float(labels.std()) or 1.0

    def scaled(self, labels: Array) -> Tensor:
        if self.problem.kind == problem.MULTICLASS:
            return torch.from_numpy(np.asarray(labels, np.int64))
        return torch.from_numpy(((np.asarray(labels) - self.mean) / self.deviation).astype(np.float32))

    def loss(self, scores: Tensor, labels: Tensor) -> Tensor:
        if self.problem.kind == problem.MULTICLASS:
            return nn.functional.cross_entropy(scores, labels)
        if self.problem.kind == problem.BINARY:
            return nn.functional.binary_cross_entropy_with_logits(scores[:, 0], labels)
        return nn.functional.mse_loss(scores[:, 0], labels)


def _batches(rows: int, size: int, epoch: int, device: str) -> Iterator[Tensor]:
    order = np.random.default_rng([SEED, epoch]).permutation(rows)
    for start in range(0, rows, size):
        yield torch.from_numpy(order[start : start + size]).to(device)


def _state(net: nn.Module) -> dict[str, Tensor]:
    return {name: one.detach().cpu().clone() for name, one in net.state_dict().items()}


def _measured(
    net: nn.Module, target: _Target, scaling: Scaling, job: Job, table: Table, device: str
) -> tuple[float, float]:
    """The metric and the loss."""
    net.eval()
    with torch.inference_mode():
        rows = [one.to(device) for one in scaling.tensors(table.features, job.features)]
        scores = torch.cat([net(*(one[at : at + _AT_ONCE] for one in rows)) for at in range(0, len(table), _AT_ONCE)])
        scores = scores.cpu()
        lost = float(target.loss(scores, target.scaled(table.labels)))
    labels = np.asarray(table.labels)
    if job.problem.kind == problem.REGRESSION:
        wrong = scores[:, 0].numpy() * target.deviation + target.mean - labels
        return 1 - float((wrong**2).sum() / max(((labels - labels.mean()) ** 2).sum(), 1e-30)), lost
    guessed = probabilities(job.problem, scores).argmax(axis=1)
    if job.problem.kind == problem.BINARY:
        return float(counts(guessed, labels).f_beta()), lost
    return float((guessed == labels).mean()), lost


ALGORITHM = Algorithm("TabTransformer", train)
