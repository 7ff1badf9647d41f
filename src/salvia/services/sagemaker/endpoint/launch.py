"""From a variant to running instances: a replica is one agent for each container of its model."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from typing import Any

from salvia.control import building, guests, instances
from salvia.control.instances import Instance
from salvia.control.world import World
from salvia.core.errors import ServiceError, validation_error
from salvia.images.builder import Environment
from salvia.images.image import Image
from salvia.runtimes.base import Handle, InstanceSpec, Mount, Runtime
from salvia.runtimes.choose import choose
from salvia.runtimes.instance_types import instance_type
from salvia.store import leases
from salvia.store.db import Transaction
from salvia.store.documents import Document

from .fleets import Fleet, Variant, replicas

LOG_GROUP = "/aws/sagemaker/Endpoints"
_ADDRESS = 107  # bytes of a unix socket's path; unix(7)
GRACE = 30.0  # seconds from SIGTERM to SIGKILL; the guide, "Use Your Own Inference Code with Hosting Services"


@dataclass(frozen=True, slots=True)
class _Ready:
    """An image that can be started."""

    runtime: Runtime
    image: Image
    environment: Environment


def handle(endpoint: Document, number: int, position: int) -> Handle:
    """The handle that a container's instance has for certain, whether or not its start was finished."""
    return {"runtime": "process", "name": _name(endpoint, number, position)}


def instance_id(endpoint: Document, number: int) -> str:
    """As those of EC2 look, and never given twice: log streams and routes call the replica so."""
    return f"i-{hashlib.sha256(f'{endpoint.id}/{number}'.encode()).hexdigest()[:17]}"


async def begin(endpoint: Document, world: World, more: list[tuple[Fleet, Variant]]) -> list[str]:
    """Record one more replica for each of `more`, durably, before any is started; returns their numbers."""
    first = endpoint.status["_Next"]
    endpoint.status["_Next"] = first + len(more)
    numbers = [str(number) for number in range(first, first + len(more))]
    for number, (fleet, variant) in zip(numbers, more, strict=True):
        kind = {"type": variant["type"], "volume_gb": variant["volume_gb"]}
        replicas(endpoint)[number] = {"fleet": fleet["name"], "variant": variant["name"], "state": "up", **kind}

    def intend(tx: Transaction) -> None:
        leases.keep(tx, endpoint)
        leases.pin(tx, endpoint, world.node)

    await world.db.write(intend)
    return numbers


async def start(endpoint: Document, world: World, number: int, variant: Variant) -> None:
    """Start a replica's containers, or adopt those that run. Raises ServiceError when it cannot be."""
    ready = [await _ready(endpoint, world, container["image"]) for container in variant["containers"]]
    tokens = [instances.bearer(world.secret, endpoint.id, position, number) for position in range(len(ready))]

    def intend(tx: Transaction) -> None:
        for position, token in enumerate(tokens):
            instances.intend(
                tx,
                Instance(
                    owner=endpoint.id,
                    position=position,
                    attempt=number,
                    role_arn=variant["role"],
                    session_name="SageMaker",
                    token_hash=instances.hash_of(token),
                ),
            )

    await world.db.write(intend)
    for one, position in zip(ready, range(len(ready)), strict=True):
        _reachable(one.runtime.socket(handle(endpoint, number, position)))
    handles = await asyncio.gather(
        *(
            one.runtime.start(_spec(endpoint, world, number, position, variant, one, tokens[position]))
            for position, one in enumerate(ready)
        )
    )

    def keep(tx: Transaction) -> None:
        for position, started in enumerate(handles):
            instances.started(tx, endpoint.id, position, number, started)

    await world.db.write(keep)


async def _ready(endpoint: Document, world: World, uri: str) -> _Ready:
    runtime, image = choose(uri, world.catalogue, world.runtimes)
    if not image.serve:
        raise validation_error(f"The image {uri} cannot serve: it has no program `serve`, only `train`.")
    return _Ready(runtime, image, await building.environment(endpoint, world, image))


def _reachable(path: str) -> None:
    if len(path.encode()) > _ADDRESS:
        raise ServiceError(
            "InternalServerError",
            f"The socket {path} of an instance would have a longer address than Linux allows ({_ADDRESS} bytes). Move "
            "the data directory to a shorter path.",
            500,
        )


def _name(endpoint: Document, number: int, position: int) -> str:
    # Short: its folder is part of a socket's address, which has at most 108 bytes.
    return f"e{endpoint.id.replace('-', '')[:16]}-{number}-{position}"


def _spec(
    endpoint: Document, world: World, number: int, position: int, variant: Variant, ready: _Ready, token: str
) -> InstanceSpec:
    container: dict[str, Any] = variant["containers"][position]
    kind = instance_type(variant["type"])
    if kind is None:
        raise ServiceError("ValidationException", f"Nothing is known of the instance type {variant['type']}.")
    name = _name(endpoint, number, position)
    stream = f"{variant['name']}/{instance_id(endpoint, number)}"
    if len(variant["containers"]) > 1:
        stream += f"/{container['name']}"
    environment = {**ready.environment.variables, "PYTHONUNBUFFERED": "1", **container["environment"]}
    return InstanceSpec(
        name=name,
        group=name,
        index=0,
        count=1,
        argv=ready.environment.argv(ready.image.serve),
        environment=environment,
        mounts=tuple(Mount(path, str(path)) for path in ready.environment.mounts),
        cpus=kind.vcpu,
        memory=kind.memory,
        network_isolation=variant["isolated"],
        own_network=ready.image.port is not None,
        agent={
            "url": world.settings.url,
            "token": token,
            "region": endpoint.region,
            "account": endpoint.account,
            "ca": str(world.settings.ca_bundle),
            "proxy": None if variant["isolated"] else guests.way_out(world, endpoint.id, position, number),
            "job": {
                "kind": "serving",
                "name": endpoint.name,
                "arn": endpoint.arn,
                "network_isolation": variant["isolated"],
                "log_group": f"{LOG_GROUP}/{endpoint.name}",
                "log_stream": stream,
                "metric_namespace": LOG_GROUP,
                "stop_grace": GRACE,
                "model": {
                    "source": container["source"],
                    "additional": container["additional"],
                    "port": ready.image.port,
                    "download_timeout": variant["download_timeout"],
                    "startup_timeout": variant["startup_timeout"],
                    "dimensions": {"EndpointName": endpoint.name, "VariantName": variant["name"]},
                    "memory": kind.fitted(ready.runtime.capacity()).memory,
                },
            },
        },
    )
