"""What things cost: AWS's prices on demand, in prices.json with their sources, and a user's own over them.

A user's sheet is JSON, of as many prices as its owner cares to name; `*` is every other item of its component:

    {"Training": {"ml.m5.xlarge": 0.05, "*": 0.02}, "Storage": {"*": 0}}

What neither names, or AWS's names without a price, has none: it is unknown, and never guessed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from salvia.runtimes import instance_types

_DATA = Path(__file__).with_name("prices.json")
OWN = "your own sheet"
_DEAREST = 1_000_000  # USD an hour: beyond it a comma was forgotten


@dataclass(frozen=True, slots=True)
class Price:
    """USD for one `unit`. `source` says where and when it was read, `formula` how it was derived if it was."""

    amount: Decimal
    unit: str
    source: str
    formula: str = ""


class Sheet:
    """Prices by component and item: Training and ml.m5.xlarge, Storage and Hosting, Data and HostingIn."""

    def __init__(self, own: dict[str, dict[str, Decimal]] | None = None) -> None:
        self._own = own or {}

    def price(self, component: str, item: str) -> Price | None:
        """What an item costs; None where nobody says. Raises KeyError for a component that there is not."""
        written = _written()
        base, *derived = written["same"].get(component, [component])
        priced = written["components"][base]
        for name in (component, base):
            own = self._own.get(name, {})
            if item in own or "*" in own:
                return Price(own[item] if item in own else own["*"], priced["unit"], OWN)
        known: list[Any] = priced["items"].get(item) or [None]
        if known[0] is None:
            return None
        amount, source, formula = [*known, None][:3]
        formulas = [f"as {base}"] if derived else []
        formulas += [written["formula"][formula.split()[0]]] if formula else []
        return Price(Decimal(amount), priced["unit"], _sources(source), "; ".join(formulas))


def unit(component: str) -> str:
    """What a component is counted in: instance-hour, GB-month, GB, second…"""
    written = _written()
    name: str = written["components"][written["same"].get(component, [component])[0]]["unit"]
    return name


@cache
def aws() -> Sheet:
    """AWS's own prices."""
    return Sheet()


def read(path: str) -> Sheet:
    """A user's sheet over AWS's; AWS's alone without one. Raises ValueError with a sentence for one that is wrong."""
    if not path:
        return aws()
    try:
        text = Path(path).read_text()
    except OSError as error:
        raise ValueError(f"The price sheet {path} cannot be read: {error.strerror}.") from error
    try:
        said = json.loads(text, parse_float=Decimal, parse_int=Decimal)
    except ValueError as error:
        raise ValueError(f"The price sheet {path} is not JSON: {error}.") from error
    problem = _problem(said)
    if problem:
        raise ValueError(f"The price sheet {path}: {problem}")
    return Sheet(said)


def _problem(said: Any) -> str:
    written = _written()
    known = [*written["components"], *written["same"]]
    if not isinstance(said, dict):
        return 'it reads {"Training": {"ml.m5.xlarge": 0.05}}, USD by component and item.'
    for component, prices in said.items():
        if component not in known:
            return f"there is no component {component}. There are: {', '.join(known)}."
        if not isinstance(prices, dict):
            return f'{component} reads {{"ITEM": USD}}.'
        for item, amount in prices.items():
            if not isinstance(amount, Decimal) or not (0 <= amount <= _DEAREST):
                return f"{component}, {item}: a price is a number of USD, from 0 to {_DEAREST}."
            if item != "*" and not _known(component, item):
                return f"{component} has no item {item}."
    return ""


def _known(component: str, item: str) -> bool:
    written = _written()
    priced = written["components"][written["same"].get(component, [component])[0]]
    return item in priced["items"] or (priced["unit"] == "instance-hour" and item in instance_types.names())


def _sources(names: str) -> str:
    sources = [_written()["source"][name] for name in names.split()]
    return "; ".join(f"{one['what']} ({one['date'] or 'without a date'})" for one in sources)


@cache
def _written() -> dict[str, Any]:
    written: dict[str, Any] = json.loads(_DATA.read_bytes(), parse_float=Decimal)
    return written
