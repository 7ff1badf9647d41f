"""The alarm: what it watches and does is its spec, what state it is in and why its status.

::

    PutMetricData ─ touches ─┐
    a period ends ───────────┴─▶ lifecycle: read ▸ evaluation: judge ▸ a new state, its reason and a line of history,
                                 in one commit ▸ actions: topics, scaling policies

Source: CloudWatch user guide, "Alarm evaluation".
"""

from __future__ import annotations

from collections.abc import Mapping

from salvia.control.resource import Resource
from salvia.core.errors import ServiceError

OK, ALARMED, INSUFFICIENT = "OK", "ALARM", "INSUFFICIENT_DATA"
ACTIONS = {OK: "OKActions", ALARMED: "AlarmActions", INSUFFICIENT: "InsufficientDataActions"}
ALARM = Resource(
    noun="Alarm",
    service="cloudwatch",
    key="AlarmName",
    arn="alarm:{AlarmName}",
    operations=frozenset(),
    missing=lambda name: ServiceError("ResourceNotFound", f"Alarm {name} does not exist.", 404),
)


def kind_of(spec: Mapping[str, object]) -> str:
    """Of which of AWS's types an alarm is."""
    return "CompositeAlarm" if "AlarmRule" in spec else "MetricAlarm"


def statistic(spec: dict[str, object]) -> str:
    """The statistic that an alarm watches: a simple one, or a percentile."""
    return str(spec.get("Statistic") or spec["ExtendedStatistic"])
