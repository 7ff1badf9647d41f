"""The bill: cost."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import click

from .clock import seconds
from .group import ask, cli, fail

_FEW, _CENTS, _RATE = Decimal("0.000001"), Decimal("0.01"), Decimal("0.0001")
_TYPES = {
    "resource": "RESOURCE",
    "user": "USER",
    "day": "DAY",
    "component": "COMPONENT",
    "type": "INSTANCE_TYPE",
    "part": "PART",
}
_EMPTY = """Nothing ran in this time, so nothing cost anything.

Whatever runs is metered from its first second, by instance type, and priced as on AWS. Train something, and look:

    aws sagemaker create-training-job …     salvia cost

    salvia cost --since 90d                 what ran longer ago
    salvia cost --by user --by tag:team     whose it is
    salvia up --prices FILE                 your own prices"""


@cli.command()
@click.option(
    "--by", multiple=True, default=["resource"], help="resource, user, tag:KEY, day, component, type or part."
)
@click.option("--since", default="", help="2026-11-01, or how long ago: 7d. Without it, the first of this month.")
@click.option("--until", default="", help="2026-12-01, which is not part of it, or how long ago. Without it, now.")
@click.option("--json", "as_json", is_flag=True, help="For programs: exact amounts, and where prices are from.")
def cost(by: tuple[str, ...], since: str, until: str, as_json: bool) -> None:
    """What everything cost, at AWS's prices or your own; what runs, and what of that nobody uses."""
    period = {"StartTime": _moment(since), "EndTime": _moment(until)}
    asked = {member: moment for member, moment in period.items() if moment is not None}
    report = ask("GetCost", GroupBy=[_grouping(name) for name in by], **asked)
    if as_json:
        click.echo(json.dumps(report, indent=2))
        return
    for line in _text(report, [name.upper() for name in by]):
        click.echo(line)


def _grouping(name: str) -> dict[str, str]:
    if name.startswith("tag:") and len(name) > len("tag:"):
        return {"Type": "TAG", "Key": name.removeprefix("tag:")}
    if name not in _TYPES:
        fail(f"--by takes {', '.join(_TYPES)} or tag:KEY, and not {name}.", 2)
    return {"Type": _TYPES[name]}


def _moment(text: str) -> float | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except ValueError:
        pass
    try:
        ago = seconds(text)
    except ValueError:
        fail(f"{text} is neither a date, such as 2026-11-01, nor a time ago, such as 7d.", 2)
    return float(ask("DescribeClock")["Now"]) - ago


def _text(report: dict[str, Any], titles: list[str]) -> Iterator[str]:
    total = report["Total"]
    yield f"{_day(report['StartTime'])} to {_day(report['EndTime'])} UTC, USD"
    yield ""
    if not report["Groups"] and not report["Running"]:
        yield _EMPTY
        return
    saved = Decimal(total["SpotSavings"]) > 0
    yield from _table(
        [*titles, "INSTANCE TIME", "COST", "AWS ON DEMAND", *(["SAVED BY SPOT"] if saved else [])],
        [*_rows(report["Groups"], total, saved), _total(total, len(titles), saved)],
        len(titles),
    )
    yield from _unknown(report)
    if saved:
        paid = Decimal(total["Cost"])
        share = Decimal(total["SpotSavings"]) / (paid + Decimal(total["SpotSavings"])) * 100
        yield f"\nManaged spot training saved {share:.0f} % of what all of this would have cost without it."
    if report["Running"]:
        yield "\nRunning now, and what it cost since it started:\n"
        yield from _table(["RESOURCE", "WHAT", "SINCE", "COST", "AN HOUR", ""], _running(report["Running"]), 3)
    derived = [f"{price['Component']} {price['Item']}" for price in report["Prices"] if price.get("Derived")]
    if derived:
        yield f"\nDerived, not published: {', '.join(derived)}. `salvia cost --json` says how, and all sources."


