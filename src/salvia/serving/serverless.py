"""What serverless variants are measured by, beside what every variant is.

Source: SageMaker developer guide, "Alarms and logs for tracking metrics from serverless endpoints", whose list is
exhaustive.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .meters import Figures

COUNTED = frozenset(("Invocations", "Invocation4XXErrors", "Invocation5XXErrors"))  # of what other variants count
_MOST = 150  # values of a datum; there are at most 200 places


def data(counted: Figures, dimensions: list[dict[str, str]]) -> list[dict[str, Any]]:
    """The metrics that only serverless variants have, for PutMetricData."""
    config = counted.variant.serverless
    if config is None or not counted.places:
        return []
    places = Counter(map(int, counted.places))
    found = list(_spread("ServerlessConcurrentExecutionsUtilization", "None", places, config.most))
    if config.provisioned:
        kept = sum(times for place, times in places.items() if place <= config.provisioned)
        found += _spread("ServerlessProvisionedConcurrencyExecutions", "Count", places, 1)
        found += _spread("ServerlessProvisionedConcurrencyUtilization", "None", places, config.provisioned)
        for name, value in (("Invocations", kept), ("SpilloverInvocations", places.total() - kept)):
            found.append({"MetricName": f"ServerlessProvisionedConcurrency{name}", "Unit": "Count", "Value": value})
    return [{**one, "Dimensions": dimensions} for one in found]


def _spread(name: str, unit: str, places: Counter[int], of: int) -> Iterator[dict[str, Any]]:
    values = sorted(places.items())
    for first in range(0, len(values), _MOST):
        part = values[first : first + _MOST]
        yield {
            "MetricName": name,
            "Unit": unit,
            "Values": [place / of for place, _ in part],
            "Counts": [times for _, times in part],
        }
