"""Whether the machine has room for a transform job: under `--capacity strict` it waits, and says for what."""

from __future__ import annotations

from salvia.control import capacity
from salvia.control.world import World
from salvia.core.errors import ServiceError
from salvia.runtimes.base import Capacity
from salvia.runtimes.instance_types import instance_type
from salvia.store import leases
from salvia.store.db import Transaction
from salvia.store.documents import Document


async def wait(job: Document, world: World) -> str:
    """What the job waits for; empty once it has it. Raises ServiceError for one that never fits."""
    if world.settings.capacity != "strict":
        return ""
    resources = job.spec["TransformResources"]
    kind, count = instance_type(resources["InstanceType"]), resources["InstanceCount"]
    need = Capacity(count * (kind.vcpu or 0.0), count * (kind.memory or 0)) if kind else Capacity(0.0, 0)
    runtime = world.runtimes["process"]
    whole = runtime.capacity()
    wants = f"{count} × {resources['InstanceType']}: {_words(need)}"
    if need.cpus > whole.cpus or need.memory > whole.memory:
        raise ServiceError(
            "CapacityError",
            "Unable to provision requested ML compute capacity. Please retry using a different ML instance type. The "
            f"job needs {wants}; this machine has {_words(whole)} in all.",
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
        return ""
    return f"Waiting for capacity for {wants}; {_words(waiting.free)} free, {waiting.before} before it."


def _words(amount: Capacity) -> str:
    return f"{amount.cpus:g} cores and {amount.memory / 2**30:.1f} GiB"
