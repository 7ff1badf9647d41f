"""Serverless variants: replicas come with the requests, and go when nobody needs them.

What gateways tell (`store.demand`) says how many are needed; ProvisionedConcurrency how many at least, MaxConcurrency
how many at most. How long AWS keeps an idle one is not published: here it is `IDLE`.
Source: developer guide, "Deploy models with Amazon SageMaker Serverless Inference".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from salvia.control import hosting
from salvia.control.world import World
from salvia.core.errors import ServiceError
from salvia.serving import meters
from salvia.store import demand, usage
from salvia.store.db import Transaction
from salvia.store.documents import Document
from salvia.store.usage import Use

from . import launch, model_data
from .fleets import SERVERLESS, Fleet, Variant, provisioned, variants
from .replicas import Seen, State

IDLE = 300.0  # virtual seconds that a replica is kept after it was last needed


async def prepare(endpoint: Document, world: World) -> None:
    """Build the images and look for the models' data of variants that are new: what nobody waits for later, and what
    makes a configuration that cannot work known at once."""
    for fleet, variant in _serverless(endpoint):
        if variant.get("prepared") or fleet.get("trouble"):
            continue
        try:
            for container in variant["containers"]:
                await hosting.ready(endpoint, world, container["image"])
                await model_data.find(endpoint, world, variant["role"], container["source"])
            variant["prepared"] = True
        except (ServiceError, OSError) as error:
            fleet["trouble"] = launch.words(error)


def aim(endpoint: Document, world: World) -> tuple[float | None, Callable[[Transaction], None]]:
    """Set how many replicas each variant shall have; when that changes by itself, and what drops rows that are old.

    Replicas are not started again and again for requests that came before one could not be started: those have been
    told so.
    """
    own = list(_serverless(endpoint))
    told = demand.of(world.db.read(), endpoint.id) if own else []
    now = world.clock.now()
    ends = []
    for fleet, variant in own:
        moments = [moment for one in told if one.variant == variant["name"] for moment in one.used]
        moments = [moment for moment in moments if moment > now - IDLE and fleet["share"] > 0]
        ends += moments
        least, most = provisioned(variant), variant["serverless"]["MaxConcurrency"]
        since = variant.get("failed_at", 0.0)
        variant["desired"] = max(least, min(most, len(moments)))
        variant["startable"] = max(least, min(most, sum(moment > since for moment in moments)))
    old = [one for one in told if max(one.used, default=0.0) <= now - IDLE]

    def drop(tx: Transaction) -> None:
        demand.drop(tx, endpoint.id, old)

    return min((moment + IDLE - now + 0.01 for moment in ends), default=None), drop


def failed(variant: Variant, reason: str, world: World) -> None:
    """A replica could not be started: whoever waits for it is told why, by the route."""
    variant["failures"] = variant.get("failures", 0) + 1
    variant["failure"] = reason
    variant["failed_at"] = world.clock.now()


async def measure(endpoint: Document, world: World, found: list[Seen]) -> None:
    """Tell CloudWatch how long it took to launch replicas that are new: ModelSetupTime, in microseconds."""
    for seen in found:
        replica = seen.replica
        if replica["type"] != SERVERLESS or seen.state is not State.SERVING or "set_up" in replica:
            continue
        moments = [member.report.get("moments", {}).get("InService", replica["begun"]) for member in seen.members]
        replica["set_up"] = max(0.0, max(moments) - replica["begun"])
        names = {"EndpointName": endpoint.name, "VariantName": replica["variant"]}
        datum: dict[str, Any] = {
            "MetricName": "ModelSetupTime",
            "Dimensions": [{"Name": name, "Value": value} for name, value in names.items()],
            "Value": replica["set_up"] * 1e6,
            "Unit": "Microseconds",
        }
        await meters.put(world, endpoint.account, endpoint.region, [datum])


def meter(endpoint: Document, now: float) -> Callable[[Transaction], None]:
    """What writes which provisioned concurrency is paid for from now on: by memory, concurrency and time, used or not.

    Source: Amazon SageMaker pricing, "Provisioned Concurrency on Serverless Inference".
    """
    known: dict[str, int] = endpoint.status.get("_Provisioned", {})
    has: dict[str, Use] = {}
    if endpoint.state not in ("Creating", "Failed", "Deleting"):
        for fleet, variant in _serverless(endpoint):
            memory, count = variant["serverless"]["MemorySizeInMB"], provisioned(variant)
            if count:
                use = Use("ServerlessProvisioned", str(memory), count, part=variant["name"])
                has[f"{fleet['name']}/{variant['name']}/{count}"] = use
    last = endpoint.status.get("_Provisions", 0)
    new = {name: number for number, name in enumerate((name for name in has if name not in known), last + 1)}
    over = [number for name, number in known.items() if name not in has]
    if new or over:
        endpoint.status["_Provisions"] = last + len(new)
        endpoint.status["_Provisioned"] = {name: number for name, number in known.items() if name in has} | new

    def write(tx: Transaction) -> None:
        for name, number in new.items():
            usage.start(tx, endpoint, f"provisioned/{number}", has[name], now)
        for number in over:
            usage.end(tx, endpoint.id, now, f"provisioned/{number}")

    return write


def _serverless(endpoint: Document) -> Iterator[tuple[Fleet, Variant]]:
    return ((fleet, variant) for fleet, variant in variants(endpoint) if variant["type"] == SERVERLESS)
