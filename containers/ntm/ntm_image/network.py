"""An encoder of documents into the distribution of a Gaussian vector, whose softmax is the mixture of topics, and a
decoder of mixtures into words.

Source: Miao, Yu, Blunsom, "Neural Variational Inference for Text Processing" (2016), which AWS's guide names, and its
successor "Discovering Discrete Latent Topics with Neural Variational Inference" (2017): the Gaussian softmax.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

ACTIVATIONS = {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": torch.relu}


class Network(nn.Module):
    """Its parameters are the arrays of the artefact."""

    def __init__(self, words: int, topics: int, layers: Sequence[int], activation: str, normalised: bool) -> None:
        super().__init__()
        self._activation = ACTIVATIONS[activation]
        widths = [words, *layers]
        self.layers = nn.ModuleList(nn.Linear(one, two) for one, two in itertools.pairwise(widths))
        self.norms = nn.ModuleList(nn.BatchNorm1d(width) for width in layers) if normalised else None
        self.mean = nn.Linear(widths[-1], topics)
        self.spread = nn.Linear(widths[-1], topics)
        self.topics = nn.Linear(topics, words)
        nn.init.normal_(self.topics.weight)  # as wide as to tell topics apart from the beginning

    def forward(self, counts: Tensor) -> tuple[Tensor, Tensor]:
        """Of each document: how unlikely its words are, and the divergence of its vector from the prior; both in sum.

        While training the vector is drawn, else it is its mean.
        """
        hidden = torch.log1p(counts)
        for at, layer in enumerate(self.layers):
            hidden = layer(hidden)
            if self.norms is not None:
                hidden = self.norms[at](hidden)
            hidden = self._activation(hidden)
        mean, spread = self.mean(hidden), self.spread(hidden)  # spread: the logarithm of the variance
        drawn = mean + torch.randn_like(mean) * torch.exp(spread / 2) if self.training else mean
        words = functional.log_softmax(self.topics(torch.softmax(drawn, dim=1)), dim=1)
        divergence = 0.5 * (mean**2 + spread.exp() - 1 - spread).sum(dim=1)
        return -(counts * words).sum(dim=1), divergence
