"""From a job's spec to running instances."""

from __future__ import annotations

import asyncio
from typing import Any

from salvia.control import instances
from salvia.control.instances import Instance
from salvia.control.world import World
from salvia.core.errors import ServiceError, validation_error
from salvia.images.builder import Builder, BuildError, Environment
from salvia.images.image import Image
from salvia.images.pythons import NoPythonError
from salvia.runtimes.base import InstanceSpec, Mount, Runtime
from salvia.runtimes.choose import choose
from salvia.runtimes.instance_types import instance_type
from salvia.store import documents, leases
from salvia.store.db import Transaction
from salvia.store.documents import Conflict, Document

from .transitions import move

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
_LOOK = 0.5  # seconds between looks, while an image is built, whether the job is still wanted


def runtime(job: Document, world: World) -> Runtime:
    """The runtime of a job's instances, however far their start got; there is one so far."""
    return world.runtimes["process"]


def instance_name(job: Document, position: int) -> str:
    """The deterministic name by which a restarted controller finds the instance again."""
    return f"training-{job.id}-algo-{position + 1}"


def handle(job: Document, position: int) -> dict[str, Any]:
    """The handle of an instance whose start was interrupted before its handle was kept."""
    return {"runtime": "process", "name": instance_name(job, position)}


async def launch(job: Document, world: World) -> None:
    """Start every instance of a job, or adopt those that a controller before us started.

    Raises ServiceError when the image, its hyperparameters or the machine does not allow it.
    """
    spec = job.spec
    chosen, image = choose(spec["AlgorithmSpecification"]["TrainingImage"], world.catalogue, world.runtimes)
    problems = image.check(spec.get("HyperParameters") or {})
    if problems:
        raise validation_error("; ".join(problems))
    try:
        environment = await _environment(job, world, image)
    except (BuildError, NoPythonError, OSError, ValueError) as error:
        raise ServiceError("InternalServerError", str(error), 500) from error
    await start(job, world, chosen, image, environment)


async def _environment(job: Document, world: World, image: Image) -> Environment:
    """The image's environment, built unless it stands. Raises Conflict once the job is to stop: nobody waits then."""
    builder = Builder(world.settings.home / "images")
    built = await asyncio.to_thread(builder.built, image)
    if built:
        return built
    await _show_building(job, world)
    building = asyncio.create_task(builder.build(image))
    try:
        while not building.done():
            await asyncio.wait({building}, timeout=_LOOK)
            fresh = documents.by_id(world.db.read(), job.id)
            if fresh is None or fresh.state != job.state:
                raise Conflict(job.arn)
    finally:
        building.cancel()
        await asyncio.wait({building})
    return building.result()


async def start(job: Document, world: World, chosen: Runtime, image: Image, environment: Environment) -> None:
    """Record each intent, start each instance, keep each handle."""
    count = job.spec["ResourceConfig"]["InstanceCount"]
    account = job.account
    intents = [
        Instance(
            owner=job.id,
            position=position,
            attempt=0,
            role_arn=job.spec["RoleArn"],
            session_name="SageMaker",
            token_hash=instances.hash_of(instances.bearer(world.secret, job.id, position, 0)),
        )
        for position in range(count)
    ]

    def intend(tx: Transaction) -> None:
        leases.pin(tx, job, world.node)
        for instance in intents:
            instances.intend(tx, instance)

    await world.db.write(intend)
    handles = [
        await chosen.start(_spec(job, world, position, count, image, environment, account)) for position in range(count)
    ]

    def keep(tx: Transaction) -> None:
        for position, started in enumerate(handles):
            instances.started(tx, job.id, position, 0, started)

    await world.db.write(keep)


async def _show_building(job: Document, world: World) -> None:
    """Say that the image is being prepared; a reader of the description sees it at once."""
    move(job, "Downloading", world.clock.now(), "Downloading the training image")

    def keep(tx: Transaction) -> None:
        leases.keep(tx, job)

    await world.db.write(keep)


def _spec(
    job: Document,
    world: World,
    position: int,
    count: int,
    image: Image,
    environment: Environment,
    account: str,
) -> InstanceSpec:
    spec = job.spec
    resources = spec["ResourceConfig"]
    kind = instance_type(resources["InstanceType"])
    if kind is None:
        raise ServiceError("ValidationException", f"Nothing is known of the instance type {resources['InstanceType']}.")
    hosts = [f"algo-{number + 1}" for number in range(count)]
    host = hosts[position]
    group = {
        "instance_group_name": "homogeneousCluster",
        "instance_type": resources["InstanceType"],
        "hosts": hosts,
    }
    definitions = spec["AlgorithmSpecification"].get("MetricDefinitions") or [
        {"Name": metric.name, "Regex": metric.regex} for metric in image.metrics
    ]
    return InstanceSpec(
        name=instance_name(job, position),
        group=f"training-{job.id}",
        index=position,
        count=count,
        argv=environment.argv(image.train),
        environment={**environment.variables, "PYTHONUNBUFFERED": "1", **(spec.get("Environment") or {})},
        mounts=tuple(Mount(path, str(path)) for path in environment.mounts),
        cpus=kind.vcpu,
        memory=None if kind.memory_gib is None else int(kind.memory_gib * 2**30),
        network_isolation=bool(spec.get("EnableNetworkIsolation")),
        agent={
            "url": world.settings.url,
            "token": instances.bearer(world.secret, job.id, position, 0),
            "region": job.region,
            "account": account,
            "ca": None,
            "job": {
                "kind": "training",
                "name": job.name,
                "arn": job.arn,
                "network_isolation": bool(spec.get("EnableNetworkIsolation")),
                "hyperparameters": spec.get("HyperParameters") or {},
                "input_mode": spec["AlgorithmSpecification"]["TrainingInputMode"],
                "channels": spec.get("InputDataConfig") or [],
                "resource_config": {
                    "current_host": host,
                    "current_instance_type": resources["InstanceType"],
                    "current_group_name": "homogeneousCluster",
                    "hosts": hosts,
                    "instance_groups": [group],
                    "network_interface_name": "lo",
                },
                "output": spec["OutputDataConfig"],
                "compression": spec["OutputDataConfig"].get("CompressionType", "GZIP"),
                "log_group": LOG_GROUP,
                "log_stream": f"{job.name}/{host}-{int(job.created_at)}",
                "metrics": definitions,
                "metric_namespace": LOG_GROUP,
                "stop_grace": 120,
            },
        },
    )
