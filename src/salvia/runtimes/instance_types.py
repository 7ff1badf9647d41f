"""What SageMaker's instance types are made of; figures with their sources are in instance_types.json."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from .base import Capacity

_GIB = 1 << 30
_DATA = Path(__file__).with_name("instance_types.json")


@dataclass(frozen=True, slots=True)
class InstanceType:
    """The hardware of `name`, such as ml.m5.xlarge.

    What AWS does not publish is None. `gpu_memory_gib` is per GPU. Inferentia and Trainium devices are no
    GPUs: `accelerator` has their name, count and memory_gib. What has `local_nvme_gb` needs no EBS volume.
    """

    name: str
    vcpu: int | None
    memory_gib: float | None
    gpu_count: int
    gpu_name: str | None
    gpu_memory_gib: float | None
    accelerator: dict[str, Any] | None
    architecture: str | None
    local_nvme_gb: int | None = None

    @property
    def memory(self) -> int | None:
        """Bytes."""
        return None if self.memory_gib is None else int(self.memory_gib * _GIB)

    def fitted(self, capacity: Capacity) -> Capacity:
        """What it gets on a machine with `capacity`: its own, or all there is where that is less."""
        cpus, memory = float(self.vcpu or capacity.cpus), self.memory or capacity.memory
        return Capacity(min(cpus, capacity.cpus), min(memory, capacity.memory))


def instance_type(name: str) -> InstanceType | None:
    """The instance type, or None for a name that SageMaker does not have."""
    row = _table().get(name)
    if row is None:
        return None
    return InstanceType(
        name=name,
        vcpu=row["vcpu"],
        memory_gib=row["memory_gib"],
        gpu_count=row["gpu_count"] or 0,
        gpu_name=row["gpu_name"],
        gpu_memory_gib=row["gpu_memory_gib"],
        accelerator=row["accelerator"],
        architecture=row["architecture"],
        local_nvme_gb=row["local_nvme_gb"],
    )


def names() -> list[str]:
    """Every instance type that SageMaker has."""
    return list(_table())


@cache
def _table() -> dict[str, dict[str, Any]]:
    written = json.loads(_DATA.read_bytes())
    columns = written["columns"]
    return {name: dict(zip(columns, row, strict=True)) for name, row in written["instance_types"].items()}
