"""Amounts. There are no reservations, savings plans or organizations here: every kind of cost is the unblended one.

Source: API_GetCostAndUsage, Metrics; Cost Management user guide, "Understanding your cost metrics".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from salvia.control.cost import bill
from salvia.control.cost.bill import Line
from salvia.core.errors import validation_error

from . import dimensions

_COSTS = ("UnblendedCost", "BlendedCost", "AmortizedCost", "NetUnblendedCost", "NetAmortizedCost")
_USAGE = "UsageQuantity"


@dataclass(slots=True)
class Amount:
    """Lines added up."""

    cost: Decimal = bill.ZERO
    quantity: Decimal = bill.ZERO
    units: set[str] = field(default_factory=set)

    def add(self, line: Line) -> None:
        """Add one."""
        self.cost += line.charged
        self.quantity += line.quantity
        self.units.add(dimensions.unit(line))

    def shown(self, metrics: Iterable[str]) -> dict[str, Any]:
        """What was asked for. Quantities of several units have none, and mean nothing; as AWS says of them."""
        unit = next(iter(self.units)) if len(self.units) == 1 else "N/A"
        usage = {"Amount": bill.text(self.quantity), "Unit": unit}
        cost = {"Amount": bill.text(self.cost), "Unit": "USD"}
        return {metric: usage if metric == _USAGE else cost for metric in metrics}


def check(metrics: Sequence[str]) -> None:
    """Raise ValidationException for a metric that there is not."""
    for metric in metrics:
        if metric not in (*_COSTS, _USAGE):
            raise validation_error(f"Salvia has no metric {metric[:64]}. It has {', '.join((*_COSTS, _USAGE))}.")
    if not metrics:
        raise validation_error(f"Metrics is empty. There are {', '.join((*_COSTS, _USAGE))}.")
