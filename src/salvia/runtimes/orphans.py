"""Finding what a program left running where no control group holds it together.

Without a control group, a program that detaches itself keeps nothing of its origin but its environment: so it
gets a variable that names its instance. In a sandbox it dies with that anyway, if a moment later; without one,
a program that clears its environment escapes, as `salvia doctor` says of that level.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

_VARIABLE = "SALVIA_INSTANCE"


def marker(name: str) -> dict[str, str]:
    """What to add to a program's environment."""
    return {_VARIABLE: name}


def kill_marked(name: str, patience: float = 10.0) -> None:
    """SIGKILL every process of ours that carries the marker of `name`; returns when none is left."""
    deadline = time.monotonic() + patience
    wanted = f"{_VARIABLE}={name}".encode()
    while found := [pid for pid in _processes() if wanted in _environment(pid)]:
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if time.monotonic() > deadline:
            raise TimeoutError(f"processes {found} do not die; they wait in the kernel, for a disk perhaps")
        time.sleep(0.005)


def _processes() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]


def _environment(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:  # gone, or somebody else's
        return []
