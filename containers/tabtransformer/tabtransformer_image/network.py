"""The network: X. Huang, A. Khetan, M. Cvitkovic, Z. Karnin, "TabTransformer: Tabular Data Modeling Using Contextual
Embeddings" (2020).

A category becomes a vector, of which a share belongs to its column; transformer blocks let the columns' vectors see one
another; what they come to, and the numbers beside them, go through a perceptron. Where there are no categories, it is
the numbers that become vectors.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

_HEADS = 8


class TabTransformer(nn.Module):
    """`sizes` are how many values each category has, among them 0 for one that is missing or unknown."""

    def __init__(
        self,
        sizes: Sequence[int],
        numbers: int,
        outputs: int,
        *,
        width: int,
        blocks: int,
        attention_dropout: float,
        dropout: float,
        shared: float,
    ) -> None:
        super().__init__()
        columns = len(sizes) or numbers
        self.categorical = bool(sizes)
        self.own = round(width * (1 - shared)) if sizes else width  # of a vector, what belongs to the value alone
        if sizes:
            self.values = nn.Embedding(sum(sizes), self.own)
            self.columns = nn.Parameter(torch.randn(columns, width - self.own) * 0.1)
            self.register_buffer("starts", torch.tensor([0, *sizes[:-1]]).cumsum(0), persistent=False)
        else:
            self.slopes = nn.Parameter(torch.randn(numbers, width) * 0.1)
            self.offsets = nn.Parameter(torch.randn(numbers, width) * 0.1)
        self.blocks = nn.ModuleList(_Block(width, attention_dropout, dropout) for _ in range(blocks))
        wide = columns * width + (numbers if sizes else 0)
        hidden = min(4 * wide, 512)
        self.judge = nn.Sequential(
            nn.Linear(wide, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, hidden // 2),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden // 2, outputs),
        )

    def forward(self, categories: Tensor, numbers: Tensor) -> Tensor:
        """Scores: rows × outputs. `categories` are rows × columns, `numbers` rows × columns, scaled."""
        if self.categorical:
            own = self.values(categories + self.starts)
            vectors = torch.cat([own, self.columns.expand(len(own), -1, -1)], dim=2)
        else:
            vectors = numbers.unsqueeze(2) * self.slopes + self.offsets
        for block in self.blocks:
            vectors = block(vectors)
        flat = vectors.flatten(1)
        return self.judge(torch.cat([flat, numbers], dim=1) if self.categorical else flat)


class _Block(nn.Module):
    """Attention among a row's columns, and a layer of each."""

    def __init__(self, width: int, attention_dropout: float, dropout: float) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(width, _HEADS, dropout=attention_dropout, batch_first=True)
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.layer = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Dropout(dropout), nn.Linear(4 * width, width)
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, vectors: Tensor) -> Tensor:
        seen, _ = self.attention(vectors, vectors, vectors, need_weights=False)
        vectors = self.first(vectors + self.dropout(seen))
        return self.second(vectors + self.dropout(self.layer(vectors)))
