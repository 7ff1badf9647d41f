"""The command `salvia` itself, and what its commands share."""

from __future__ import annotations

import json
import sys
from typing import Any, NoReturn

import click

from salvia.settings import Settings, default_home


class _Commands(click.Group):
    """In the order of a first day; what is not named here comes after it."""

    FIRST = ("up", "down", "status", "studio", "env", "exec", "logs", "cost", "images", "coverage", "doctor")

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*self.FIRST, *sorted(set(self.commands) - set(self.FIRST))]


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="salvia-ml", prog_name="salvia")
def cli() -> None:
    """Amazon SageMaker that you own.

    `salvia up` starts it, `eval "$(salvia env)"` points the AWS CLI and boto3 at it. SALVIA_HOME is the data
    directory (default ~/.salvia).
    """


def fail(message: str, code: int = 1) -> NoReturn:
    """One clear line, and an exit code."""
    click.echo(f"salvia: {message}", err=True)
    sys.exit(code)


def running_settings() -> Settings:
    """The settings of the server that runs on SALVIA_HOME, or an error that says how to start one."""
    home = default_home()
    try:
        settings = Settings.load(home)
    except (FileNotFoundError, ValueError, TypeError):
        fail(f"nothing has run on {home} yet. `salvia up` starts Salvia; SALVIA_HOME names its data directory.")
    return settings


def credentials(settings: Settings) -> dict[str, str]:
    """The administrator's keys."""
    try:
        keys: dict[str, str] = json.loads((settings.home / "credentials.json").read_text())
    except (FileNotFoundError, ValueError):
        fail(f"{settings.home}/credentials.json is missing. `salvia down` and `salvia up` write it again.")
    except PermissionError:
        fail(f"{settings.home}/credentials.json may be read by its owner alone, and that is not you.")
    return keys


def client(settings: Settings) -> Any:
    """The administrator as a client of the running server."""
    from salvia.core.client import Client, Credentials

    keys = credentials(settings)
    return Client(
        settings.url,
        settings.region,
        lambda: Credentials(keys["access_key"], keys["secret_key"], None, None),
        str(settings.ca_bundle),
    )


def ask(operation: str, **request: Any) -> dict[str, Any]:
    """The running server's answer to an operation of Salvia's own API, asked once; a refusal ends the command."""
    from salvia.core.client import ClientError

    try:
        answer: dict[str, Any] = client(running_settings()).json("salvia", f"Salvia.{operation}", request, retry_for=0)
    except ClientError as error:
        fail(error.message)
    return answer