def _rows(groups: list[dict[str, Any]], total: dict[str, Any], saved: bool) -> list[list[str]]:
    columns = ["Cost", "OnDemandCost", *(["SpotSavings"] if saved else [])]
    digits = _digits(total)
    amounts = [_shown((Decimal(group[column]) for group in groups), digits) for column in columns]
    return [
        [
            *(_short(key) for key in group["Keys"]),
            _time(group["InstanceSeconds"]),
            *(column[place] for column in amounts),
        ]
        for place, group in enumerate(groups)
    ]


def _total(total: dict[str, Any], keys: int, saved: bool) -> list[str]:
    digits = _digits(total)
    amounts = [total["Cost"], total["OnDemandCost"], *([total["SpotSavings"]] if saved else [])]
    return [
        "TOTAL",
        *[""] * (keys - 1),
        _time(total["InstanceSeconds"]),
        *(_money(Decimal(one), digits) for one in amounts),
    ]


def _digits(total: dict[str, Any]) -> Decimal:
    """Cents, or more where they would show nothing."""
    return _CENTS if Decimal(total["OnDemandCost"]) >= 1 else _FEW


def _shown(amounts: Iterable[Decimal], digits: Decimal) -> list[str]:
    """Rounded so that they add up: each is what it adds to the rounded sum of those before it."""
    shown, exact, rounded = [], Decimal(0), Decimal(0)
    for amount in amounts:
        exact += amount
        shown.append(_money(exact.quantize(digits) - rounded, digits))
        rounded = exact.quantize(digits)
    return shown


def _unknown(report: dict[str, Any]) -> Iterator[str]:
    total = report["Total"]
    for member, words in (("Unpriced", "Not in it"), ("OnDemandUnpriced", "Not in AWS on demand")):
        if total[member] and (member == "Unpriced" or total[member] != total["Unpriced"]):
            what = ", ".join(
                f"{Decimal(one['Quantity']):.4f} {one['Unit']}s of {one['Component']} {one['Item']}"
                for one in total[member]
            )
            yield f"\n{words}, since nobody publishes their price: {what}."
            if member == "Unpriced":
                yield "`salvia up --prices FILE` gives them one."


def _running(running: list[dict[str, Any]]) -> Iterator[list[str]]:
    for use in running:
        unknown = f"{use['Component']} {use['Item']}" in {f"{o['Component']} {o['Item']}" for o in use["Unpriced"]}
        hourly = Decimal(use["CostPerHour"]) if "CostPerHour" in use else None
        idle = f"IDLE: not invoked for a day; {_money(hourly * 24)} a day" if use["Idle"] and hourly is not None else ""
        yield [
            _short(use["ResourceArn"]),
            f"{use['Amount']} × {use['Item']} {use['Part']}".strip(),
            f"{datetime.fromtimestamp(use['StartTime'], UTC):%Y-%m-%d %H:%M}",
            "unknown" if unknown else _money(Decimal(use["Cost"])),
            "unknown" if hourly is None else _money(hourly),
            idle or ("IDLE: not invoked for a day" if use["Idle"] else ""),
        ]


def _table(head: list[str], rows: Iterable[list[str]], left: int) -> Iterator[str]:
    """Columns of text; those after the first `left` are numbers, but for one without a title."""
    table = [head, *rows]
    widths = [max(len(row[place]) for row in table) for place in range(len(head))]
    for row in table:
        cells = [
            cell.ljust(width) if place < left or not head[place] else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()


def _short(key: str) -> str:
    """What an ARN names; whoever created something before bills were kept, or has no such tag, is a dash."""
    return (key.split(":", 5)[5] if key.startswith("arn:") else key) or "-"


def _money(amount: Decimal, digits: Decimal = _RATE) -> str:
    return f"{amount.quantize(digits):,}"


def _time(number: int) -> str:
    hours, rest = divmod(number, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}"


def _day(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M}"
