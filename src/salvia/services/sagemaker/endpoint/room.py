"""Whether the machine has room for one more instance: under `--capacity strict` it waits, and says for what."""

from __future__ import annotations

from salvia.control import capacity
from salvia.control.world import World
from salvia.core.errors import ServiceError
from salvia.runtimes.base import Capacity
from salvia.store.db import Transaction
from salvia.store.documents import Document

from . import launch
from .fleets import Variant, hardware


async def wait(endpoint: Document, world: World, number: int, variant: Variant) -> str:
    """What a replica waits for; empty once it has it. Raises ServiceError when it never fits."""
    if world.settings.capacity != "strict":
        return ""
    kind = hardware(variant)
    need = Capacity(float(kind.vcpu or 0), kind.memory or 0) if kind else Capacity(0.0, 0)
    runtime = world.runtimes["process"]
    whole = runtime.capacity()
    wants = f"{variant['type']}: {_words(need)}"
    if need.cpus > whole.cpus or need.memory > whole.memory:
        raise ServiceError(
            "CapacityError",
            "Unable to provision requested ML compute capacity. Please retry using a different ML instance type. An "
            f"instance needs {wants}; this machine has {_words(whole)} in all.",
        )
    owner, now = launch.instance_id(endpoint, number), world.clock.wall()
    machine = f"{runtime.name} {world.node}".strip()
    asked_at = endpoint.created_at + number / 1000  # in the order of their numbers

    def ask(tx: Transaction) -> capacity.Wait | None:
        return capacity.ask(tx, machine, owner, asked_at, need, whole, now)

    waiting = await world.db.write(ask)
    if waiting is None:
        return ""
    return f"Waiting for capacity for {wants}; {_words(waiting.free)} free."


def leave(tx: Transaction, endpoint: Document, number: int, now: float) -> None:
    """A replica is no more, and waits for nothing."""
    capacity.give_back(tx, launch.instance_id(endpoint, number), now)


def _words(amount: Capacity) -> str:
    return f"{amount.cpus:g} cores and {amount.memory / 2**30:.1f} GiB"
