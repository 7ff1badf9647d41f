"""Counting invocations, under AWS's names: in memory, written to CloudWatch every few seconds.

Source: SageMaker developer guide, "Monitor Amazon SageMaker with Amazon CloudWatch", endpoint invocation metrics.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from salvia.control.call import Call
from salvia.core import ids
from salvia.core.caller import service_caller

from .endpoint import Endpoint, Variant

if TYPE_CHECKING:
    from salvia.control.world import World

    from .invocation import Invocation

_log = logging.getLogger("salvia.serving")
NAMESPACE = "AWS/SageMaker"
_EVERY = 5.0  # seconds
_MOST = 150  # values of a datum
_FINENESS = 6  # bits that are kept of a latency: it is off by less than 2 %


class Key(NamedTuple):
    """Whose figures."""

    account: str
    region: str
    endpoint: str
    variant: str


class Figures:
    """Of one variant, since they were last written. Latencies are microseconds and how often each was seen."""

    __slots__ = ("client_errors", "count", "model", "model_errors", "overhead", "per_instance", "server_errors")

    def __init__(self) -> None:
        self.count = self.client_errors = self.server_errors = self.model_errors = 0
        self.per_instance = 0.0
        self.model: defaultdict[int, int] = defaultdict(int)
        self.overhead: defaultdict[int, int] = defaultdict(int)


class Meters:
    """The figures of one process; `totals` are those since it began."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._figures: dict[Key, Figures] = {}
        self._writing: asyncio.Task[None] | None = None

    def count(self, endpoint: Endpoint, variant: Variant, status: int | None, invocation: Invocation) -> None:
        """One invocation is over; `status` is what the model answered, 0 nothing, None: it was not asked."""
        key = Key(endpoint.account, endpoint.region, endpoint.name, variant.name)
        figures = self._figures.get(key)
        if figures is None:
            figures = self._figures[key] = Figures()
            if self._writing is None:
                self._writing = asyncio.get_running_loop().create_task(self._write_soon())
        figures.count += 1
        figures.per_instance += 1 / (variant.size or 1)
        if status is None:
            figures.server_errors += 1
            return
        if not 200 <= status < 300:
            figures.model_errors += 1
            if 400 <= status < 500:
                figures.client_errors += 1
            else:
                figures.server_errors += 1
        took = time.perf_counter() - invocation.began
        figures.model[_rounded(invocation.model_seconds)] += 1
        figures.overhead[_rounded(took - invocation.model_seconds)] += 1

    async def close(self) -> None:
        """Write what was counted."""
        if self._writing is not None:
            self._writing.cancel()
        await self._write()

    async def _write_soon(self) -> None:
        await asyncio.sleep(_EVERY)
        self._writing = None
        await self._write()

    async def _write(self) -> None:
        figures, self._figures = self._figures, {}
        for key, counted in figures.items():
            try:
                await self._put(key, _data(key, counted))
            except Exception:
                _log.exception("metrics of an endpoint are lost", extra={"event": "metrics-lost", "name": key.endpoint})

    async def _put(self, key: Key, data: list[dict[str, Any]]) -> None:
        """Call CloudWatch as the service. These calls are no events."""
        moment = datetime.fromtimestamp(self._world.clock.now(), UTC)
        call = Call(
            service="cloudwatch",
            operation="PutMetricData",
            request={"Namespace": NAMESPACE, "MetricData": [{**one, "Timestamp": moment} for one in data]},
            caller=service_caller("sagemaker.amazonaws.com", key.account),
            account=key.account,
            region=key.region,
            request_id=ids.request_id(),
            world=self._world,
        )
        await self._world.dispatch.handler("cloudwatch", "PutMetricData")(call)


def _rounded(seconds: float) -> int:
    micros = int(seconds * 1_000_000)
    shift = micros.bit_length() - _FINENESS
    return (micros >> shift) << shift if shift > 0 else micros


def _data(key: Key, counted: Figures) -> list[dict[str, Any]]:
    dimensions = [{"Name": "EndpointName", "Value": key.endpoint}, {"Name": "VariantName", "Value": key.variant}]
    counts = {
        "Invocations": (counted.count, 1),
        "InvocationsPerInstance": (counted.per_instance, counted.per_instance / counted.count),
        "Invocation4XXErrors": (counted.client_errors, 1),
        "Invocation5XXErrors": (counted.server_errors, 1),
        "InvocationModelErrors": (counted.model_errors, 1),
    }
    data: list[dict[str, Any]] = []
    for name, (total, most) in counts.items():
        always = name.startswith("Invocations")
        data.append(
            {
                "MetricName": name,
                "Dimensions": dimensions,
                "Unit": "None",
                "StatisticValues": {
                    "SampleCount": counted.count,
                    "Sum": total,
                    "Minimum": most if always or total == counted.count else 0,
                    "Maximum": most if total else 0,
                },
            }
        )
    for name, latencies in (("ModelLatency", counted.model), ("OverheadLatency", counted.overhead)):
        values = sorted(latencies.items())
        data += [
            {
                "MetricName": name,
                "Dimensions": dimensions,
                "Unit": "Microseconds",
                "Values": [value for value, _ in part],
                "Counts": [count for _, count in part],
            }
            for part in (values[n : n + _MOST] for n in range(0, len(values), _MOST))
        ]
    return data
