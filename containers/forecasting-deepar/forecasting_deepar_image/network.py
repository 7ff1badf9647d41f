"""The network as it is trained: layers of LSTM cells over the steps of windows, with zoneout, and a linear last layer.

`forecast` is the same network, a step at a time.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

_TIMID = 0.1


class Network(nn.Module):
    """Its parameters have the names of the arrays in the artefact."""

    def __init__(self, inputs: int, cells: int, layers: int, outputs: int, cards: list[int], embedding: int) -> None:
        super().__init__()
        self.cells, self.layers, self.categories = cells, layers, len(cards)
        width = inputs + embedding * len(cards)

        def add(name: str, *shape: int, bound: float) -> None:
            self.register_parameter(name, nn.Parameter(torch.empty(shape).uniform_(-bound, bound)))

        for at, count in enumerate(cards):
            add(f"embedding_{at}", count, embedding, bound=1 / embedding**0.5)
        bound = 1 / cells**0.5
        for layer in range(layers):
            add(f"inputs_{layer}", cells if layer else width, 4 * cells, bound=bound)
            add(f"hidden_{layer}", cells, 4 * cells, bound=bound)
            add(f"bias_{layer}", 4 * cells, bound=bound)
        add("out", cells + width, outputs, bound=bound)
        add("out_bias", outputs, bound=bound)

    def repeat(self, place: int) -> None:
        """Let the first of the last layer's numbers begin as about the input at `place`."""
        with torch.no_grad():
            self.out[: self.cells] *= _TIMID
            self.out[self.cells :] = 0
            self.out[self.cells + place, 0] = 1
            self.out_bias.zero_()

    def forward(self, inputs: Tensor, cats: Tensor, zoneout: float) -> Tensor:
        """The last layer's numbers for windows × steps."""
        count, steps = inputs.shape[:2]
        embedded = [getattr(self, f"embedding_{at}")[cats[:, at]] for at in range(self.categories)]
        fixed = [one[:, None, :].expand(-1, steps, -1) for one in embedded]
        below = torch.cat([inputs, *fixed], dim=2)
        first = below
        for layer in range(self.layers):
            drive = below @ getattr(self, f"inputs_{layer}") + getattr(self, f"bias_{layer}")
            weights = getattr(self, f"hidden_{layer}")
            hidden = memory = inputs.new_zeros(count, self.cells)
            found = []
            for step in range(steps):
                gates = drive[:, step] + hidden @ weights
                enter, forget, leave = torch.sigmoid(gates[:, : 3 * self.cells]).chunk(3, dim=1)
                memory_new = forget * memory + enter * torch.tanh(gates[:, 3 * self.cells :])
                hidden_new = leave * torch.tanh(memory_new)
                hidden, memory = _zoned(hidden, hidden_new, zoneout), _zoned(memory, memory_new, zoneout)
                found.append(hidden)
            below = torch.stack(found, dim=1)
        return torch.cat([below, first], dim=2) @ self.out + self.out_bias


def _zoned(before: Tensor, after: Tensor, rate: float) -> Tensor:
    """Each cell as it was before with probability `rate`. Source: Krueger et al., "Zoneout" (2016)."""
    if not rate:
        return after
    return torch.where(torch.rand_like(after) < rate, before, after)
