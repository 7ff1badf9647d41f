"""What is implemented, and what not: from the dispatch table, of every service that Salvia knows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import click

from .group import cli, fail

_HEAD = """# Coverage

What of AWS's APIs there is, made by `salvia coverage --markdown`. An operation that is missing answers NotImplemented.

| Service | Implemented | Operations |
|---|---:|---:|"""


class _Service(NamedTuple):
    name: str
    there: list[str]
    missing: list[str]


def _services() -> list[_Service]:
    from salvia import protocol
    from salvia.control.dispatch import Dispatch, discover

    handlers = Dispatch(discover()).handlers
    found = []
    for name in sorted(protocol.SERVICES):
        operations = sorted(protocol.service(name).operation_names)
        there = [operation for operation in operations if (name, operation) in handlers]
        found.append(_Service(name, there, [operation for operation in operations if operation not in there]))
    return found


@cli.command()
@click.argument("service", required=False)
@click.option("--markdown", is_flag=True, help="As docs/coverage.md has it.")
def coverage(service: str | None, markdown: bool) -> None:
    """Which operations there are of SERVICE, or of every service, and which not."""
    services = [one for one in _services() if service in (None, one.name)]
    if not services:
        fail(f"{service} is not served. There are: {', '.join(one.name for one in _services())}.", 2)
    for line in _markdown(services) if markdown else _text(services):
        click.echo(line)


def _text(services: list[_Service]) -> Iterator[str]:
    for name, there, missing in services:
        yield f"{name}: {len(there)} of {len(there) + len(missing)} operations"
        yield from (f"  {operation}" for operation in there)
        yield from (f"  {operation} (NotImplemented)" for operation in missing)


def _markdown(services: list[_Service]) -> Iterator[str]:
    yield _HEAD
    for name, there, missing in services:
        yield f"| {name} | {len(there)} | {len(there) + len(missing)} |"
    for name, there, missing in services:
        yield f"\n## {name}"
        for title, operations in (("Implemented", there), ("Missing", missing)):
            if operations:
                yield f"\n**{title}** ({len(operations)}): {', '.join(operations)}"
