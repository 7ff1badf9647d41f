"""Whether the machine has room for a training job: under `--capacity strict` it waits, and says for what.

Source: API_DescribeTrainingJob, SecondaryStatus "Pending - The training job is waiting for compute capacity".
"""

from __future__ import annotations

from salvia.control import capacity
from salvia.control.world import World
from salvia.core.errors import ServiceError
from salvia.runtimes.base import Capacity
from salvia.runtimes.instance_types import instance_type
from salvia.store import leases
from salvia.store.db import Transaction
from salvia.store.documents import Document

from . import launch
from .hosts import counts
from .transitions import move

# "takes effect only for jobs that request accelerated computing instance types"; API_StoppingCondition
_ACCELERATED = ("ml.p", "ml.g", "ml.trn")


async def wait(job: Document, world: World) -> bool:
    """Whether the job has to wait, which it then says. Raises ServiceError for one that never fits."""
    if world.settings.capacity != "strict":
        return False
    runtime = launch.runtime(job, world)
    need, whole = _need(job), runtime.capacity()
    wants = f"{_wanted(job)}: {_words(need)}"
    if need.cpus > whole.cpus or need.memory > whole.memory:
        raise ServiceError(
            "CapacityError",
            "Unable to provision requested ML compute capacity. Please retry using a different ML "
            f"instance type. The job needs {wants}; this machine has {_words(whole)} in all.",
        )
    now = world.clock.wall()
    machine = f"{runtime.name} {world.node}".strip()

    def ask(tx: Transaction) -> capacity.Wait | None:
        if job.node not in {"", world.node}:  # it waited for a node that died
            capacity.give_back(tx, job.id, now)
        leases.pin(tx, job, world.node)
        return capacity.ask(tx, machine, job.id, job.created_at, need, whole, now)

    waiting = await world.write(ask)
    if waiting is None:
        if job.status["SecondaryStatus"] == "Pending":
            move(job, "Starting", world.clock.now())
        return False
    before = f"{waiting.before} before it" if waiting.before else "it is the next"
    message = f"Waiting for capacity for {wants}; {_words(waiting.free)} free, {before}."
    move(job, "Pending", world.clock.now(), message)
    return True


def accelerated(job: Document) -> bool:
    """Whether any of its instances has an accelerator."""
    return any(kind.startswith(_ACCELERATED) for kind in counts(job.spec["ResourceConfig"]))


def _need(job: Document) -> Capacity:
    """What all its instances need together. What AWS does not publish of a type counts nothing."""
    cpus, memory = 0.0, 0
    for name, count in counts(job.spec["ResourceConfig"]).items():
        kind = instance_type(name)
        if kind is not None:
            cpus += count * (kind.vcpu or 0)
            memory += count * (kind.memory or 0)
    return Capacity(cpus, memory)


def _wanted(job: Document) -> str:
    return ", ".join(f"{count} × {kind}" for kind, count in counts(job.spec["ResourceConfig"]).items())


def _words(amount: Capacity) -> str:
    return f"{amount.cpus:g} cores and {amount.memory / 2**30:.1f} GiB"
