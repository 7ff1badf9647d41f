"""Costs by resource, which AWS tells by an operation of its own and of the last days alone.

Sources: API_GetCostAndUsageWithResources; API_GetDimensionValues, RESOURCE_ID.
"""

from __future__ import annotations

from typing import Any

from salvia.control.call import Call
from salvia.control.cost.bill import DAY
from salvia.core.errors import validation_error

from . import dimensions, expressions
from .periods import Periods

_DAYS = 14


def asked(request: dict[str, Any]) -> bool:
    """Whether a request filters or groups by resource."""
    groups = request.get("GroupBy") or []
    grouped = {one.get("Key") for one in groups if one.get("Type") == "DIMENSION"}
    return dimensions.RESOURCE in grouped | expressions.dimensions_in(request.get("Filter"))


def recent(call: Call, periods: Periods) -> None:
    """Raise ValidationException for a time that begins before midnight 14 days ago."""
    if periods.since < int(call.clock.now()) // DAY * DAY - _DAYS * DAY:
        raise validation_error(f"Start date is more than {_DAYS} days ago. Costs by resource are told of {_DAYS} days.")
