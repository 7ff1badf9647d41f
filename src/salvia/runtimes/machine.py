"""What this machine has: cores and memory, as far as the processes of this one may use them."""

from __future__ import annotations

import os
from pathlib import Path

from .base import Capacity

MEMINFO = Path("/proc/meminfo")
MEMORY_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
CPU_LIMIT = Path("/sys/fs/cgroup/cpu.max")
# Of the memory: left to the machine itself, so that a program that fills its own harms nobody else.
_RESERVE = 0.1


def capacity() -> Capacity:
    """Cores that may be used and bytes of memory; a container's limits count where its cgroup shows them."""
    return Capacity(_cpus(), _memory())


def available() -> Capacity:
    """What instances can have of it: all cores that may be used, and nine tenths of the memory."""
    cpus, memory = capacity()
    return Capacity(cpus, int(memory * (1 - _RESERVE)))


def _cpus() -> float:
    cores = float(len(os.sched_getaffinity(0)))
    try:
        quota, period = CPU_LIMIT.read_text().split()
    except (OSError, ValueError):
        return cores
    return cores if quota == "max" else min(cores, int(quota) / int(period))


def _memory() -> int:
    total = 0
    for line in MEMINFO.read_text().splitlines():
        if line.startswith("MemTotal:"):
            total = int(line.split()[1]) * 1024
    for path in MEMORY_LIMITS:
        try:
            total = min(total, int(path.read_text()))
        except (OSError, ValueError):
            continue
    return total
