"""How many cores a program may use."""

from __future__ import annotations

import math
import os
from pathlib import Path


def usable_cores() -> int:
    """The least of its affinity, its cgroup's quota and OMP_NUM_THREADS, in which the platform says it."""
    limits = [len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1]
    text = os.environ.get("OMP_NUM_THREADS", "")
    if text.isdecimal() and int(text) > 0:
        limits.append(int(text))
    limits.extend(_quota())
    return max(1, min(limits))


def _quota() -> list[int]:
    """The cgroup's cores, v2 then v1; nothing where /sys is hidden or there is no quota."""
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        return [] if quota == "max" else [math.ceil(int(quota) / int(period))]
    except (OSError, ValueError):
        pass
    try:
        quota, period = (
            Path(f"/sys/fs/cgroup/cpu/cpu.cfs_{part}_us").read_text(encoding="ascii") for part in ("quota", "period")
        )
        return [math.ceil(int(quota) / int(period))] if int(quota) > 0 else []
    except (OSError, ValueError):
        return []
