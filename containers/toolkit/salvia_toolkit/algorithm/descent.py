"""Networks of torch that several hosts train as one: each takes the same steps, down the sum of all hosts' slopes.

Only images that have torch import this.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from ..formats.matrix import Array
from .hosts import Group


def together(group: Group, parameters: Sequence[torch.Tensor], facts: Sequence[float]) -> Array:
    """Put the sum of all hosts' slopes into each parameter's `grad`, where this host left its own, if it has any;
    return the sums of the facts, of which the first is what slopes are divided by: how much there was."""
    own = [np.zeros(one.numel()) if one.grad is None else one.grad.numpy().ravel() for one in parameters]
    sums = group.total(np.concatenate([np.asarray(facts, np.float64), *own]))
    slope = torch.from_numpy(sums[len(facts) :] / max(sums[0], 1e-300)).float()
    for one, part in zip(parameters, slope.split([one.numel() for one in parameters]), strict=True):
        one.grad = part.reshape(one.shape)
    return sums[: len(facts)]


def arrays(network: torch.nn.Module) -> dict[str, Any]:
    """The parameters and buffers, by name, as they are now."""
    return {name: one.detach().numpy().copy() for name, one in network.state_dict().items()}
