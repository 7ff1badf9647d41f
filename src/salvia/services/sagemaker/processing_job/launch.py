"""From a job's spec to running instances."""

from __future__ import annotations

from typing import Any

from salvia.control import building
from salvia.control.crew import Crew
from salvia.control.world import World
from salvia.core.errors import ServiceError, validation_error
from salvia.runtimes.base import InstanceSpec, Mount
from salvia.runtimes.choose import choose
from salvia.runtimes.instance_types import instance_type
from salvia.store import leases
from salvia.store.db import Transaction
from salvia.store.documents import Document

LOG_GROUP = "/aws/sagemaker/ProcessingJobs"
GRACE = 120.0  # seconds from SIGTERM to SIGKILL


def crew(job: Document, world: World) -> Crew:
    """The job's instances: algo-1 … algo-N. They are started once: what a program has done is not done again."""
    return Crew(job, world, 0, lambda position: f"processing-{job.id}-algo-{position + 1}")


def isolated(job: Document) -> bool:
    """Whether its program has no network."""
    return bool((job.spec.get("NetworkConfig") or {}).get("EnableNetworkIsolation"))


async def launch(job: Document, world: World) -> None:
    """Start every instance of a job, or adopt those that run. Raises ServiceError when one cannot be."""
    cluster, application = job.spec["ProcessingResources"]["ClusterConfig"], job.spec["AppSpecification"]
    kind = instance_type(cluster["InstanceType"])
    if kind is None:
        raise ServiceError("ValidationException", f"Nothing is known of the instance type {cluster['InstanceType']}.")
    runtime, image = choose(application["ImageUri"], world.catalogue, world.runtimes)
    if not application.get("ContainerEntrypoint"):
        raise validation_error(
            f"The image {application['ImageUri']} has no entrypoint of its own for processing jobs. Say what to run: "
            'AppSpecification.ContainerEntrypoint ["python3", "/opt/ml/processing/input/code/script.py"].'
        )
    environment = await building.environment(job, world, image)
    members = crew(job, world)
    count = cluster["InstanceCount"]
    specs = [
        InstanceSpec(
            name=members.name(position),
            group=f"processing-{job.id}",
            index=position,
            count=count,
            argv=environment.argv(
                [*application["ContainerEntrypoint"], *(application.get("ContainerArguments") or ())]
            ),
            environment={**environment.variables, **(job.spec.get("Environment") or {})},
            mounts=tuple(Mount(path, str(path)) for path in environment.mounts),
            cpus=kind.vcpu,
            memory=kind.memory,
            gpus=kind.gpu_count,
            network_isolation=isolated(job),
            agent=members.agent(position, isolated(job), _told(job, position)),
        )
        for position in range(count)
    ]

    def also(tx: Transaction) -> None:
        leases.keep(tx, job)
        leases.pin(tx, job, world.node)

    await members.start(runtime, job.spec["RoleArn"], specs, also)


def _told(job: Document, position: int) -> dict[str, Any]:
    return {
        "kind": "processing",
        "log_group": LOG_GROUP,
        "log_stream": f"{job.name}/algo-{position + 1}-{int(job.created_at)}",
        "metric_namespace": LOG_GROUP,
        "stop_grace": GRACE,
        "processing": {"ProcessingJobArn": job.arn, **{name: job.spec[name] for name in _SHOWN if name in job.spec}},
    }


# What processingjobconfig.json has, in the order of the guide's example.
_SHOWN = (
    "ProcessingJobName",
    "AppSpecification",
    "Environment",
    "ProcessingInputs",
    "ProcessingOutputConfig",
    "ProcessingResources",
    "NetworkConfig",
    "RoleArn",
    "StoppingCondition",
)
