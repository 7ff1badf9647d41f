"""From a job's model to running instances: each is one agent for each container of the model.

The agent of an instance's first container sends the requests, through the others' sockets where there are any.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from salvia.control import hosting
from salvia.control.crew import Crew
from salvia.control.world import World
from salvia.core.errors import ServiceError
from salvia.runtimes.instance_types import InstanceType, instance_type
from salvia.store import leases
from salvia.store.db import Transaction
from salvia.store.documents import Document

LOG_GROUP = "/aws/sagemaker/TransformJobs"
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


def places(job: Document) -> Iterator[Place]:
    """Every agent of the job, in the order of its row's position."""
    containers = len(job.status["_Model"]["containers"])
    for position in range(job.spec["TransformResources"]["InstanceCount"] * containers):
        yield Place(position, *divmod(position, containers))


def attempt(job: Document) -> int:
    """The number of the attempt that runs, from 0."""
    return int(job.status.get("_Attempt", 0))


def crew(job: Document, world: World) -> Crew:
    """The instances of the attempt that runs."""
    return Crew(job, world, attempt(job), lambda position: _name(job, position))


async def launch(job: Document, world: World) -> None:
    """Start every agent of a job, or adopt those that run. Raises ServiceError when one cannot be."""
    model, name = job.status["_Model"], job.spec["TransformResources"]["InstanceType"]
    kind = instance_type(name)
    if kind is None:
        raise ServiceError("ValidationException", f"Nothing is known of the instance type {name}.")
    job.status.setdefault("_Began", world.clock.now())

    def also(tx: Transaction) -> None:
        leases.keep(tx, job)
        leases.pin(tx, job, world.node)

    agents = [_agent(job, world, place, kind) for place in places(job)]
    await hosting.start(job, world, model, attempt(job), agents, also)


def _agent(job: Document, world: World, place: Place, kind: InstanceType) -> hosting.Agent:
    containers = job.status["_Model"]["containers"]
    container = containers[place.container]
    told: dict[str, Any] = {
        "log_group": LOG_GROUP,
        "log_stream": _stream(job, place, container["name"]),
        "metric_namespace": LOG_GROUP,
    }
    if place.drives:
        further = [hosting.handle(_name(job, place.position + more)) for more in range(1, len(containers))]
        told |= {
            "kind": "transform",
            "transform": {
                "request": job.spec,
                "place": [place.number, job.spec["TransformResources"]["InstanceCount"]],
                "further": [world.runtimes["process"].socket(one) for one in further],
                "began": job.status["_Began"],
            },
        }
    return hosting.Agent(
        position=place.position,
        name=_name(job, place.position),
        machine=_instance(job, place) if len(containers) > 1 else "",
        container=container,
        kind=kind,
        job=told,
        model={
            "download_timeout": _DOWNLOAD,
            "startup_timeout": _STARTUP,
            "dimensions": {"Host": f"{job.name}/{_instance(job, place)}"},
        },
        after={**(job.spec.get("Environment") or {}), **_told(job.spec)},
    )


def _name(job: Document, position: int) -> str:
    # Short: its folder is part of a socket's address, which has at most 108 bytes.
    return f"t{job.id.replace('-', '')[:16]}-{attempt(job)}-{position}"


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
