"""What serverless variants are measured and billed by, beside what every variant is.

Sources: SageMaker developer guide, "Alarms and logs for tracking metrics from serverless endpoints", whose list is
exhaustive; Amazon SageMaker pricing, "Serverless Inference": by the millisecond of processing, by memory size.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from salvia.store import documents, usage
from salvia.store.db import Transaction
from salvia.store.usage import Use

if TYPE_CHECKING:
    from salvia.control.world import World

    from .meters import Figures

COUNTED = frozenset(("Invocations", "Invocation4XXErrors", "Invocation5XXErrors"))  # of what other variants count
_HOUR = 3600
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


async def bill(world: World, counted: Figures) -> None:
    """Put the milliseconds of these invocations on the bill, in the hour's row of their variant."""
    config = counted.variant.serverless
    assert config is not None
    spent: Counter[str] = Counter()
    for place, seconds in zip(counted.places, counted.model, strict=False):
        component = "ServerlessProvisionedDuration" if place <= config.provisioned else "Serverless"
        spent[component] += max(1, math.ceil(seconds * 1000))
    hour = int(world.clock.now()) // _HOUR * _HOUR

    def work(tx: Transaction) -> None:
        endpoint = documents.by_id(tx, counted.endpoint)
        if endpoint is None:
            return
        for component, milliseconds in spent.items():
            use = Use(component, str(config.memory), milliseconds, part=counted.key.variant)
            usage.add(tx, endpoint, f"{counted.key.variant}/{component}/{config.memory}/{hour}", use, hour)

    await world.db.write(work)
