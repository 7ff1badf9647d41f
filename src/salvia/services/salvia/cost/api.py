"""GetCost: what everything cost, grouped as one likes; what runs, and what of that nobody uses."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from salvia.control.call import Call, operation
from salvia.control.cost import bill, sheet
from salvia.control.cost.bill import Line, Sum
from salvia.control.cost.sheet import Sheet
from salvia.core.errors import validation_error
from salvia.store import usage
from salvia.store.usage import Stretch

from . import idle

_HOUR = 3_600
_KEYS: dict[str, Callable[[Line], str]] = {
    "RESOURCE": lambda line: line.stretch.arn,
    "USER": lambda line: line.stretch.creator,
    "DAY": lambda line: line.day,
    "COMPONENT": lambda line: line.component,
    "INSTANCE_TYPE": lambda line: line.stretch.use.item,
    "PART": lambda line: line.stretch.use.part,
}


@operation("GetCost")
async def get_cost(call: Call) -> dict[str, Any]:
    """The cost of everything in the account from StartTime (of this month) to before EndTime (now).

    Raises ValidationException for a period that ends before it starts, a tag group without a key, or a price sheet of
    one's own that cannot be read any more.
    """
    request, now = call.request, int(call.clock.now()) + 1  # a second that has begun counts
    until = min(now, int(request["EndTime"].timestamp())) if "EndTime" in request else now
    since = int(request["StartTime"].timestamp()) if "StartTime" in request else _month(until)
    if since > until:
        raise validation_error("StartTime must be before EndTime, and neither in the future.")
    keys = _keys(request.get("GroupBy") or [{"Type": "RESOURCE"}])
    found = await usage.between(call.db, call.account, since, until)
    alive = [one for one in await usage.between(call.db, call.account, now, now) if one.ended_at is None]
    running = [stretch for stretch in alive if stretch.use.paid]
    try:
        answer = await asyncio.to_thread(_answer, found, running, since, until, now, keys, call.world.settings.prices)
    except ValueError as error:
        raise validation_error(str(error)) from error
    unused = await idle.endpoints(call, running)
    for entry in answer["Running"]:
        entry["Idle"] = entry["ResourceArn"] in unused
    return answer


def _answer(
    found: Sequence[Stretch],
    running: Sequence[Stretch],
    since: int,
    until: int,
    now: int,
    keys: Callable[[Line], tuple[str, ...]],
    path: str,
) -> dict[str, Any]:
    prices = sheet.read(path)
    every = list(bill.lines(found, since, until, prices))
    groups = bill.grouped(every, keys)
    return {
        "StartTime": since,
        "EndTime": until,
        "Currency": "USD",
        "Groups": [{"Keys": list(key), **groups[key].shown()} for key in sorted(groups)],
        "Total": _total(every).shown(),
        "Running": _running(running, now, prices),
        "Prices": _prices(every, prices),
    }


def _running(running: Iterable[Stretch], now: int, prices: Sheet) -> list[dict[str, Any]]:
    """What runs, each use of each part of a resource once, with its cost since it started."""
    parts: dict[tuple[str, ...], list[Stretch]] = defaultdict(list)
    for stretch in running:
        parts[stretch.arn, stretch.use.part, stretch.use.component, stretch.use.item].append(stretch)
    entries = []
    for (arn, part, component, item), stretches in sorted(parts.items()):
        started = min(stretch.started_at for stretch in stretches)
        so_far = _total(bill.lines(stretches, started, now, prices))
        hourly = _total(bill.lines(stretches, now, now + _HOUR, prices))
        entries.append(
            {
                "ResourceArn": arn,
                "Part": part,
                "Component": component,
                "Item": item,
                "Amount": sum(stretch.use.amount for stretch in stretches),
                "Creator": stretches[0].creator,
                "StartTime": started,
                **so_far.shown(),
                **({"CostPerHour": bill.text(hourly.cost)} if prices.price(component, item) else {}),
            }
        )
    return entries


def _total(lines: Iterable[Line]) -> Sum:
    return bill.grouped(lines, lambda line: ()).get((), Sum())


def _prices(every: Iterable[Line], prices: Sheet) -> list[dict[str, Any]]:
    """The prices that the lines were made with, and where they are from."""
    shown = []
    for component, item in sorted({(line.component, line.item) for line in every}):
        price = prices.price(component, item)
        entry: dict[str, Any] = {"Component": component, "Item": item, "Unit": sheet.unit(component)}
        if price is not None:
            entry |= {"Amount": bill.text(price.amount), "Source": price.source, "Derived": bool(price.formula)}
            entry |= {"Formula": price.formula} if price.formula else {}
        shown.append(entry)
    return shown


def _keys(wanted: Sequence[dict[str, str]]) -> Callable[[Line], tuple[str, ...]]:
    for one in wanted:
        if (one["Type"] == "TAG") != ("Key" in one):
            raise validation_error("GroupBy: Type TAG needs a Key, the tag's; no other has one.")
    chosen = [_tag(one["Key"]) if one["Type"] == "TAG" else _KEYS[one["Type"]] for one in wanted]
    return lambda line: tuple(key(line) for key in chosen)


def _tag(name: str) -> Callable[[Line], str]:
    return lambda line: line.stretch.tags.get(name, "")


def _month(moment: int) -> int:
    at = datetime.fromtimestamp(moment, UTC)
    return int(datetime(at.year, at.month, 1, tzinfo=UTC).timestamp())
