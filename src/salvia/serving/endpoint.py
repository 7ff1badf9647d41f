"""An endpoint as requests see it, made of its row in `routes`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .capture import Wish
from .pool import Address, Pool


@dataclass(slots=True)
class Container:
    """One program of a replica, and the connections to it."""

    name: str
    pool: Pool


@dataclass(slots=True, eq=False)
class Replica:
    """One instance. `outstanding` is what this process waits for from it; `down`: nobody listens there."""

    id: str
    containers: tuple[Container, ...]
    outstanding: int = 0
    down: bool = False

    def close(self) -> None:
        """Let go of every connection that nobody uses, and of the others when they are done."""
        for container in self.containers:
            container.pool.close()


@dataclass(slots=True)
class Fleet:
    """The replicas of one deployment of a variant, and its share of the variant's requests."""

    share: float
    replicas: tuple[Replica, ...]


@dataclass(frozen=True, slots=True)
class Serverless:
    """How a serverless variant is configured; `failures` counts its replicas that could not be started, `failure` says
    why the last one was not."""

    memory: int  # MB
    most: int
    provisioned: int
    failures: int
    failure: str

    @classmethod
    def of(cls, content: Mapping[str, Any] | None) -> Serverless | None:
        """That of a route; None for a variant that has instances."""
        if content is None:
            return None
        return cls(
            memory=content["MemorySizeInMB"],
            most=content["MaxConcurrency"],
            provisioned=content.get("ProvisionedConcurrency", 0),
            failures=content.get("failures", 0),
            failure=content.get("failure", ""),
        )


@dataclass(slots=True, eq=False)
class Variant:
    """One production variant. `target` says which containers a request visits."""

    name: str
    weight: float
    mode: str
    least: bool  # LEAST_OUTSTANDING_REQUESTS
    target: str  # Serial, Direct, MultiModel
    role: str
    capture: Wish | None
    fleets: tuple[Fleet, ...]
    serverless: Serverless | None = None
    size: int = field(init=False)  # how many replicas it has
    names: tuple[str, ...] = field(init=False)  # of its containers
    steps: tuple[int, ...] = field(init=False)  # the containers that a request visits which says nothing about them

    def __post_init__(self) -> None:
        replicas = [replica for fleet in self.fleets for replica in fleet.replicas]
        self.size = len(replicas)
        self.names = tuple(container.name for container in replicas[0].containers) if replicas else ("",)
        plain = self.mode in ("instances", "serverless") and self.target == "Serial"
        self.steps = tuple(range(len(self.names))) if plain else ()


@dataclass(slots=True, eq=False)
class Endpoint:
    """Everything that a request needs to know, as of one version of the row."""

    id: str
    version: int
    account: str
    region: str
    name: str
    arn: str
    variants: tuple[Variant, ...]
    node: str  # where its replicas are
    owned: bool  # by one gateway, which the others send its requests (`gateways`)

    @property
    def replicas(self) -> dict[str, Replica]:
        """Every replica, by its id."""
        return {
            replica.id: replica for variant in self.variants for fleet in variant.fleets for replica in fleet.replicas
        }


def build(
    account: str, region: str, name: str, row: tuple[str, int, Mapping[str, Any]], before: Endpoint | None, here: str
) -> Endpoint:
    """The endpoint of a row, for a gateway of the node `here`.

    Replicas that were there before keep their connections; those that left lose them.
    """
    identity, version, route = row
    known = before.replicas if before is not None else {}

    def replica(content: Mapping[str, Any]) -> Replica:
        return known.pop(content["id"], None) or Replica(
            content["id"],
            tuple(Container(one["name"], Pool(Address.of(one["address"]))) for one in content["containers"]),
        )

    variants = tuple(
        Variant(
            name=one["name"],
            weight=float(one["weight"]),
            mode=one.get("mode", "instances"),
            least=one.get("strategy") == "LEAST_OUTSTANDING_REQUESTS",
            target=one.get("invocation") or "Serial",
            role=one.get("role") or "",
            capture=Wish.of(one.get("capture")),
            serverless=Serverless.of(one.get("serverless")),
            fleets=tuple(
                Fleet(float(fleet["share"]), tuple(replica(content) for content in fleet["replicas"]))
                for fleet in one["fleets"]
            ),
        )
        for one in route["variants"]
    )
    for gone in known.values():
        gone.close()
    node = route.get("node") or ""
    owned = node not in ("", here) or any(variant.mode == "serverless" for variant in variants)
    return Endpoint(identity, version, account, region, name, route["arn"], variants, node, owned)
