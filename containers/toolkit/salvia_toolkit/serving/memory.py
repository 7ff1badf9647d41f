"""How much memory this program has, and may have."""

from __future__ import annotations

import ctypes
import os
import resource
from pathlib import Path

_KEPT_FREE = 0.9  # of the limit; the rest is for requests


def limit() -> int:
    """Bytes for models: of what the platform says (SALVIA_MEMORY_LIMIT), the cgroup or rlimits, or the machine has."""
    told = os.environ.get("SALVIA_MEMORY_LIMIT", "")
    limits = [int(told)] if told.isdecimal() else []
    soft, _ = resource.getrlimit(resource.RLIMIT_DATA)
    if soft != resource.RLIM_INFINITY:
        limits.append(soft)
    for file in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            limits.append(int(Path(file).read_text(encoding="ascii")))
        except (OSError, ValueError):  # hidden, or "max"
            continue
    limits.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    return int(min(limits) * _KEPT_FREE)


def used() -> int:
    """Bytes that are resident."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def give_back() -> None:
    """Return to the system what was freed; C libraries keep it otherwise."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
