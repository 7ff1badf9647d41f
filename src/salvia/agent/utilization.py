"""How much of its instance a model server uses, in CloudWatch once a minute.

Source: developer guide, "Monitor Amazon SageMaker with Amazon CloudWatch", endpoint instance metrics: CPUUtilization is
the sum over cores, 0 to 100 each; MemoryUtilization is of the instance's memory.
"""

# pathlib takes 10 ms to import, for which a program would wait.

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..core.client import ClientError
from .descendants import descendants
from .gpus import Gpus

_TICKS = os.sysconf("SC_CLK_TCK")
_ANSWER = 2.0  # seconds in which GPUs' figures are there, unless their driver is slow
_PAGE = os.sysconf("SC_PAGE_SIZE")

Call = Callable[[str, dict[str, Any]], dict[str, Any]]


class Gauge:
    """How busy everything below this process is; `memory` is what there is of it, in bytes."""

    def __init__(self, memory: int) -> None:
        self._memory = memory
        self._ticks: dict[int, int] = {}
        self._at = time.monotonic()

    def read(self, besides: int | None = None) -> tuple[float, float]:
        """Percent of a core used since the last time, and of the memory now; without the process `besides`."""
        before, since = self._ticks, self._at
        self._ticks, self._at = {}, time.monotonic()
        memory = 0
        for pid, ticks, size in _programs():
            if pid == besides:
                continue
            self._ticks[pid] = ticks
            memory += size
        used = sum(ticks - before.get(pid, 0) for pid, ticks in self._ticks.items())
        return 100 * used / _TICKS / max(0.001, self._at - since), 100 * memory / self._memory


class Utilization:
    """Of everything below this process. `namespace` and `dimensions` say whose it is, `memory` is what there is of it,
    in bytes."""

    def __init__(
        self,
        call: Call,
        namespace: str,
        dimensions: Mapping[str, str],
        memory: int,
        gpus: Gpus,
        models: Callable[[], int] | None,
    ) -> None:
        """`models` says how many are loaded, where there are many."""
        self._gpus, self._models = gpus, models
        self._call, self._namespace, self._gauge = call, namespace, Gauge(memory)
        self._dimensions = [{"Name": name, "Value": value} for name, value in dimensions.items()]

    def run(self, every: float, over: Callable[[float], bool], trouble: Callable[[str], None]) -> None:
        """Send what there is to say until `over(seconds)` says, after a wait, that it is; a role that may not is told
        of once."""
        self._gauge.read()
        while not over(every):
            self._gpus.ask()
            if self._gpus.asked and over(_ANSWER):
                return
            cpu, memory = self._gauge.read(besides=self._gpus.pid)
            busy = {"CPUUtilization": cpu, "MemoryUtilization": memory, **self._gpus.told()}
            data = [self._datum(name, value) for name, value in busy.items()]
            if self._models is not None:
                data.append(self._datum("LoadedModelCount", self._models(), "None"))
            try:
                self._call("PutMetricData", {"Namespace": self._namespace, "MetricData": data})
            except ClientError as error:
                trouble(f"The instance's utilization is not kept in CloudWatch: {error.message}")
                return

    def _datum(self, name: str, value: float, unit: str = "Percent") -> dict[str, Any]:
        return {
            "MetricName": name,
            "Value": round(value, 3),
            "Unit": unit,
            "Timestamp": time.time(),
            "Dimensions": self._dimensions,
        }


def limit(cgroup_events: str | None) -> int:
    """Bytes of memory that the program may have: what its control group allows, or all there is."""
    most = os.sysconf("SC_PHYS_PAGES") * _PAGE
    if cgroup_events is not None:
        for name in ("memory.max", "memory.limit_in_bytes"):
            try:
                with open(os.path.join(os.path.dirname(cgroup_events), name), encoding="ascii") as file:
                    most = min(most, int(file.read()))
            except (OSError, ValueError):
                continue  # of the other version, or without a limit
    return most


def memory() -> int:
    """Bytes that everything below this process has in memory."""
    return sum(size for _, _, size in _programs())


def _programs() -> Iterator[tuple[int, int, int]]:
    """Process, ticks of a processor, and bytes in memory of each."""
    for pid in descendants(os.getpid()):
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
                fields = file.read().rpartition(")")[2].split()
            yield pid, int(fields[11]) + int(fields[12]), int(fields[21]) * _PAGE  # utime, stime, rss: proc(5)
        except (OSError, IndexError):
            continue  # it ended meanwhile
