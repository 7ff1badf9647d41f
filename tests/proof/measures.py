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


def quantile_loss(answers: Answers, labels: Answers) -> float:
    """wQL: the mean of what each of the quantiles 0.1 to 0.9 of each month misses, by what there is in all.

    Source: SageMaker developer guide, "Evaluation metrics" of DeepAR, its equation of wQuantileLoss.
    """
    missed = 0.0
    for quantiles, truth in zip(answers, labels, strict=True):
        for tenth, months in enumerate(quantiles, 1):
            off = [true - said for said, true in zip(months, truth, strict=True)]
            missed += 2 * sum(max(one * tenth / 10, one * (tenth / 10 - 1)) for one in off) / len(quantiles)
    return missed / sum(sum(map(abs, truth)) for truth in labels)


LESS_IS_BETTER = {"RMSE", "mean square distance", "quantile loss", "test:total_loss"}
WHOLE = {"variance", "quantile loss"}  # of answers that are lists
MEASURES: dict[str, Callable[[Answers, Answers], float]] = {
    "AUC": auc,
    "accuracy": accuracy,
    "RMSE": rmse,
    "mean square distance": mean_square,
    "variance": variance,
    "quantile loss": quantile_loss,
}
