"""From a job's spec to running instances."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from salvia.control import building, guests, instances
from salvia.control.instances import Instance
from salvia.control.world import World
from salvia.core.errors import ServiceError, validation_error
from salvia.images.builder import Environment
from salvia.images.image import Image
from salvia.runtimes import overlays
from salvia.runtimes.base import Handle, InstanceSpec, Mount, Runtime, StartError
from salvia.runtimes.choose import choose
from salvia.runtimes.instance_types import instance_type
from salvia.store import leases
from salvia.store.db import Transaction
from salvia.store.documents import Document

from . import attempts
from .hosts import Host, hosts, resource_config
from .transitions import move

LOG_GROUP = "/aws/sagemaker/TrainingJobs"


def runtime(job: Document, world: World) -> Runtime:
    """The runtime of a job's instances, however far their start got; there is one so far."""
    return world.runtimes["process"]


def instance_name(job: Document, position: int) -> str:
    """The deterministic name by which a restarted controller finds the instance again."""
    return f"{_group(job)}-algo-{position + 1}"


def _group(job: Document) -> str:
    return f"training-{job.id}-{attempts.current(job)}"


def handle(job: Document, position: int) -> dict[str, Any]:
    """The handle of an instance whose start was interrupted before its handle was kept."""
    if "_Handles" in job.status:
        kept: dict[str, Any] = job.status["_Handles"][position]
        return kept
    return {"runtime": "process", "name": instance_name(job, position)}


async def launch(job: Document, world: World) -> None:
    """Start every instance of a job, or adopt those that a controller before us started.

    Raises ServiceError when the image, its hyperparameters or the machine does not allow it.
    """
    spec = job.spec
    name = job.status.get("_Image") or spec["AlgorithmSpecification"]["TrainingImage"]
    chosen, image = choose(name, world.catalogue, world.runtimes)
    ours = _command(spec["AlgorithmSpecification"], image)[: len(image.train)] == list(image.train)
    problems = image.check(spec.get("HyperParameters") or {}) if ours else []  # else they are another program's
    if problems:
        raise validation_error("; ".join(problems))
    environment = await building.environment(job, world, image, lambda: _show_building(job, world))
    await start(job, world, chosen, image, environment)


async def start(job: Document, world: World, chosen: Runtime, image: Image, environment: Environment) -> None:
    """Record each intent, start each instance, keep each handle."""
    attempt, every = attempts.current(job), hosts(job)
    intents = [
        Instance(
            owner=job.id,
            position=position,
            attempt=attempt,
            role_arn=job.spec["RoleArn"],
            session_name="SageMaker",
            token_hash=instances.hash_of(instances.bearer(world.secret, job.id, position, attempt)),
        )
        for position in range(len(every))
    ]

    def intend(tx: Transaction) -> None:
        leases.pin(tx, job, world.node)
        for instance in intents:
            instances.intend(tx, instance)

    await world.db.write(intend)
    kept = await asyncio.to_thread(
        overlays.place, world.settings.home / "overlays", job.spec["RoleArn"], environment.packages.name
    )
    specs = [_spec(job, world, every, position, image, environment, kept) for position in range(len(every))]
    handles = await _reuse(job, world, chosen, specs) or [await chosen.start(spec) for spec in specs]

    def keep(tx: Transaction) -> None:
        for position, started in enumerate(handles):
            instances.started(tx, job.id, position, attempt, started)

    await world.db.write(keep)


async def _reuse(job: Document, world: World, chosen: Runtime, specs: list[InstanceSpec]) -> list[Handle] | None:
    """Hand the job to the instances of the warm pool that it took over; None where it has to start some of its own.

    Raises StartError when one was lost that may have run the program already.
    """
    kept = job.status.get("_Handles")
    if kept is None:
        return None
    try:
        return [await chosen.reuse(handle, spec) for handle, spec in zip(kept, specs, strict=True)]
    except StartError:
        if any(member.reported_at for member in attempts.members(job, world.db.read())):
            raise
    for handle in kept:
        await chosen.remove(handle)
    del job.status["_Handles"], job.status["WarmPoolStatus"]
    return None


