"""GetCostAndUsage and GetCostAndUsageWithResources: costs and quantities by time, and by dimension or tag."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from salvia.control.call import Call, operation
from salvia.control.cost.bill import Line
from salvia.core.errors import validation_error

from . import dimensions, lines, metrics, resources
from .metrics import Amount
from .periods import Periods

_MOST_GROUPED = 2
_PAGE = 1000  # amounts, groups of a period counted each


@operation("GetCostAndUsage")
async def get_cost_and_usage(call: Call) -> dict[str, Any]:
    """What was used and what it cost, a page of periods at a time. What has no price costs nothing here, and has its
    quantity.

    Raises ValidationException for what nothing is metered by, and for resources, which have an operation of their own.
    """
    if resources.asked(call.request):
        raise validation_error("Dimension RESOURCE_ID is not allowed. GetCostAndUsageWithResources takes it.")
    return await _costs(call, Periods(call.request["TimePeriod"], call.request["Granularity"]))


@operation("GetCostAndUsageWithResources")
async def get_cost_and_usage_with_resources(call: Call) -> dict[str, Any]:
    """The same of resources, by their ARNs, in the last 14 days. Hours are told of all of them, by AWS only of EC2's.

    Raises ValidationException for an earlier time, and for a request that neither filters nor groups by RESOURCE_ID.
    """
    if not resources.asked(call.request):
        raise validation_error("Group by or filter by RESOURCE_ID. GetCostAndUsage does neither.")
    periods = Periods(call.request["TimePeriod"], call.request["Granularity"])
    resources.recent(call, periods)
    return await _costs(call, periods)


async def _costs(call: Call, periods: Periods) -> dict[str, Any]:
    request = call.request
    wanted: Sequence[str] = request.get("Metrics") or ()
    metrics.check(wanted)
    grouped = request.get("GroupBy") or []
    if len(grouped) > _MOST_GROUPED:
        raise validation_error(f"GroupBy takes {_MOST_GROUPED} keys at most.")
    keys = [dimensions.group(definition) for definition in grouped]
    first = lines.start(call)

    def make(found: list[Line], now: int) -> dict[str, Any]:
        sums: dict[int, dict[tuple[str, ...], Amount]] = defaultdict(lambda: defaultdict(Amount))
        for line in found:
            sums[periods.index(line.start)][tuple(key(line) for key in keys)].add(line)
        results: list[dict[str, Any]] = []
        amounts = 0
        for index in range(first, len(periods)):
            groups = sums.get(index, {})
            amounts += 1 + len(groups)
            if results and amounts > _PAGE:
                return {"ResultsByTime": results, **lines.more(call, index)}
            shown = _grouped(groups, wanted) if keys else _total(groups, wanted)
            results.append({"TimePeriod": periods.shown(index), **shown, "Estimated": periods.end(index) > now})
        return {"ResultsByTime": results}

    answer = await lines.over(call, periods, make)
    return {**answer, **({"GroupDefinitions": grouped} if grouped else {}), "DimensionValueAttributes": []}


def _total(groups: dict[tuple[str, ...], Amount], wanted: Sequence[str]) -> dict[str, Any]:
    return {"Total": groups.get((), Amount()).shown(wanted), "Groups": []}


def _grouped(groups: dict[tuple[str, ...], Amount], wanted: Sequence[str]) -> dict[str, Any]:
    return {
        "Total": {},
        "Groups": [{"Keys": list(key), "Metrics": groups[key].shown(wanted)} for key in sorted(groups)],
    }
