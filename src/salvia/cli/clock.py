"""The clock: clock, clock advance."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import click

from .group import ask, cli, fail

_UNITS = {"w": 604_800, "d": 86_400, "h": 3600, "m": 60, "s": 1}


def seconds(text: str) -> int:
    """`7d`, `1h30m` or `90` in seconds. Raises ValueError for anything else."""
    if text.isdigit():
        return int(text)
    if not re.fullmatch(r"(\d+[wdhms])+", text):
        raise ValueError(text)
    return sum(int(number) * _UNITS[unit] for number, unit in re.findall(r"(\d+)([wdhms])", text))


@cli.group(invoke_without_command=True)
@click.pass_context
def clock(context: click.Context) -> None:
    """The server's time."""
    if context.invoked_subcommand is None:
        shown = ask("DescribeClock")
        click.echo(f"{_iso(shown['Now'])} ({shown['Kind']})")


@clock.command()
@click.argument("duration")
def advance(duration: str) -> None:
    """Let DURATION pass at once, such as 7d, 12h or 1h30m; needs `salvia up --clock virtual`."""
    try:
        wanted = seconds(duration)
    except ValueError:
        fail(f"{duration} is no duration. It reads 7d, 12h, 90s or 1h30m.", 2)
    shown = ask("AdvanceClock", Seconds=wanted)
    click.echo(_iso(shown["Now"]))


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")
