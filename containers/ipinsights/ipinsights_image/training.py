"""Vectors that tell pairs that were observed from pairs that were made up, by Adam on mini-batches of all hosts.

Only those rows of the tables move that a mini-batch of any host touches.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import torch
from salvia_toolkit.algorithm.artefact import Artefact
from salvia_toolkit.algorithm.descent import together
from salvia_toolkit.algorithm.failures import ClientError
from salvia_toolkit.algorithm.log import say
from salvia_toolkit.algorithm.measures import roc_auc
from salvia_toolkit.algorithm.training import SEED, Algorithm, Job
from salvia_toolkit.cores import usable_cores
from salvia_toolkit.formats.matrix import Array
from torch import Tensor
from torch.nn import functional

from .logins import Logins, load
from .model import NAME
from .vectors import BITS, ROWS, Vectors, bits, rows_of_entities, rows_of_prefixes

_MOST = 500  # negative samples of a pair
_TABLES = ("entities", "prefixes")
_SPREAD = 0.1  # of the vectors at the beginning


def check(values: SimpleNamespace) -> None:
    """Raise ClientError where there are no negative samples, or too many."""
    rates = values.random_negative_sampling_rate + values.shuffled_negative_sampling_rate
    if not 1 <= rates <= _MOST:
        raise ClientError(
            f"random_negative_sampling_rate and shuffled_negative_sampling_rate are {rates} together; they must be "
            f"from 1 to {_MOST}."
        )


def train(job: Job) -> Artefact:
    """The vectors after the last epoch."""
    values = job.values
    torch.set_num_threads(usable_cores())
    parameters = _begun(values)
    tables = [parameters[name] for name in _TABLES]
    others = [one for name, one in parameters.items() if name not in _TABLES]
    steps = [torch.optim.SparseAdam(tables, lr=values.learning_rate), torch.optim.Adam(others, lr=values.learning_rate)]
    done = 0
    for epoch in range(values.epochs):
        lost = np.zeros(2)
        random = np.random.default_rng([SEED, epoch, job.group.rank])
        for chosen in job.batches(values.mini_batch_size, epoch):
            lost += _step(job, parameters, steps, _sampled(job.train[chosen], values, random))
            done += 1
            if done % values.batch_metrics_publish_interval == 0:
                say(f"Epoch {epoch}, mini-batch {done}: loss {lost[1] / max(lost[0], 1):.6g}")
        mean = float(lost[1] / max(lost[0], 1))
        if not np.isfinite(mean):
            raise ClientError("The loss is infinite: learning_rate is too high. Lower it.")
        job.measured("train", "binary_classification_cross_entropy", mean, epoch=epoch)
        job.progress((epoch + 1) / values.epochs)
        if "validation" in job.tables:
            _measured(job, parameters, epoch)
    return Artefact({name: one.detach().numpy() for name, one in parameters.items()})


def _begun(values: SimpleNamespace) -> dict[str, Tensor]:
    torch.manual_seed(SEED)
    width = values.vector_dim
    shapes = {"entities": (values.num_entity_vectors, width), "prefixes": (ROWS, width), "bits": (BITS, width)}
    found = {name: torch.randn(shape) * _SPREAD for name, shape in shapes.items()}
    found["bias"] = torch.zeros(width)
    for at in range(values.num_ip_encoder_layers):
        found |= {f"weights_{at}": torch.randn(width, width) / width**0.5, f"bias_{at}": torch.zeros(width)}
    return {name: one.requires_grad_() for name, one in found.items()}


def _sampled(logins: Logins, values: SimpleNamespace, random: np.random.Generator) -> tuple[Logins, Array]:
    """The pairs, then made-up ones with the same entities: with addresses at random, and with those of other pairs; and
    whether each was observed."""
    rates = values.random_negative_sampling_rate, values.shuffled_negative_sampling_rate
    drawn = random.integers(0, 1 << 32, (rates[0], len(logins)), np.uint32, endpoint=False)
    shuffled = [random.permutation(logins.addresses) for _ in range(rates[1])]
    addresses = [logins.addresses, *drawn, *shuffled]
    every = Logins(np.tile(logins.entities, len(addresses)), np.concatenate(addresses))
    return every, np.arange(len(every)) < len(logins)


def _step(
    job: Job, parameters: dict[str, Tensor], steps: list[torch.optim.Optimizer], sampled: tuple[Logins, Array]
) -> Array:
    """A step of all hosts; how many pairs there were, and the sum of their losses."""
    logins, observed = sampled
    own = {
        "entities": rows_of_entities(logins.entities, job.values.num_entity_vectors),
        "prefixes": rows_of_prefixes(logins.addresses),
    }
    touched = {name: np.unique(job.group.gather(np.unique(rows))) for name, rows in own.items()}
    dense = {name: one for name, one in parameters.items() if name not in _TABLES}
    moved = {name: parameters[name].detach()[rows].requires_grad_() for name, rows in touched.items()}
    for one in dense.values():
        one.grad = None
    places = {name: torch.from_numpy(np.searchsorted(touched[name], rows)) for name, rows in own.items()}
    entities = moved["entities"][places["entities"]]
    hidden = torch.from_numpy(bits(logins.addresses)) @ dense["bits"] + dense["bias"]
    hidden = hidden + moved["prefixes"][places["prefixes"]].sum(dim=1)
    for at in range(job.values.num_ip_encoder_layers):
        hidden = hidden + torch.tanh(hidden @ dense[f"weights_{at}"] + dense[f"bias_{at}"])
    scores, labels = (entities * hidden).sum(dim=1), torch.from_numpy(observed.astype(np.float32))
    lost = functional.binary_cross_entropy_with_logits(scores, labels, reduction="sum")
    lost.backward()  # type: ignore[no-untyped-call]
    every = [*moved.values(), *dense.values()]
    sums = together(job.group, every, (len(logins), float(lost.detach())))
    for one in every:
        assert one.grad is not None
        one.grad.add_(one.detach(), alpha=job.values.weight_decay)
    for name, rows in touched.items():
        table = parameters[name]
        table.grad = torch.sparse_coo_tensor(torch.from_numpy(rows)[None], moved[name].grad, table.shape)
    for step in steps:
        step.step()
    return sums


def _measured(job: Job, parameters: dict[str, Tensor], epoch: int) -> None:
    """How well pairs of the channel are told from made-up ones: the same ones each time."""
    random = np.random.default_rng([SEED, job.group.rank])
    logins, observed = _sampled(job.tables["validation"], job.values, random)
    entities, addresses = Vectors({name: one.detach().numpy() for name, one in parameters.items()}).of(logins)
    scores = job.group.gather((entities * addresses).sum(axis=1))
    found = roc_auc(scores, job.group.gather(observed.astype(np.float64)))
    job.measured("validation", "discriminator_auc", found, "score", epoch)


ALGORITHM = Algorithm(NAME, train, {"train": load, "validation": load}, check)
