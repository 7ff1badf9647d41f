"""Whether the machine has room for one more instance: under `--capacity strict` it waits, and says for what."""

from __future__ import annotations

from salvia.control import capacity
from salvia.control.world import World
from salvia.core.errors import ServiceError
from salvia.runtimes.base import Capacity
from salvia.store.db import Transaction
from salvia.store.documents import Document

from . import launch
from .fleets import Variant, hardware, replicas


async def wait(endpoint: Document, world: World, number: int, variant: Variant) -> str:
    """What a replica waits for; empty once it has it. Raises ServiceError when it never fits, or waits too long.

    Source of the latter: API_ProductionVariant, VariantInstanceProvisionTimeoutInSeconds.
    """
    owner = launch.instance_id(endpoint, number)
    asked_at = endpoint.created_at + number / 1000  # in the order of their numbers
    kind = hardware(variant)
    need = Capacity(float(kind.vcpu or 0), kind.memory or 0) if kind else Capacity(0.0, 0)
    wanted = capacity.Wanted(f"1 × {variant['type']}", need)
    waiting = await capacity.wait(endpoint, world, world.runtimes["process"], wanted, owner, asked_at)
    timeout, now = variant.get("provision_timeout"), world.clock.now()
    if not waiting or timeout is None:
        return waiting
    if now >= replicas(endpoint)[str(number)].setdefault("waits_since", now) + timeout:
        raise ServiceError(
            "CapacityError",
            "Unable to provision requested ML compute capacity within the VariantInstanceProvisionTimeoutInSeconds of "
            f"{timeout}. {waiting}",
        )
    return waiting


def leave(tx: Transaction, endpoint: Document, number: int, now: float) -> None:
    """A replica is no more, and waits for nothing."""
    capacity.give_back(tx, launch.instance_id(endpoint, number), now)
