"""From a job's model to running instances: each is one agent for each container of the model.

The agent of an instance's first container sends the requests, through the others' sockets where there are any.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator
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

LOG_GROUP = "/aws/sagemaker/TransformJobs"
GRACE = 30.0  # seconds from SIGTERM to SIGKILL
_ADDRESS = 107  # bytes of a unix socket's path; unix(7)
_DOWNLOAD, _STARTUP = 3600.0, 600.0  # seconds for the model's data, and for its server to answer
# API member → the variable that tells the container; only what the request has is told
_TOLD = {"MaxPayloadInMB": "MAX_PAYLOAD_IN_MB", "MaxConcurrentTransforms": "MAX_CONCURRENT_TRANSFORMS"}
_STRATEGIES = {"SingleRecord": "SINGLE_RECORD", "MultiRecord": "MULTI_RECORD"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where an instance's row stands: which instance of the job it is of, and which container of the model."""

    position: int
    number: int
    container: int

    @property
    def drives(self) -> bool:
        """Whether it sends the requests."""
        return self.container == 0


@dataclass(frozen=True, slots=True)
class _Ready:
    """A container whose image can be started."""

    runtime: Runtime
    image: Image
    environment: Environment


def places(job: Document) -> Iterator[Place]:
    """Every agent of the job, in the order of its row's position."""
    containers = len(job.status["_Model"]["containers"])
    for position in range(job.spec["TransformResources"]["InstanceCount"] * containers):
        yield Place(position, *divmod(position, containers))


def attempt(job: Document) -> int:
    """The number of the attempt that runs, from 0."""
    return int(job.status.get("_Attempt", 0))


def handle(job: Document, position: int) -> Handle:
    """The handle that an instance has for certain, whether or not its start was finished."""
    return {"runtime": "process", "name": _name(job, position)}


async def launch(job: Document, world: World) -> None:
    """Start every agent of a job, or adopt those that run. Raises ServiceError when one cannot be."""
    model, number = job.status["_Model"], attempt(job)
    ready = [await _ready(job, world, container["image"]) for container in model["containers"]]
    every = list(places(job))
    tokens = [instances.bearer(world.secret, job.id, place.position, number) for place in every]

    job.status.setdefault("_Began", world.clock.now())

    def intend(tx: Transaction) -> None:
        leases.keep(tx, job)
        leases.pin(tx, job, world.node)
        for place, token in zip(every, tokens, strict=True):
            instances.intend(
                tx,
                Instance(
                    owner=job.id,
                    position=place.position,
                    attempt=number,
                    role_arn=model["role"],
                    session_name="SageMaker",
                    token_hash=instances.hash_of(token),
                ),
            )

    await world.db.write(intend)
    for place in every:
        _reachable(ready[place.container].runtime.socket(handle(job, place.position)))
    handles = await asyncio.gather(
        *(
            ready[place.container].runtime.start(_spec(job, world, place, ready[place.container], token))
            for place, token in zip(every, tokens, strict=True)
        )
    )

    def keep(tx: Transaction) -> None:
        for place, started in zip(every, handles, strict=True):
            instances.started(tx, job.id, place.position, number, started)

    await world.db.write(keep)


async def _ready(job: Document, world: World, uri: str) -> _Ready:
    runtime, image = choose(uri, world.catalogue, world.runtimes)
    if not image.serve:
        raise validation_error(f"The image {uri} cannot serve: it has no program `serve`, only `train`.")
    return _Ready(runtime, image, await building.environment(job, world, image))


def _reachable(path: str) -> None:
    if len(path.encode()) > _ADDRESS:
        raise ServiceError(
            "InternalServerError",
            f"The socket {path} of an instance would have a longer address than Linux allows ({_ADDRESS} bytes). Move "
            "the data directory to a shorter path.",
            500,
        )


def _name(job: Document, position: int) -> str:
    # Short: its folder is part of a socket's address, which has at most 108 bytes.
    return f"t{job.id.replace('-', '')[:16]}-{attempt(job)}-{position}"


def _spec(job: Document, world: World, place: Place, ready: _Ready, token: str) -> InstanceSpec:
    model = job.status["_Model"]
    container: dict[str, Any] = model["containers"][place.container]
    kind = instance_type(job.spec["TransformResources"]["InstanceType"])
    if kind is None:
        name = job.spec["TransformResources"]["InstanceType"]
        raise ServiceError("ValidationException", f"Nothing is known of the instance type {name}.")
    name = _name(job, place.position)
    further = [ready.runtime.socket(handle(job, place.position + more)) for more in range(1, len(model["containers"]))]
    return InstanceSpec(
        name=name,
        group=name,
        index=0,
        count=1,
        argv=ready.environment.argv(ready.image.serve),
        environment={
            **ready.environment.variables,
            "PYTHONUNBUFFERED": "1",
            **container["environment"],
            **(job.spec.get("Environment") or {}),
            **_told(job.spec),
        },
        mounts=tuple(Mount(path, str(path)) for path in ready.environment.mounts),
        cpus=kind.vcpu,
        memory=kind.memory,
        network_isolation=model["isolated"],
        own_network=ready.image.port is not None,
        agent={
            "url": world.settings.url,
            "token": token,
            "region": job.region,
            "account": job.account,
            "ca": str(world.settings.ca_bundle),
            "proxy": None if model["isolated"] else guests.way_out(world, job.id, place.position, attempt(job)),
            "job": {
                "kind": "transform" if place.drives else "serving",
                "name": job.name,
                "arn": job.arn,
                "network_isolation": model["isolated"],
                "log_group": LOG_GROUP,
                "log_stream": _stream(job, place, container["name"]),
                "metric_namespace": LOG_GROUP,
                "stop_grace": GRACE,
                "model": {
                    "source": container["source"],
                    "additional": container["additional"],
                    "port": ready.image.port,
                    "download_timeout": _DOWNLOAD,
                    "startup_timeout": _STARTUP,
                    "dimensions": {"Host": f"{job.name}/{_instance(job, place)}"},
                    "memory": kind.fitted(ready.runtime.capacity()).memory,
                },
                "transform": {
                    "request": job.spec,
                    "place": [place.number, job.spec["TransformResources"]["InstanceCount"]],
                    "further": further,
                    "began": job.status["_Began"],
                }
                if place.drives
                else None,
            },
        },
    )


def _told(request: dict[str, Any]) -> dict[str, str]:
    """Source: the guide, "Use Your Own Inference Code with Batch Transform"; what is not asked for is not passed."""
    told = {"SAGEMAKER_BATCH": "true"}
    for member, variable in _TOLD.items():
        if request.get(member):
            told[f"SAGEMAKER_{variable}"] = str(request[member])
    if request.get("BatchStrategy"):
        told["SAGEMAKER_BATCH_STRATEGY"] = _STRATEGIES[request["BatchStrategy"]]
    return told


def _stream(job: Document, place: Place, container: str) -> str:
    """Source: the guide, "Log Amazon SageMaker events with Amazon CloudWatch", TransformJobs."""
    before = f"{container}-" if len(job.status["_Model"]["containers"]) > 1 else ""
    return f"{job.name}/{before}{_instance(job, place)}-{int(job.created_at)}"


def _instance(job: Document, place: Place) -> str:
    """As those of EC2 look, and never given twice."""
    return f"i-{hashlib.sha256(f'{job.id}/{attempt(job)}/{place.number}'.encode()).hexdigest()[:17]}"
