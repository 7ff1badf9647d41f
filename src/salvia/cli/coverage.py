"""What is implemented, and what not."""

from __future__ import annotations

import click

from .group import cli, fail


@cli.command()
@click.argument("service", required=False)
def coverage(service: str | None) -> None:
    """Which operations of each service there are; all of SERVICE, those missing too."""
    from salvia import protocol
    from salvia.control.dispatch import Dispatch, discover

    dispatch = Dispatch(discover())
    served = sorted({name for name, _ in dispatch.handlers})
    if service is not None and service not in served:
        fail(f"{service} is not served. There are: {', '.join(served)}.", 2)
    for name in [service] if service else served:
        operations = protocol.service(name).operation_names
        there = [operation for operation in operations if (name, operation) in dispatch.handlers]
        click.echo(f"{name}: {len(there)} of {len(operations)} operations")
        for operation in operations if service else there:
            click.echo(f"  {operation if operation in there else operation + ' (NotImplemented)'}")