async def _show_building(job: Document, world: World) -> None:
    """Say that the image is being prepared; a reader of the description sees it at once."""
    move(job, "Downloading", world.clock.now(), "Downloading the training image")

    def keep(tx: Transaction) -> None:
        leases.keep(tx, job)

    await world.db.write(keep)


def _spec(
    job: Document,
    world: World,
    every: list[Host],
    position: int,
    image: Image,
    environment: Environment,
    kept: Path,
) -> InstanceSpec:
    spec, host = job.spec, every[position]
    kind = instance_type(host.kind)
    if kind is None:
        raise ServiceError("ValidationException", f"Nothing is known of the instance type {host.kind}.")
    definitions = spec["AlgorithmSpecification"].get("MetricDefinitions") or [
        {"Name": metric.name, "Regex": metric.regex} for metric in image.metrics
    ]
    return InstanceSpec(
        name=instance_name(job, position),
        group=_group(job),
        index=position,
        count=len(every),
        argv=environment.argv(_command(spec["AlgorithmSpecification"], image)),
        environment={**environment.variables, "PYTHONUNBUFFERED": "1", **(spec.get("Environment") or {})},
        mounts=(*(Mount(path, str(path)) for path in environment.mounts), Mount(kept, overlays.INSIDE)),
        cpus=kind.vcpu,
        memory=None if kind.memory_gib is None else int(kind.memory_gib * 2**30),
        gpus=kind.gpu_count,
        network_isolation=bool(spec.get("EnableNetworkIsolation")),
        agent={
            "url": world.settings.url,
            "token": instances.bearer(world.secret, job.id, position, attempts.current(job)),
            "region": job.region,
            "account": job.account,
            "ca": str(world.settings.ca_bundle),
            "proxy": None
            if spec.get("EnableNetworkIsolation")
            else guests.way_out(world, job.id, position, attempts.current(job)),
            "overlays": {"host": str(kept), "inside": overlays.INSIDE},
            "keep": bool(spec["ResourceConfig"].get("KeepAlivePeriodInSeconds")),
            "job": {
                "kind": "training",
                "name": job.name,
                "arn": job.arn,
                "network_isolation": bool(spec.get("EnableNetworkIsolation")),
                "hyperparameters": spec.get("HyperParameters") or {},
                "input_mode": spec["AlgorithmSpecification"]["TrainingInputMode"],
                "channels": _channels(job, every, host),
                "checkpoint": spec.get("CheckpointConfig"),
                "resource_config": resource_config(every, host),
                "output": spec["OutputDataConfig"],
                "compression": spec["OutputDataConfig"].get("CompressionType", "GZIP"),
                "log_group": LOG_GROUP,
                "log_stream": f"{job.name}/{host.name}-{attempts.begun(job)}",
                "metrics": definitions,
                "metric_namespace": LOG_GROUP,
                "stop_grace": 120,
            },
        },
    )


def _channels(job: Document, every: list[Host], host: Host) -> list[dict[str, Any]]:
    """The channels that the host's group gets, and `Shard`: its number among the hosts that share one, and theirs.

    Source: API_S3DataSource, InstanceGroupNames.
    """
    found = []
    for channel in job.spec.get("InputDataConfig") or ():
        names = (channel["DataSource"].get("S3DataSource") or {}).get("InstanceGroupNames")
        sharers = [one for one in every if not names or one.group in names]
        if host in sharers:
            found.append({**channel, "Shard": [sharers.index(host), len(sharers)]})
    return found


def _command(specification: dict[str, Any], image: Image) -> list[str]:
    """The words that Docker would run: an entrypoint replaces the image's, arguments replace `train`.

    Images here have no entrypoint but the program `train`. Source: the guide, "How Amazon SageMaker Runs Your Training
    Image".
    """
    entrypoint = specification.get("ContainerEntrypoint") or []
    words = [*entrypoint, *(specification.get("ContainerArguments") or ([] if entrypoint else ["train"]))]
    return [*image.train, *words[1:]] if words[0] == "train" else words
