"""What requests put on an endpoint's bill: the data that went in and out, and the milliseconds of serverless variants.

An hour has one row of each, of each variant, to which is added. Sources: Amazon SageMaker pricing, "Real-Time
Inference" (data processed in and out, by the GB), "Serverless Inference" (by the millisecond of processing, by memory
size; data in and out at one price).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection
from typing import TYPE_CHECKING, NamedTuple

from salvia.store import documents, usage
from salvia.store.db import Transaction
from salvia.store.usage import Use

if TYPE_CHECKING:
    from salvia.control.world import World

    from .meters import Figures

_HOUR = 3600


class _Item(NamedTuple):
    """As the price sheet calls it."""

    component: str
    item: str


async def write(world: World, flushed: Collection[Figures]) -> None:
    """Put what was counted on the bill. What an endpoint did just before it was gone is not billed."""
    amounts = [(counted, _amounts(counted)) for counted in flushed]
    hour = int(world.clock.now()) // _HOUR * _HOUR

    def work(tx: Transaction) -> None:
        endpoints = documents.several(tx, {counted.endpoint for counted, _ in amounts})
        for counted, spent in amounts:
            if counted.endpoint not in endpoints:
                continue
            part = counted.key.variant
            for what, amount in spent.items():
                use = Use(*what, amount, part=part)
                usage.add(tx, endpoints[counted.endpoint], f"{part}/{what.component}/{what.item}/{hour}", use, hour)

    if any(spent for _, spent in amounts):
        await world.db.write(work)


def _amounts(counted: Figures) -> Counter[_Item]:
    config = counted.variant.serverless
    ways = ("HostingIn", "HostingOut") if config is None else ("Serverless", "Serverless")
    spent: Counter[_Item] = Counter()
    for way, amount in zip(ways, (counted.bytes_in, counted.bytes_out), strict=True):
        if amount:
            spent[_Item("Data", way)] += amount
    if config is not None:
        for place, seconds in zip(counted.places, counted.model, strict=False):
            component = "ServerlessProvisionedDuration" if place <= config.provisioned else "Serverless"
            spent[_Item(component, str(config.memory))] += max(1, math.ceil(seconds * 1000))
    return spent
