"""What says how good answers are, beside what is true."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from typing import Any

Answers = Sequence[Any]


def auc(answers: Answers, labels: Answers) -> float:
    """The chance that a positive has a higher score than a negative; of equal ones, half."""
    order = sorted(range(len(answers)), key=answers.__getitem__)
    ranks = [0.0] * len(answers)
    start = 0
    while start < len(order):
        end = start
        while end < len(order) and answers[order[end]] == answers[order[start]]:
            end += 1
        for place in order[start:end]:
            ranks[place] = (start + end + 1) / 2
        start = end
    positive = sum(1 for label in labels if label)
    above = sum(rank for rank, label in zip(ranks, labels, strict=True) if label) - positive * (positive + 1) / 2
    return above / (positive * (len(labels) - positive))


def accuracy(answers: Answers, labels: Answers) -> float:
    """How many are right."""
    return statistics.fmean(answer == label for answer, label in zip(answers, labels, strict=True))


def rmse(answers: Answers, labels: Answers) -> float:
    """The root of the mean square error."""
    return math.sqrt(statistics.fmean((a - b) ** 2 for a, b in zip(answers, labels, strict=True)))


def mean_square(answers: Answers, labels: Answers) -> float:
    """Of distances."""
    return statistics.fmean(answer**2 for answer in answers)


def variance(answers: Answers, labels: Answers) -> float:
    """What projections have of it, all together."""
    return sum(statistics.pvariance(column) for column in zip(*answers, strict=True))


LESS_IS_BETTER = {"RMSE", "mean square distance"}
MEASURES: dict[str, Callable[[Answers, Answers], float]] = {
    "AUC": auc,
    "accuracy": accuracy,
    "RMSE": rmse,
    "mean square distance": mean_square,
    "variance": variance,
}
