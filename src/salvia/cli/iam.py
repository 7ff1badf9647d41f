"""Permissions: why-denied, policy-from."""

from __future__ import annotations

from typing import Any

import click

from .group import ask, cli


@cli.command("why-denied")
@click.argument("request_id")
def why_denied(request_id: str) -> None:
    """Explain why a request was denied; REQUEST_ID is in its error and in CloudTrail."""
    found = ask("ExplainDenial", RequestId=request_id)
    click.echo(found["Message"])
    statements = found["Statements"]
    for one in sorted(statements, key=lambda one: (one["Effect"] == "Allow", not one["Matched"])):
        click.echo(f"\n  {_title(one)}\n    {_meaning(one)}")
    others = found["OtherStatements"]
    if others:
        click.echo(f"\n  {others} other statement{'s speak' if others > 1 else ' speaks'} of other actions.")


def _title(one: dict[str, Any]) -> str:
    return f"{one['PolicyType']} {one['PolicyName']}, {one['Statement']}"


def _meaning(one: dict[str, Any]) -> str:
    verb = {"Allow": "allows", "Deny": "denies"}[one["Effect"]]
    return (
        f"{verb} it" if one["Matched"] else f"would {verb[:-1] if verb == 'allows' else 'deny'} it, but {one['Reason']}"
    )


@cli.command("policy-from")
@click.argument("source")
def policy_from(source: str) -> None:
    """Print the least policy that would have sufficed for what SOURCE did: a role, a user or a job."""
    click.echo(ask("GeneratePolicy", Source=source)["PolicyDocument"])
