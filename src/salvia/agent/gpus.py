"""How busy an instance's GPUs are, by `nvidia-smi`, which comes with NVIDIA's driver and may take seconds.

Sources: developer guide, "Monitor Amazon SageMaker with Amazon CloudWatch", jobs' instance metrics: both are sums over
the GPUs, 0 to 100 each; `nvidia-smi --help-query-gpu`.
"""

# pathlib and subprocess take 10 ms to import, for which a program would wait.

from __future__ import annotations

import os
from contextlib import suppress

_QUERY = ("--query-gpu=utilization.gpu,memory.used,memory.total", "--format=csv,noheader,nounits")
_MOST = 65_536  # bytes of an answer, what a pipe holds


class Gpus:
    """Those of this instance; `names` are their UUIDs, or numbers. It never waits: one asks, and later is told."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names
        self._pipe: int | None = None
        self._said = b""
        self.pid: int | None = None  # of who was asked last

    @property
    def asked(self) -> bool:
        """Whether an answer is on its way."""
        return self._pipe is not None

    def ask(self) -> None:
        """Ask, unless the last answer is still on its way, or there is nobody to ask."""
        if not self._names or self._pipe is not None:
            return
        self._said = b""
        if self.pid is not None:
            with suppress(ChildProcessError):  # whoever waits for the program may have met it
                os.waitpid(self.pid, os.WNOHANG)
        self._pipe, ours = os.pipe()
        os.set_blocking(self._pipe, False)
        try:
            self.pid = os.posix_spawnp(
                "nvidia-smi",
                ["nvidia-smi", f"--id={','.join(self._names)}", *_QUERY],
                os.environ,
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),  # not the instance's lock
                    (os.POSIX_SPAWN_DUP2, ours, 1),
                ],
                setsid=True,
            )
        except OSError:  # there is none
            os.close(self._pipe)
            self._names, self._pipe, self.pid = (), None, None
        finally:
            os.close(ours)

    def told(self) -> dict[str, float]:
        """The answer, once, when it is whole: GPUUtilization and GPUMemoryUtilization, what is known of them."""
        if self._pipe is None:
            return {}
        try:
            while data := os.read(self._pipe, _MOST):
                self._said += data
        except BlockingIOError:
            return {}
        os.close(self._pipe)
        self._pipe = None
        return understood(self._said.decode(errors="replace"))


def understood(answer: str) -> dict[str, float]:
    """What a line for each GPU says, `percent, MiB used, MiB`; [N/A] and the like are left out."""
    busy, memory = [], []
    for line in answer.splitlines():
        fields = [_number(field) for field in line.split(",")]
        if len(fields) == 3:
            percent, used, total = fields
            busy.append(percent)
            memory.append(100 * used / total if used is not None and total else None)
    sums = {"GPUUtilization": _sum(busy), "GPUMemoryUtilization": _sum(memory)}
    return {name: value for name, value in sums.items() if value is not None}


def _sum(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known and len(known) == len(values) else None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
