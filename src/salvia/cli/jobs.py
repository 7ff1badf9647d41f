"""Jobs: logs, interrupt."""

from __future__ import annotations

import sys

import click

from .group import cli, client, fail, running_settings


@cli.command()
@click.argument("job")
@click.option("-f", "--follow", is_flag=True, help="Go on until the job ends; exit with 1 when it failed.")
def logs(job: str, follow: bool) -> None:
    """Print the log of a training job."""
    from salvia.logs import print_log

    try:
        code = print_log(client(running_settings()), job, follow=follow)
    except ConnectionError as error:
        fail(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(code)


@cli.command()
@click.argument("job")
def interrupt(job: str) -> None:
    """Take a managed spot training job's instances away: SIGTERM, 120 s, SIGKILL; then it is started again.

    Whoever may do so has salvia:InterruptTrainingJob on the job.
    """
    from salvia.core.client import ClientError

    settings = running_settings()
    try:
        client(settings).json("salvia", "Salvia.InterruptTrainingJob", {"TrainingJobName": job})
    except ClientError as error:
        fail(str(error) if error.status else f"nobody answers at {settings.url}. `salvia up` starts Salvia.")
    click.echo(f"{job} is interrupted.")
