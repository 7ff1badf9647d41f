"""The server: up, down, status, doctor."""

from __future__ import annotations

import gc
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import click

from salvia import process
from salvia.core.domains import is_aws
from salvia.settings import Settings, default_home

from .group import cli, client, fail, running_settings


def _location(_context: click.Context, _option: click.Parameter, url: str) -> str:
    from salvia.objectstore.location import Location

    try:
        if url and not url.startswith("file:///"):
            Location.parse(url).keys()
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    return url


def _locations(_context: click.Context, _option: click.Parameter, urls: str) -> str:
    from salvia.services.s3.elsewhere.registered import locations

    try:
        for location in locations(urls).values():
            location.keys()
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    return urls


def _networks(_context: click.Context, _option: click.Parameter, text: str) -> str:
    from salvia.protocol.proxy.outside import networks

    try:
        networks(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    return text


def _sheet(_context: click.Context, _option: click.Parameter, path: str) -> str:
    from salvia.control.cost import sheet

    try:
        sheet.read(path)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    return str(Path(path).absolute()) if path else ""


def _domain(_context: click.Context, _option: click.Parameter, domain: str) -> str:
    name = domain.lower().rstrip(".")
    labels = name.split(".")
    if not all(re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", label) for label in labels) or labels[-1].isdigit():
        raise click.BadParameter("a domain such as example.com, whose names below studio and notebook lead here.")
    if is_aws(name):
        raise click.BadParameter(f"{name} is AWS's.")
    return name


def _place(_: click.Context, __: click.Parameter, place: str) -> str:
    host, _colon, port = place.partition(":")
    if place and (not host or (":" in place and not (port.isdigit() and 0 < int(port) < 65_472))):
        raise click.BadParameter("HOST or HOST:PORT, the port below 65472.")
    return place


@cli.command()
@click.option("--detach", is_flag=True, help="Return when it is ready; it runs on.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=7258, show_default=True, envvar="SALVIA_PORT", type=click.IntRange(1, 65535))
@click.option(
    "--auth",
    type=click.Choice(["enforce", "off"]),
    default="enforce",
    show_default=True,
    help="off: accept any credentials, check no policy.",
)
@click.option(
    "--capacity",
    type=click.Choice(["elastic", "strict"]),
    default="elastic",
    show_default=True,
    help="elastic: fit any instance type into this machine; strict: queue jobs until theirs are free.",
)
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Gateway processes.")
@click.option("--controllers", default=1, show_default=True, type=click.IntRange(1, 64), help="Controller processes.")
@click.option(
    "--database",
    default="",
    envvar="SALVIA_DATABASE",
    help="sqlite:///PATH (by default salvia.db in the data directory) or postgresql://USER:PASSWORD@HOST/NAME. "
    "Rather than on the command line, where others see it, put a password into SALVIA_DATABASE.",
)
@click.option(
    "--object-store",
    default="",
    callback=_location,
    help="s3://BUCKET/PREFIX?endpoint=https://HOST&region=R: keep objects' bytes in a bucket of another S3; or "
    "file:///FOLDER.",
)
@click.option(
    "--buckets",
    default="",
    callback=_locations,
    help="s3://NAME?endpoint=https://HOST,s3://…: serve buckets of another S3 under their own names.",
)
@click.option(
    "--private-targets",
    default="",
    callback=_networks,
    help="10.1.0.0/16,127.0.0.1: private addresses to which topics may deliver, and from which repositories may be "
    "cloned; else public ones alone.",
)
@click.option("--advertise", default="", help="URL by which instances reach this server.")
@click.option(
    "--internal",
    default="",
    callback=_place,
    help="HOST[:PORT] by which servers that share the database reach this one's gateways; by default the host of "
    "--advertise, and any port. Each gateway takes one more port.",
)
@click.option(
    "--clock",
    type=click.Choice(["system", "virtual"]),
    default="system",
    show_default=True,
    help="virtual: `salvia clock advance` moves it, for schedules, time-outs, retention and bills.",
)
@click.option(
    "--prices",
    default="",
    envvar="SALVIA_PRICES",
    callback=_sheet,
    help='A price sheet of your own, over AWS\'s: a file with {"Training": {"ml.m5.xlarge": 0.05}}, USD.',
)
@click.option(
    "--studio-domain",
    default="localhost",
    show_default=True,
    callback=_domain,
    help="Below which Studio (studio.DOMAIN) and notebooks (NAME.notebook.DOMAIN) have hosts of their own.",
)
@click.option(
    "--notebook-idle",
    default=0,
    show_default=True,
    type=click.IntRange(0, 525_600),
    metavar="MINUTES",
    help="Stop notebook instances whose kernels did nothing for so long; 0: never. The tag salvia:idle-minutes of an "
    "instance says otherwise for it.",
)
@click.option("--tls", is_flag=True, help="Speak TLS, with a certificate of the authority in ca-bundle.pem.")
def up(detach: bool, database: str, **options: Any) -> None:
    """Start Salvia on SALVIA_HOME."""
    if database and not database.startswith(("sqlite:///", "postgresql://", "postgresql+asyncpg://")):
        fail("--database takes sqlite:///PATH or postgresql://USER:PASSWORD@HOST:PORT/NAME.", 2)
    os.environ.pop("SALVIA_DATABASE", None)  # what is started from here on has no need of the password
    os.umask(0o077)  # the data directory holds keys and data: it is its owner's alone
    settings = Settings(default_home(), database=database, **options)
    try:
        if detach:
            from salvia.detached import detach as start_detached

            pid = start_detached(settings)
            click.echo(f"Salvia is up on {settings.url} (process {pid}, data in {settings.home}).")
            click.echo(f"Studio is at {settings.studio}; `salvia studio` opens it and signs you in.")
            return
        gc.disable()  # nothing of what is loaded until it runs is garbage
        from salvia.supervisor import supervise

        supervise(settings, lambda line: click.echo(line, err=True))
    except process.CannotStart as error:
        fail(str(error))


@cli.command()
def down() -> None:
    """Stop Salvia. Jobs that run, run on; `salvia up` takes them over."""
    run = default_home() / "run"
    alive = process.running(run)
    if not alive:
        click.echo("Salvia is not running.")
        return
    supervisor = process.holder(run / "supervisor.lock")
    if supervisor:
        process.end(supervisor, 20, alive=run / "supervisor.lock")
    for path in run.glob("*-*.lock"):
        orphan = process.holder(path)
        if orphan:
            process.end(orphan, 12, alive=path)
    click.echo("Salvia is down.")


@cli.command()
def reset() -> None:
    """Empty a server that was started with --auth off: for the tests of your own code."""
    import http.client

    settings = running_settings()
    if settings.auth != "off":
        fail("only a server started with --auth off can be emptied: `salvia up --auth off`.")
    connection = http.client.HTTPConnection(settings.local, settings.port, timeout=30)
    try:
        connection.request("POST", "/_reset")
        status = connection.getresponse().status
    except OSError as error:
        fail(f"{settings.url} does not answer: {error}. `salvia up --auth off` starts it.")
    finally:
        connection.close()
    if status != 204:
        fail(f"{settings.url} answered with status {status}; {settings.home}/log holds its logs.")


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def status(as_json: bool) -> None:
    """What runs: processes, isolation, capacity, jobs. Exits with 1 when Salvia is down."""
    from salvia.runtimes.process import ProcessRuntime

    home = default_home()
    alive = process.running(home / "run")
    runtime = ProcessRuntime(home / "runtime", home=home)
    cpus, memory = runtime.capacity()
    up_now = any(entry.role == "gateway" for entry in alive)
    instances = (home / "runtime" / "instances").glob("*")
    pids = [runtime.pid({"name": folder.name}) for folder in instances]
    agents = [process.Process("agent", pid) for pid in pids if pid]
    report = runtime.report()
    jobs = _running_jobs() if up_now else []
    if as_json:
        click.echo(
            json.dumps(
                {
                    "home": str(home),
                    "url": Settings.load(home).url if alive else None,
                    "database": Settings.load(home).shown_database if alive else None,
                    "processes": [{"role": entry.role, "pid": entry.pid} for entry in [*alive, *agents]],
                    "isolation": report,
                    "capacity": {"cpus": cpus, "memory_bytes": memory},
                    "jobs": jobs,
                },
                indent=2,
            )
        )
    else:
        click.echo(f"data directory  {home}")
        click.echo(f"url             {Settings.load(home).url if alive else '(down: `salvia up` starts it)'}")
        if alive:
            click.echo(f"database        {Settings.load(home).shown_database}")
        click.echo(f"processes       {', '.join(f'{p.role} {p.pid}' for p in [*alive, *agents]) or 'none'}")
        click.echo(f"isolation       {report['isolation']}")
        click.echo(f"capacity        {cpus} cores, {memory / 2**30:.1f} GiB")
        click.echo("running jobs    " + (", ".join(f"{j['name']} ({j['secondary_status']})" for j in jobs) or "none"))
    sys.exit(0 if up_now else 1)


def _running_jobs() -> list[dict[str, str]]:
    from salvia.core.client import ClientError

    try:
        answer = client(running_settings()).json(
            "sagemaker", "SageMaker.ListTrainingJobs", {"StatusEquals": "InProgress", "MaxResults": 100}
        )
    except (ClientError, OSError) as error:  # a status is wanted most when something is wrong
        click.echo(f"salvia: the gateway does not say which jobs run: {error}", err=True)
        return []
    return [
        {"name": job["TrainingJobName"], "secondary_status": job.get("SecondaryStatus", "")}
        for job in answer.get("TrainingJobSummaries", [])
    ]


@cli.command()
def doctor() -> None:
    """What this machine lacks, and what that costs."""
    from salvia.doctor import findings

    missing = 0
    for finding in findings(default_home()):
        missing += not finding.good
        click.echo(f"{'ok     ' if finding.good else 'lacking'}  {finding.what}")
        if finding.cost:
            click.echo(f"         {finding.cost}")
    sys.exit(1 if missing else 0)
