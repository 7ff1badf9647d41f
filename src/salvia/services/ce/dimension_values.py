"""GetDimensionValues: what there is to filter and group by."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from salvia.control.call import Call, operation
from salvia.control.cost.bill import Line
from salvia.core.errors import validation_error

from . import dimensions, lines, metrics, periods, resources
from .metrics import Amount

_PAGE = 1000


@operation("GetDimensionValues")
async def get_dimension_values(call: Call) -> dict[str, Any]:
    """A page of the values that a dimension had in some time, by name, or by what they cost.

    Raises ValidationException for a dimension that nothing is metered by, or one of reservations or savings plans, and
    for resources of more than 14 days ago.
    """
    request = call.request
    if request.get("Context", "COST_AND_USAGE") != "COST_AND_USAGE" or "DimensionKey" in request:
        raise validation_error(
            "Salvia has costs and usage alone: Context is COST_AND_USAGE, and DimensionKey is left out."
        )
    value, order = dimensions.of(request["Dimension"]), _order(request)
    first, limit = lines.start(call), request.get("MaxResults", _PAGE)
    asked = periods.of_dates(request["TimePeriod"])
    if request["Dimension"] == dimensions.RESOURCE or resources.asked(request):
        resources.recent(call, asked)
    sought = request.get("SearchString", "").lower()

    def make(found: list[Line], now: int) -> dict[str, Any]:
        sums: dict[str, Amount] = defaultdict(Amount)
        for line in found:
            sums[value(line)].add(line)
        names = sorted(name for name in sums if sought in name.lower())
        if order is not None:
            names.sort(key=lambda name: sums[name].cost if order[0] else sums[name].quantity, reverse=order[1])
        page = names[first : first + limit]
        answer = {"DimensionValues": [{"Value": name, "Attributes": {}} for name in page]}
        rest = lines.more(call, first + limit) if first + limit < len(names) else {}
        return {**answer, "ReturnSize": len(page), "TotalSize": len(names), **rest}

    return await lines.over(call, asked, make)


def _order(request: dict[str, Any]) -> tuple[bool, bool] | None:
    """Whether values are in the order of their cost, not of their quantity, and whether the greatest is first."""
    wanted = request.get("SortBy") or []
    if not wanted:
        return None
    if len(wanted) > 1 or "SearchString" in request or "NextPageToken" in request:
        raise validation_error("SortBy takes one metric, and neither SearchString nor NextPageToken beside it.")
    metrics.check([wanted[0]["Key"]])
    return wanted[0]["Key"] != "UsageQuantity", wanted[0].get("SortOrder") == "DESCENDING"
