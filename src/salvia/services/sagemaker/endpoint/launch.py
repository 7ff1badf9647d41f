"""From a variant to running instances: a replica is one agent for each container of its model."""

from __future__ import annotations

import hashlib

from salvia.control import hosting
from salvia.control.world import World
from salvia.core.errors import ServiceError
from salvia.runtimes.base import Handle
from salvia.store import leases
from salvia.store.db import Transaction
from salvia.store.documents import Document

from .fleets import SERVERLESS, Fleet, Variant, hardware, replicas

LOG_GROUP = "/aws/sagemaker/Endpoints"
# "we recommend creating only one worker in the container": the guide on serverless inference, "Container support"
_ONE_WORKER = {"SAGEMAKER_MODEL_SERVER_WORKERS": "1"}
_MANY = {"SAGEMAKER_MULTI_MODEL": "true"}  # the guide, "Build Your Own Container with Multi Model Server"


def handle(endpoint: Document, number: int, position: int) -> Handle:
    """The handle that a container's instance has for certain, whether or not its start was finished."""
    return hosting.handle(_name(endpoint, number, position))


def instance_id(endpoint: Document, number: int) -> str:
    """As those of EC2 look, and never given twice: log streams and routes call the replica so."""
    return f"i-{hashlib.sha256(f'{endpoint.id}/{number}'.encode()).hexdigest()[:17]}"


async def begin(endpoint: Document, world: World, more: list[tuple[Fleet, Variant]]) -> list[str]:
    """Record one more replica for each of `more`, durably, before any is started; returns their numbers."""
    first = endpoint.status["_Next"]
    endpoint.status["_Next"] = first + len(more)
    numbers = [str(number) for number in range(first, first + len(more))]
    for number, (fleet, variant) in zip(numbers, more, strict=True):
        kind = {"type": variant["type"], "volume_gb": variant["volume_gb"], "begun": world.clock.now()}
        replicas(endpoint)[number] = {"fleet": fleet["name"], "variant": variant["name"], "state": "up", **kind}

    def intend(tx: Transaction) -> None:
        leases.keep(tx, endpoint)
        leases.pin(tx, endpoint, world.node)

    await world.db.write(intend)
    return numbers


async def start(endpoint: Document, world: World, number: int, variant: Variant) -> None:
    """Start a replica's containers, or adopt those that run. Raises ServiceError when it cannot be."""
    kind = hardware(variant)
    if kind is None:
        raise ServiceError("ValidationException", f"Nothing is known of the instance type {variant['type']}.")
    several = len(variant["containers"]) > 1
    stream = f"{variant['name']}/{instance_id(endpoint, number)}"
    agents = [
        hosting.Agent(
            position=position,
            name=_name(endpoint, number, position),
            machine=instance_id(endpoint, number) if several else "",
            container=container,
            kind=kind,
            job={
                "log_group": f"{LOG_GROUP}/{endpoint.name}",
                "log_stream": f"{stream}/{container['name']}" if several else stream,
                "metric_namespace": LOG_GROUP,
            },
            model={
                "many": container["many"] and {**container["many"], "disk": variant["volume_gb"] << 30 or None},
                "download_timeout": variant["download_timeout"],
                "startup_timeout": variant["startup_timeout"],
                "answer_timeout": variant.get("answer_timeout"),
                "dimensions": {"EndpointName": endpoint.name, "VariantName": variant["name"]},
            },
            before=_ONE_WORKER if variant["type"] == SERVERLESS else {},
            after=_MANY if container["many"] else {},
        )
        for position, container in enumerate(variant["containers"])
    ]
    await hosting.start(endpoint, world, variant, number, agents)


def words(error: ServiceError | OSError) -> str:
    """Why an instance could not be started."""
    if isinstance(error, ServiceError):
        return f"{'ClientError' if error.status < 500 else 'InternalServerError'}: {error.message}"
    return f"InternalServerError: an instance could not be started: {error}."


def _name(endpoint: Document, number: int, position: int) -> str:
    # Short: its folder is part of a socket's address, which has at most 108 bytes.
    return f"e{endpoint.id.replace('-', '')[:16]}-{number}-{position}"
