"""Counting invocations, under AWS's names: in memory, written to CloudWatch every few seconds.

Source: SageMaker developer guide, "Monitor Amazon SageMaker with Amazon CloudWatch", endpoint invocation metrics.
"""

from __future__ import annotations

import asyncio
import logging
from array import array
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from salvia.control import measures

from . import bill, loading, serverless
from .endpoint import Endpoint, Variant
from .flush import Flush
from .prometheus import Board

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
    """Of one variant, since they were last written. Latencies are in seconds."""

    __slots__ = (
        "asked",
        "bytes_in",
        "bytes_out",
        "client_errors",
        "endpoint",
        "hits",
        "key",
        "loading",
        "model",
        "model_errors",
        "overhead",
        "places",
        "server_errors",
        "unasked",
        "variant",
    )

    def __init__(self, key: Key, endpoint: str, variant: Variant) -> None:
        self.key = key
        self.endpoint = endpoint  # its id
        self.variant = variant
        self.client_errors = self.server_errors = self.model_errors = self.unasked = 0
        self.model = array("d")
        self.overhead = array("d")
        self.places = array("d")  # of a serverless variant's requests: how many were under way with each
        self.bytes_in = self.bytes_out = 0  # of bodies that models were sent, and that they answered
        self.asked = self.hits = 0  # for one of many models
        self.loading: dict[str, list[float]] = {}

    def load(self, done: loading.Figures) -> None:
        """One of many models was asked for, about which this had to be done first."""
        self.asked += 1
        self.hits += not done
        for name, seconds in done:
            self.loading.setdefault(name, []).append(seconds)

    @property
    def counters(self) -> tuple[int, ...]:
        """All, those with 4xx, with 5xx or nobody to ask, without 2xx; for one of many models, for one that was
        loaded."""
        total, unasked = len(self.model) + self.unasked, self.unasked
        errors = self.client_errors, self.server_errors + unasked, self.model_errors + unasked
        return total, *errors, self.asked, self.hits


class Meters:
    """The figures of one process; `totals` are those since it began."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._figures: dict[Variant, Figures] = {}
        self._flush = Flush(_EVERY, self._write)
        self._board = Board(world.settings.run / "metrics")

    def count(self, endpoint: Endpoint, variant: Variant, status: int | None, invocation: Invocation) -> None:
        """One invocation is over; `status` is what the model answered, 0 nothing, None: it was not asked."""
        figures = self._figures.get(variant) or self._begin(endpoint, variant)
        if status is None:
            figures.unasked += 1
            return
        if not 200 <= status < 300:
            figures.model_errors += 1
            if 400 <= status < 500:
                figures.client_errors += 1
            else:
                figures.server_errors += 1
        if variant.target == loading.MULTI_MODEL:
            figures.load(invocation.loading)
        model = invocation.model_seconds
        figures.model.append(model)
        figures.overhead.append(invocation.ended - invocation.began - model)
        figures.bytes_in += invocation.bytes_in
        figures.bytes_out += invocation.bytes_out
        if invocation.place:
            figures.places.append(invocation.place)

    def _begin(self, endpoint: Endpoint, variant: Variant) -> Figures:
        key = Key(endpoint.account, endpoint.region, endpoint.name, variant.name)
        figures = self._figures[variant] = Figures(key, endpoint.id, variant)
        self._flush.soon()
        return figures

    async def text(self) -> str:
        """The sums of all processes, for Prometheus; others' are a few seconds old."""
        await self._flush.now()
        return await asyncio.to_thread(self._board.text)

    async def close(self) -> None:
        """Write what was counted."""
        await self._flush.close()

    async def _write(self) -> None:
        figures, self._figures = self._figures, {}
        for counted in figures.values():
            key = counted.key
            try:
                await put(self._world, key.account, key.region, await asyncio.to_thread(self._read, counted))
            except Exception:
                _log.exception("metrics are lost", extra={"event": "metrics-lost", "endpoint": key.endpoint})
        if figures:
            await asyncio.to_thread(self._board.save)
            try:
                await bill.write(self._world, figures.values())
            except Exception:
                _log.exception("usage is lost", extra={"event": "usage-lost"})

    def _read(self, counted: Figures) -> list[dict[str, Any]]:
        """What CloudWatch is told, and in passing the board."""
        loads = [counted.loading.get(name, ()) for name in loading.METRICS]
        latencies = [Counter(map(_rounded, seen)) for seen in (counted.model, counted.overhead, *loads)]
        self._board.add(counted.key, counted.counters, latencies)
        return _data(counted, latencies)


async def put(world: World, account: str, region: str, data: list[dict[str, Any]]) -> None:
    """Tell CloudWatch, of this moment."""
    await measures.put(world, account, region, NAMESPACE, data)


def _rounded(seconds: float) -> int:
    micros = int(seconds * 1_000_000)
    shift = micros.bit_length() - _FINENESS
    return (micros >> shift) << shift if shift > 0 else micros


def _data(counted: Figures, latencies: Sequence[Counter[int]]) -> list[dict[str, Any]]:
    key = counted.key
    total, client_errors, server_errors, model_errors, asked, hits = counted.counters
    dimensions = [{"Name": "EndpointName", "Value": key.endpoint}, {"Name": "VariantName", "Value": key.variant}]
    counts = {
        "Invocations": (total, total, 1.0),
        "InvocationsPerInstance": (total, total, 1 / (counted.variant.size or 1)),
        "Invocation4XXErrors": (total, client_errors, 1.0),
        "Invocation5XXErrors": (total, server_errors, 1.0),
        "InvocationModelErrors": (total, model_errors, 1.0),
        "ModelCacheHit": (asked, hits, 1.0),
    }
    data: list[dict[str, Any]] = serverless.data(counted, dimensions)
    for name, (samples, times, value) in counts.items():
        if not samples or (counted.variant.serverless is not None and name not in serverless.COUNTED):
            continue
        data.append(
            {
                "MetricName": name,
                "Dimensions": dimensions,
                "Unit": "None",
                "StatisticValues": {
                    "SampleCount": samples,
                    "Sum": times * value,
                    "Minimum": value if times == samples else 0.0,
                    "Maximum": value if times else 0.0,
                },
            }
        )
    times_taken = dict(zip(("ModelLatency", "OverheadLatency", *loading.METRICS), latencies, strict=True))
    for name, seen in times_taken.items():
        values = sorted(seen.items())
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
