"""What CloudWatch is told of asynchronous requests: summed in memory, written every few seconds.

Source: SageMaker developer guide, "Alarms and logs for tracking metrics from asynchronous endpoints".
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from . import meters
from .flush import Flush
from .meters import Key

if TYPE_CHECKING:
    from salvia.control.world import World

_log = logging.getLogger("salvia.serving")
_EVERY = 5.0  # seconds
_MOST = 1000  # data of a call
_UNITS = {
    "ModelLatency": "Microseconds",
    "RequestDownloadLatency": "Microseconds",
    "ResponseUploadLatency": "Microseconds",
    "TimeInBacklog": "Microseconds",
    "TotalProcessingTime": "Milliseconds",
    "Invocation4XXErrors": "None",
    "Invocation5XXErrors": "None",
}


class Tally:
    """The sums of one process."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._sums: dict[tuple[Key, str], list[float]] = {}  # number, sum, least, greatest
        self._flush = Flush(_EVERY, self._write)

    def add(self, key: Key, **values: float) -> None:
        """Count values, by the names of their metrics."""
        for name, value in values.items():
            known = self._sums.setdefault((key, name), [0, 0.0, value, value])
            known[:] = known[0] + 1, known[1] + value, min(known[2], value), max(known[3], value)
        self._flush.soon()

    async def close(self) -> None:
        """Write what was counted."""
        await self._flush.close()

    async def _write(self) -> None:
        sums, self._sums = self._sums, {}
        owners: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for (key, name), values in sums.items():
            owners.setdefault((key.account, key.region), []).append(_datum(key, name, values))
        for owner, data in owners.items():
            for first in range(0, len(data), _MOST):
                try:
                    await meters.put(self._world, *owner, data[first : first + _MOST])
                except Exception:
                    _log.exception("metrics are lost", extra={"event": "metrics-lost", "account": owner[0]})


def _datum(key: Key, name: str, values: list[float]) -> dict[str, Any]:
    number, total, least, greatest = values
    return {
        "MetricName": name,
        "Dimensions": [
            {"Name": "EndpointName", "Value": key.endpoint},
            {"Name": "VariantName", "Value": key.variant},
        ],
        "Unit": _UNITS.get(name, "Count"),
        "StatisticValues": {"SampleCount": number, "Sum": total, "Minimum": least, "Maximum": greatest},
    }
