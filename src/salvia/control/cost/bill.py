"""Lines of a bill: what one use of one resource costs on one day, or in one hour of it, and their sums.

A day's line is rounded once, to ten decimals, and its hours' are what each adds to that; everything else is made by
adding lines: however they are grouped, the sums are the same. What has no price is counted apart, and never as nothing.
"""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from salvia.runtimes.instance_types import instance_type
from salvia.store.usage import Stretch

from . import sheet
from .sheet import Price, Sheet

DAY = 86_400
HOUR = 3_600
_GB = 1 << 30  # bytes, which amounts of data are; AWS says of no other GB what it is than of S3's: 2^30 bytes
_BY_MILLISECOND = frozenset(("Serverless", "ServerlessProvisionedDuration"))  # amounts of which are milliseconds
_DECIMALS = Decimal("1E-10")
ZERO = Decimal(0).quantize(_DECIMALS)


@dataclass(frozen=True, slots=True)
class Line:
    """`start` is the second that it begins with, `seconds` are paid seconds of instances; `quantity` is what the price
    is multiplied with, in its unit.

    `cost` is by the sheet in force, None where that has no price; `on_demand` what AWS asks for the same on demand.
    """

    stretch: Stretch
    start: int
    component: str
    item: str
    seconds: int
    quantity: Decimal
    cost: Decimal | None
    on_demand: Decimal | None

    @property
    def day(self) -> str:
        """The day on which it was used."""
        return f"{datetime.fromtimestamp(self.start, UTC):%Y-%m-%d}"

    @property
    def charged(self) -> Decimal:
        """What is to be paid, as far as that is known."""
        return self.cost if self.cost is not None and self.stretch.use.paid else ZERO


@dataclass(slots=True)
class Sum:
    """Lines added up. `saved` is what spot instances were not paid for. Quantities without a price are by what
    they are of."""

    seconds: int = 0
    cost: Decimal = ZERO
    on_demand: Decimal = ZERO
    saved: Decimal = ZERO
    unpriced: dict[tuple[str, str], Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    unpriced_on_demand: dict[tuple[str, str], Decimal] = field(default_factory=lambda: defaultdict(Decimal))

    def add(self, line: Line) -> None:
        """Add one."""
        self.seconds += line.seconds
        what = (line.component, line.item)
        self.cost += line.charged
        if line.cost is None:
            if line.stretch.use.paid:
                self.unpriced[what] += line.quantity
        elif not line.stretch.use.paid:
            self.saved += line.cost
        if line.on_demand is None:
            self.unpriced_on_demand[what] += line.quantity
        else:
            self.on_demand += line.on_demand

    def shown(self) -> dict[str, Any]:
        """In the API's words."""
        return {
            "Cost": text(self.cost),
            "OnDemandCost": text(self.on_demand),
            "SpotSavings": text(self.saved),
            "InstanceSeconds": self.seconds,
            "Unpriced": _quantities(self.unpriced),
            "OnDemandUnpriced": _quantities(self.unpriced_on_demand),
        }


def lines(stretches: Iterable[Stretch], since: int, until: int, prices: Sheet, *, step: int = DAY) -> Iterator[Line]:
    """What was used from `since` to before `until`, a line a day and a price, or an hour. What runs, has run until
    `until`."""
    for stretch in stretches:
        end = min(until, until if stretch.ended_at is None else stretch.ended_at)
        start = max(since, stretch.started_at)
        while start < end:
            midnight = start - start % DAY + DAY
            yield from _day(stretch, start, min(end, midnight), prices, step)
            start = midnight


def grouped(found: Iterable[Line], keys: Callable[[Line], tuple[str, ...]]) -> dict[tuple[str, ...], Sum]:
    """The lines' sums, by what `keys` says of each."""
    sums: dict[tuple[str, ...], Sum] = defaultdict(Sum)
    for line in found:
        sums[keys(line)].add(line)
    return sums


def text(amount: Decimal) -> str:
    """A number as people write it: `str` of a small one has an exponent."""
    return f"{amount:f}"


def _day(stretch: Stretch, start: int, end: int, prices: Sheet, step: int) -> Iterator[Line]:
    """The instances and their volumes. A volume is charged for the part of the month that it was there.

    Source: Amazon EBS pricing: GB-months, by the second, of a month of so many days; for instance storage, which
    replaces a volume, API_ResourceConfig, VolumeSizeInGB.
    """
    use, day = stretch.use, datetime.fromtimestamp(start, UTC)
    instances = use.amount if use.paid and sheet.unit(use.component) == "instance-hour" else 0
    charges = [(use.component, use.item, use.amount, instances)]
    kind = instance_type(use.item)
    if use.volume_gb and not (kind is not None and kind.local_nvme_gb):
        charges.append(("Storage", use.component, use.amount * use.volume_gb, 0))
    for component, item, amount, counted in charges:
        month = monthrange(day.year, day.month)[1] * DAY
        unit = {"GB-month": month, "GB": _GB, "second": 1}.get(sheet.unit(component), HOUR)
        unit = 1000 if component in _BY_MILLISECOND else unit
        price, on_demand = prices.price(component, item), sheet.aws().price(component, item)
        at = start
        while at < end:
            then = min(end, at - at % step + step)
            before, used = amount * (at - start), amount * (then - start)
            yield Line(
                stretch,
                at,
                component,
                item,
                counted * (then - at),
                _rounded(Decimal(used) / unit) - _rounded(Decimal(before) / unit),
                _times(price, before, used, unit),
                _times(on_demand, before, used, unit),
            )
            at = then


def _times(price: Price | None, before: int, used: int, unit: int) -> Decimal | None:
    """What use adds to what it was `before`."""
    return None if price is None else _rounded(price.amount * used / unit) - _rounded(price.amount * before / unit)


def _rounded(amount: Decimal) -> Decimal:
    return amount.quantize(_DECIMALS)


def _quantities(found: dict[tuple[str, str], Decimal]) -> list[dict[str, str]]:
    return [
        {"Component": component, "Item": item, "Quantity": text(quantity), "Unit": sheet.unit(component)}
        for (component, item), quantity in sorted(found.items())
    ]
