"""The command `salvia`."""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
from typing import Any, NoReturn

import click

from salvia import process
from salvia.settings import Settings, default_home


class _Commands(click.Group):
    """In the order of a first day."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


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
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Gateway processes.")
@click.option("--database", default="", help="sqlite:///PATH; by default salvia.db in the data directory.")
@click.option("--advertise", default="", help="URL by which instances reach this server.")
def up(detach: bool, host: str, port: int, auth: Any, workers: int, database: str, advertise: str) -> None:
    """Start Salvia on SALVIA_HOME."""
    from salvia.supervisor import CannotStart, Supervisor
    from salvia.supervisor import detach as start_detached

    if database and not database.startswith("sqlite:///"):
        fail("--database takes sqlite:///PATH. PostgreSQL is not supported yet.", 2)
    os.umask(0o077)  # the data directory holds keys and data: it is its owner's alone
    settings = Settings(default_home(), host, port, auth, workers, database, advertise)
    try:
        if detach:
            pid = start_detached(settings, _arguments(settings))
            click.echo(f"Salvia is up on {settings.url} (process {pid}, data in {settings.home}).")
            return
        supervisor = Supervisor(settings)
        supervisor.prepare(lambda line: click.echo(line, err=True))
    except CannotStart as error:
        fail(str(error))
    process.log_to(settings.home / "log" / "supervisor.log")
    if settings.auth == "off":
        click.echo(
            "WARNING: --auth off: every request is accepted, whoever sends it, and no policy is checked.",
            err=True,
        )
    click.echo(f'Salvia listens on {settings.url}. In another shell:\n\n    eval "$(salvia env)"\n', err=True)
    supervisor.run()


def _arguments(settings: Settings) -> list[str]:
    options = {
        "--host": settings.host,
        "--port": str(settings.port),
        "--auth": settings.auth,
        "--workers": str(settings.workers),
        "--database": settings.database,
        "--advertise": settings.advertise,
    }
    return [word for option, value in options.items() if value for word in (option, value)]


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
        click.echo(f"processes       {', '.join(f'{p.role} {p.pid}' for p in [*alive, *agents]) or 'none'}")
        click.echo(f"isolation       {report['isolation']}")
        click.echo(f"capacity        {cpus} cores, {memory / 2**30:.1f} GiB")
        click.echo("running jobs    " + (", ".join(f"{j['name']} ({j['secondary_status']})" for j in jobs) or "none"))
    sys.exit(0 if up_now else 1)


def _running_jobs() -> list[dict[str, str]]:
    client = _client(running_settings())
    answer = client.json("sagemaker", "SageMaker.ListTrainingJobs", {"StatusEquals": "InProgress", "MaxResults": 100})
    return [
        {"name": job["TrainingJobName"], "secondary_status": job.get("SecondaryStatus", "")}
        for job in answer.get("TrainingJobSummaries", [])
    ]


def _client(settings: Settings) -> Any:
    from salvia.core.client import Client, Credentials

    keys = credentials(settings)
    return Client(
        settings.url, settings.region, lambda: Credentials(keys["access_key"], keys["secret_key"], None, None)
    )


def environment(settings: Settings) -> tuple[dict[str, str], list[str]]:
    """Variables to set, and those to unset because they would win over them."""
    keys = credentials(settings)
    local = [host for host in os.environ.get("NO_PROXY", os.environ.get("no_proxy", "")).split(",") if host]
    no_proxy = ",".join(dict.fromkeys([*local, "127.0.0.1", "localhost"]))
    exports = {
        "AWS_ENDPOINT_URL": settings.url,
        "AWS_ACCESS_KEY_ID": keys["access_key"],
        "AWS_SECRET_ACCESS_KEY": keys["secret_key"],
        "AWS_DEFAULT_REGION": settings.region,
        "AWS_REGION": settings.region,
        "NO_PROXY": no_proxy,
        "no_proxy": no_proxy,
    }
    unset = [
        "AWS_SESSION_TOKEN",
        "AWS_SECURITY_TOKEN",
        "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    ]
    unset += sorted(name for name in os.environ if name.startswith("AWS_ENDPOINT_URL_"))
    return exports, unset


@cli.command()
def env() -> None:
    """Print what points AWS clients at Salvia: eval "$(salvia env)"."""
    exports, unset = environment(running_settings())
    for name in unset:
        click.echo(f"unset {name}")
    for name, value in exports.items():
        click.echo(f"export {name}={shlex.quote(value)}")


@cli.command("exec", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def execute(command: tuple[str, ...]) -> None:
    """Run a command with the variables of `salvia env`: salvia exec -- aws s3 ls."""
    exports, unset = environment(running_settings())
    variables = {name: value for name, value in os.environ.items() if name not in unset} | exports
    try:
        os.execvpe(command[0], list(command), variables)
    except FileNotFoundError:
        fail(f"there is no command {command[0]}.", 127)
    except OSError as error:
        fail(f"{command[0]} cannot be run: {error.strerror}.", 126)


@cli.command()
@click.argument("job")
@click.option("-f", "--follow", is_flag=True, help="Go on until the job ends; exit with 1 when it failed.")
def logs(job: str, follow: bool) -> None:
    """Print the log of a training job."""
    from salvia.logs import print_log

    try:
        code = print_log(_client(running_settings()), job, follow=follow)
    except ConnectionError as error:
        fail(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(code)


@cli.group(invoke_without_command=True)
@click.pass_context
def images(context: click.Context) -> None:
    """The images that Salvia has, and whether their environments are built."""
    if context.invoked_subcommand:
        return
    from salvia.app import catalogue
    from salvia.images.builder import Builder

    builder = Builder(default_home() / "images")
    for image in catalogue(default_home()):
        click.echo(f"{image.name:24} {'built' if builder.built(image) else 'not built yet'}")


@images.command()
@click.argument("name")
def build(name: str) -> None:
    """Build the environment of an image now, rather than at its first job."""
    import asyncio

    from salvia.app import catalogue
    from salvia.images.builder import Builder, BuildError

    known = catalogue(default_home())
    image = known.get(name)
    if image is None:
        fail(f"there is no image {name}. There are: {', '.join(image.name for image in known)}.", 2)
    try:
        builder = Builder(default_home() / "images")
        built = asyncio.run(builder.build(image, lambda line: click.echo(line, err=True)))
    except BuildError as error:
        fail(str(error))
    click.echo(f"{image.name}: {built.path}")


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


def main() -> None:
    """The entry point."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    cli()


if __name__ == "__main__":
    main()
