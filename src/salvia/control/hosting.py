"""A model's containers as instances: an agent with its model server for each, whatever they serve for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from salvia.core.errors import ServiceError, validation_error
from salvia.images.builder import Environment
from salvia.images.image import Image
from salvia.runtimes import overlays
from salvia.runtimes.base import Handle, InstanceSpec, Mount, Runtime
from salvia.runtimes.choose import choose
from salvia.runtimes.instance_types import InstanceType
from salvia.store.db import Transaction
from salvia.store.documents import Document

from . import building, guests, instances
from .instances import Instance
from .world import World

GRACE = 30.0  # seconds from SIGTERM to SIGKILL; the guide, "Use Your Own Inference Code with Hosting Services"
_ADDRESS = 107  # bytes of a unix socket's path; unix(7)


@dataclass(frozen=True, slots=True)
class Ready:
    """An image that can be started."""

    runtime: Runtime
    image: Image
    environment: Environment


@dataclass(frozen=True, slots=True)
class Agent:
    """One to be started, for a container of `control.containers`.

    `position` is its row's, `name` its own; those of one `machine` share the hardware, which is of `kind`. `job` and
    `model` are what it is told beside what all are; the container's own environment is between `before` and `after`.
    """

    position: int
    name: str
    machine: str
    container: Mapping[str, Any]
    kind: InstanceType
    job: Mapping[str, Any]
    model: Mapping[str, Any]
    before: Mapping[str, str] = field(default_factory=dict)
    after: Mapping[str, str] = field(default_factory=dict)


def handle(name: str) -> Handle:
    """The handle that an instance has for certain, whether or not its start was finished."""
    return {"runtime": "process", "name": name}


async def ready(document: Document, world: World, uri: str) -> Ready:
    """An image that can be started, built unless it is. Raises ServiceError when there is none."""
    runtime, image = choose(uri, world.catalogue, world.runtimes)
    if not image.serve:
        raise validation_error(f"The image {uri} cannot serve: it has no program `serve`, only `train`.")
    return Ready(runtime, image, await building.environment(document, world, image))


async def start(
    document: Document,
    world: World,
    model: Mapping[str, Any],
    attempt: int,
    agents: Sequence[Agent],
    also: Callable[[Transaction], None] = lambda tx: None,
) -> None:
    """Start agents for a model of `control.containers`, or adopt those that run. Raises ServiceError if one cannot be.

    `also` is committed with the intent.
    """
    images = {uri: await ready(document, world, uri) for uri in dict.fromkeys(one.container["image"] for one in agents)}
    tokens = [instances.bearer(world.secret, document.id, one.position, attempt) for one in agents]

    def intend(tx: Transaction) -> None:
        also(tx)
        for one, token in zip(agents, tokens, strict=True):
            instances.intend(
                tx,
                Instance(
                    owner=document.id,
                    position=one.position,
                    attempt=attempt,
                    role_arn=model["role"],
                    session_name="SageMaker",
                    token_hash=instances.hash_of(token),
                ),
            )

    await world.db.write(intend)
    for one in agents:
        reachable(images[one.container["image"]].runtime.socket(handle(one.name)))
    packages = {image.environment.packages.name for image in images.values()}
    root = world.settings.home / "overlays"
    kept = {name: await asyncio.to_thread(overlays.place, root, model["role"], name) for name in packages}
    specs = [
        _spec(document, world, model["isolated"], attempt, one, images[one.container["image"]], token, kept)
        for one, token in zip(agents, tokens, strict=True)
    ]
    handles = await asyncio.gather(
        *(images[one.container["image"]].runtime.start(spec) for one, spec in zip(agents, specs, strict=True))
    )

    def keep(tx: Transaction) -> None:
        for one, started in zip(agents, handles, strict=True):
            instances.started(tx, document.id, one.position, attempt, started)

    await world.db.write(keep)


def reachable(path: str) -> None:
    """Raise ServiceError for a path that is too long for a socket."""
    if len(path.encode()) > _ADDRESS:
        raise ServiceError(
            "InternalServerError",
            f"The socket {path} of an instance would have a longer address than Linux allows ({_ADDRESS} bytes). Move "
            "the data directory to a shorter path.",
            500,
        )


def _spec(
    document: Document,
    world: World,
    isolated: bool,
    attempt: int,
    agent: Agent,
    image: Ready,
    token: str,
    kept: Mapping[str, Path],
) -> InstanceSpec:
    container, place = agent.container, kept[image.environment.packages.name]
    return InstanceSpec(
        name=agent.name,
        group=agent.name,
        machine=agent.machine,
        index=0,
        count=1,
        argv=image.environment.argv(image.image.serve),
        environment={
            **image.environment.variables,
            "PYTHONUNBUFFERED": "1",
            **agent.before,
            **container["environment"],
            **agent.after,
        },
        mounts=(*(Mount(path, str(path)) for path in image.environment.mounts), Mount(place, overlays.INSIDE)),
        cpus=agent.kind.vcpu,
        memory=agent.kind.memory,
        gpus=agent.kind.gpu_count,
        network_isolation=isolated,
        own_network=image.image.port is not None,
        agent={
            "url": world.settings.url,
            "token": token,
            "region": document.region,
            "account": document.account,
            "ca": str(world.settings.ca_bundle),
            "proxy": None if isolated else guests.way_out(world, document.id, agent.position, attempt),
            "overlays": {"host": str(place), "inside": overlays.INSIDE},
            "job": {
                "kind": "serving",
                "name": document.name,
                "arn": document.arn,
                "network_isolation": isolated,
                "stop_grace": GRACE,
                **agent.job,
                "model": {
                    "source": container["source"],
                    "additional": container["additional"],
                    "port": image.image.port,
                    "memory": agent.kind.fitted(image.runtime.capacity()).memory,
                    **agent.model,
                },
            },
        },
    )
