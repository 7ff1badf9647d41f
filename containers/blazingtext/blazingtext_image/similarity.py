"""How well vectors agree with people on which words are similar: what AWS calls mean_rho.

AWS's image brings WordSimilarity-353 in three files. Here the job brings them, or others: a pair of words and their
score a line, between commas or tabs.

Source: SageMaker developer guide, "Model Artifacts for the Word2Vec Algorithm", "Metrics Computed by the BlazingText
Algorithm".
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from salvia_toolkit.algorithm.contract import Channel
from salvia_toolkit.algorithm.failures import ClientError
from salvia_toolkit.algorithm.files import DataFile, of_channel
from salvia_toolkit.formats.matrix import Array

from .fasttext import Model

CHANNEL = "wordsim353"
Pair = tuple[str, str, float]


def pairs(channel: Channel) -> dict[str, list[Pair]]:
    """The pairs of each file. Raises ClientError naming channel, file and line."""
    found = {file.name: _of(file) for file in of_channel(channel.name, channel.directory)}
    if not found:
        raise ClientError(f"Channel {channel.name!r} has no file with pairs of words. Check its S3Uri.")
    return found


def evaluated(model: Model, files: dict[str, list[Pair]]) -> dict[str, Any]:
    """What eval.json holds: Spearman's rank correlation for each file, over the pairs whose words are both known."""
    told: dict[str, Any] = {}
    for name, every in files.items():
        known = [pair for pair in every if model.has(pair[0]) and model.has(pair[1])]
        given = np.array([score for _, _, score in known])
        found = np.array([_cosine(model.vector(first), model.vector(second)) for first, second, _ in known])
        told[name] = {
            "spearmans_rho": _correlation(given, found),
            "not_found": len(every) - len(known),
            "total_pairs": len(every),
        }
    return {**told, "mean_rho": float(np.mean([one["spearmans_rho"] for one in told.values()]))}


def _of(file: DataFile) -> list[Pair]:
    every: list[Pair] = []
    for line, text in file.lines():
        fields = re.split(r"[,\t]", text.strip())
        try:
            every.append((fields[0].lower(), fields[1].lower(), float(fields[2])))
        except (IndexError, ValueError) as problem:
            if every or (line > 1 and not text.startswith("#")):
                raise file.wrong("must be two words and their score, with commas or tabs between.", line) from problem
    return every


def _cosine(first: Array, second: Array) -> float:
    return float(first @ second / max(np.linalg.norm(first) * np.linalg.norm(second), 1e-12))


def _correlation(first: Array, second: Array) -> float:
    """0 where one of them is constant, or there are no two pairs."""
    if len(first) < 2 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return 0.0
    return float(np.corrcoef(_ranks(first), _ranks(second))[0, 1])


def _ranks(values: Array) -> Array:
    """Equal values have the mean of their ranks."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return (ends - (counts - 1) / 2)[place]
