"""The route of an endpoint: which replicas get which share of its requests. See `store.routes`."""

from __future__ import annotations

from typing import Any

from salvia.control.world import World
from salvia.runtimes.instance_types import instance_type
from salvia.store.documents import Document

from . import launch
from .fleets import SERVERLESS, Fleet, Variant, fleets
from .replicas import Seen, State


def route(endpoint: Document, world: World, found: list[Seen]) -> dict[str, Any]:
    """The route as it should be now: what serves, by the shares that are in force."""
    shares = {fleet["name"]: fleet["share"] for fleet in fleets(endpoint)}
    names = dict.fromkeys(variant["name"] for fleet in fleets(endpoint) for variant in fleet["variants"])
    serving = [seen for seen in found if seen.up and seen.state is State.SERVING]
    return {
        "arn": endpoint.arn,
        "config": endpoint.spec["EndpointConfigName"],
        "node": endpoint.node,
        "variants": [_variant(endpoint, world, name, shares, serving) for name in names],
    }


def _variant(
    endpoint: Document, world: World, name: str, shares: dict[str, float], serving: list[Seen]
) -> dict[str, Any]:
    has = [(fleet, variant) for fleet in fleets(endpoint) for variant in fleet["variants"] if variant["name"] == name]
    weight = sum(shares[fleet["name"]] * variant["in_force"] for fleet, variant in has)
    # What it is like, is said by the fleet that has more of the traffic.
    fleet, leading = max(has, key=lambda pair: shares[pair[0]["name"]])
    return {
        "name": name,
        "weight": weight,
        "mode": "serverless" if leading["type"] == SERVERLESS else "async" if fleet.get("async") else "instances",
        "strategy": leading["strategy"],
        "invocation": leading["invocation"],
        "capture": fleet["capture"],
        "async": _asynchronous(fleet, leading),
        "serverless": _serverless(leading),
        "role": leading["role"],
        "fleets": [_fleet(endpoint, world, one, variant, shares, weight, serving) for one, variant in has],
    }


def _asynchronous(fleet: Fleet, variant: Variant) -> dict[str, Any] | None:
    """The AsyncInferenceConfig, with how many requests an instance has at once: one a core where nobody says."""
    config = fleet.get("async")
    if not config:
        return None
    kind = instance_type(variant["type"])
    client = {
        "MaxConcurrentInvocationsPerInstance": (kind.vcpu if kind else None) or 1,
        **config.get("ClientConfig", {}),
    }
    return {**config, "ClientConfig": client}


def _serverless(variant: Variant) -> dict[str, Any] | None:
    if variant["type"] != SERVERLESS:
        return None
    return {
        **variant["serverless"],
        "failures": variant.get("failures", 0),
        "failure": variant.get("failure", ""),
    }


def _fleet(
    endpoint: Document,
    world: World,
    fleet: Fleet,
    variant: Variant,
    shares: dict[str, float],
    weight: float,
    serving: list[Seen],
) -> dict[str, Any]:
    share = shares[fleet["name"]]
    return {
        "name": fleet["name"],
        "share": share * variant["in_force"] / weight if weight else share,
        "replicas": [
            {
                "id": launch.instance_id(endpoint, seen.number),
                "containers": [
                    {"name": container["name"], "address": _address(world, seen, position)}
                    for position, container in enumerate(variant["containers"])
                ],
            }
            for seen in serving
            if (seen.replica["fleet"], seen.replica["variant"]) == (fleet["name"], variant["name"])
        ],
    }


def _address(world: World, seen: Seen, position: int) -> dict[str, Any]:
    handle = seen.members[position].handle
    assert handle is not None
    return {"socket": world.runtimes[handle["runtime"]].socket(handle)}
