"""A real server for the tests, and real clients to talk to it."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import pytest
from botocore import xform_name
from botocore.config import Config
from botocore.loaders import create_loader

from salvia import process
from salvia.cli.clients import environment
from salvia.cli.clock import seconds
from salvia.images import image
from salvia.images.builder import Builder
from salvia.runtimes.folder import InstanceFolder
from salvia.settings import Settings
from salvia.store.db import Reader
from salvia.store.engine import database
from tests.postgresql import Cluster, binaries

_BIN = Path(sys.executable).parent
# Salvia's own API is one more service to boto3 and the AWS CLI, once they are told where its model is.
os.environ["AWS_DATA_PATH"] = str(Path(__file__).resolve().parent.parent / "src" / "salvia" / "protocol" / "data")
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # else each process compiles all that it imports
_MODELS = create_loader(os.environ["AWS_DATA_PATH"])  # each is read once; a session of its own would read it again
CALLED: set[tuple[str, str]] = set()  # (service, method) of every call that a test made through boto3
PAGED: set[tuple[str, str]] = set()


def _note(model: Any, **_: Any) -> None:
    CALLED.add((model.service_model.service_name, xform_name(model.name)))


def _note_paginators(client: Any) -> None:
    plain = client.get_paginator

    def get_paginator(name: str) -> Any:
        PAGED.add((client.meta.service_model.service_name, name))
        return plain(name)

    client.get_paginator = get_paginator


def free_port() -> int:
    """A port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(check: Callable[[], Any], timeout: float = 60.0, what: str = "") -> Any:
    """Poll `check` until it returns something true; fails with what was last seen.

    The longer it takes, the less often: what asks keeps what is waited for from its work.
    """
    began = time.monotonic()
    deadline = began + timeout
    while True:
        seen = check()
        if seen:
            return seen
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s: {what or check}; last seen: {seen!r}")
        time.sleep(min(0.05 + (time.monotonic() - began) / 10, 0.25))


@dataclass
class Server:
    """A Salvia of its own: data directory, port, keys."""

    home: Path
    port: int
    options: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    clients: dict[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http{'s' if '--tls' in self.options else ''}://127.0.0.1:{self.port}"

    def salvia(self, *arguments: str, check: bool = True, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Run the command line on this data directory."""
        done = subprocess.run(
            [str(_BIN / "salvia"), *arguments],
            env={**os.environ, "SALVIA_HOME": str(self.home)},
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        assert not check or done.returncode == 0, f"salvia {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done

    def up(self) -> None:
        self.salvia("up", "--detach", "--port", str(self.port), *self.options)
        exports, unset = environment(Settings.load(self.home))  # what `salvia env` prints
        variables = {name: value for name, value in os.environ.items() if name not in unset} | exports
        variables["PATH"] = f"{_BIN}:{variables['PATH']}"
        self.environment = variables

    def down(self) -> None:
        for client in self.clients.values():
            client.close()
        self.clients.clear()
        self.salvia("down")

    def status(self) -> dict[str, Any]:
        done = self.salvia("status", "--json", check=False)
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    @cached_property
    def isolation(self) -> str:
        """The machine's level, which does not change."""
        return str(self.status()["isolation"]["isolation"])

    def pids(self, role: str) -> list[int]:
        """Those of a role that live; without the command line, which would take longer than many a process lives."""
        if role == "agent":
            folders = map(InstanceFolder, (self.home / "runtime" / "instances").glob("*"))
            return [pid for folder in folders if folder.alive() and (pid := folder.pid())]
        return [one.pid for one in process.running(self.home / "run") if one.role == role]

    def advance(self, duration: str) -> None:
        """Let virtual time pass, as `salvia clock advance` does."""
        self.client("salvia").advance_clock(Seconds=seconds(duration))

    def python(self, name: str) -> Path:
        """The interpreter of an image of ours, whose environment stands."""
        built = Builder(self.home / "images").built(image.read(image.default_folder() / name))
        assert built is not None
        return built.python

    def session(self, keys: tuple[str, str, str | None] | None = None) -> boto3.Session:
        access, secret, token = keys or (
            self.environment["AWS_ACCESS_KEY_ID"],
            self.environment["AWS_SECRET_ACCESS_KEY"],
            None,
        )
        core = botocore.session.get_session()
        core.register_component("data_loader", _MODELS)
        return boto3.Session(
            aws_access_key_id=access,
            aws_secret_access_key=secret,
            aws_session_token=token,
            region_name="us-east-1",
            botocore_session=core,
        )

    def client(self, service: str, keys: tuple[str, str, str | None] | None = None, **config: Any) -> Any:
        """A boto3 client with default settings, but for what `config` says; one for each set of them."""
        config.setdefault("retries", {"max_attempts": 1})
        identity = repr((service, keys or self.environment["AWS_ACCESS_KEY_ID"], sorted(config.items())))
        if identity not in self.clients:
            trusted = str(self.home / "ca-bundle.pem")
            client = self.session(keys).client(service, endpoint_url=self.url, verify=trusted, config=Config(**config))
            client.meta.events.register("before-call", _note)
            _note_paginators(client)
            self.clients[identity] = client
        return self.clients[identity]

    def aws(
        self, command: list[str] | str, check: bool = True, timeout: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """Run the AWS CLI; a string goes through a shell, as typed."""
        done = subprocess.run(
            command if isinstance(command, str) else ["aws", *command],
            shell=isinstance(command, str),
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done


@contextlib.contextmanager
def reader(server: Server) -> Iterator[Reader]:
    """A server's database, as it is now."""
    db = database(Settings.load(server.home).location)
    db.start()
    try:
        yield db.read()
    finally:
        db.close()


@pytest.fixture(scope="session")
def image_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where servers of one test run, or of all that name one folder, share images' environments: each is built once."""
    shared = os.environ.get("SALVIA_TEST_IMAGES")
    return Path(shared) if shared else tmp_path_factory.mktemp("images")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Cluster]:
    """A PostgreSQL for this run."""
    if binaries() is None:
        pytest.skip("PostgreSQL is not installed (Debian, Ubuntu: apt-get install postgresql)")
    cluster = Cluster()
    yield cluster
    cluster.close()


def _servers(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Server]]:
    started: list[Server] = []
    images: Path = request.getfixturevalue("image_cache")
    on_postgresql = os.environ.get("SALVIA_TEST_DATABASE") == "postgresql"
    cluster: Cluster | None = request.getfixturevalue("postgresql") if on_postgresql else None

    def make(*options: str) -> Server:
        if cluster is not None and "--database" not in options:
            options += ("--database", cluster.url())
        home = tmp_path_factory.mktemp("home")
        (home / "images").symlink_to(images)
        shutil.copytree(Path(__file__).parent / "images", home / "containers")
        server = Server(home, free_port(), options)
        server.up()
        started.append(server)
        return server

    yield make
    for server in started:
        agents = server.pids("agent")  # jobs run on after `salvia down`; these would wait for a server for ever
        server.down()
        for pid in agents:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def make_server(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Server]]:
    """Start a server with its own data directory, until the module's end: `make_server("--auth", "off")`.

    With SALVIA_TEST_DATABASE=postgresql each has a PostgreSQL database of its own, unless it names one.
    """
    yield from _servers(tmp_path_factory, request)


@pytest.fixture(scope="session")
def make_lasting_server(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Server]]:
    """The same, until the end of the run: for servers that many modules share."""
    yield from _servers(tmp_path_factory, request)


@pytest.fixture(scope="session")
def salvia(make_lasting_server: Callable[..., Server]) -> Server:
    """The server that most tests share."""
    return make_lasting_server()


ROLE = "arn:aws:iam::123456789012:role/SageMakerExecutionRole"
PROBE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/probe:latest"


@dataclass
class Jobs:
    """Training jobs of one server whose program is a piece of Python."""

    server: Server
    count: int = 0

    def __post_init__(self) -> None:
        self.sagemaker = self.server.client("sagemaker")
        self.s3 = self.server.client("s3")
        self.bucket = f"jobs-{secrets.token_hex(6)}"
        self.s3.create_bucket(Bucket=self.bucket)

    def start(self, code: str, *, wait: bool = False, name: str = "", instances: int = 1, **more: Any) -> str:
        """Create a job that runs `code`; returns its name."""
        self.count += 1
        name = name or f"probe-{self.count}-{self.bucket[-6:]}"
        request: dict[str, Any] = {
            "TrainingJobName": name,
            "AlgorithmSpecification": {"TrainingImage": PROBE, "TrainingInputMode": "File"},
            "RoleArn": ROLE,
            # Hyperparameters are lines: the model's pattern allows no line break.
            "HyperParameters": {"code": base64.b64encode(code.encode()).decode()},
            "OutputDataConfig": {"S3OutputPath": f"s3://{self.bucket}/output"},
            "ResourceConfig": {
                "InstanceType": "ml.m5.large",
                "InstanceCount": instances,
                "VolumeSizeInGB": 1,
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        }
        self.sagemaker.create_training_job(**{**request, **more})
        if wait:
            self.ended(name)
        return name

    def describe(self, name: str) -> dict[str, Any]:
        return self.sagemaker.describe_training_job(TrainingJobName=name)

    def ended(self, name: str, timeout: float = 60) -> dict[str, Any]:
        """Its description once it has ended."""
        return eventually(
            lambda: (d := self.describe(name))["TrainingJobStatus"] in {"Completed", "Failed", "Stopped"} and d,
            timeout,
            f"{name} ends",
        )

    def reaches(self, name: str, secondary: str, timeout: float = 60) -> dict[str, Any]:
        """Its description once it shows a secondary status."""
        return eventually(
            lambda: (d := self.describe(name))["SecondaryStatus"] == secondary and d,
            timeout,
            f"{name}: {secondary}",
        )

    def run(self, code: str, **more: Any) -> dict[str, Any]:
        """Create a job, wait for its end, return its description."""
        return self.ended(self.start(code, **more))

    def lines(self, name: str) -> list[str]:
        """Every line of its log so far, stream by stream; before the first of any job there is no log group."""
        logs = self.server.client("logs")
        group = "/aws/sagemaker/TrainingJobs"
        found: list[str] = []
        pages = logs.get_paginator("describe_log_streams").paginate(logGroupName=group, logStreamNamePrefix=f"{name}/")
        try:
            streams = [stream["logStreamName"] for page in pages for stream in page["logStreams"]]
        except logs.exceptions.ResourceNotFoundException:
            return []
        for stream in streams:
            token: dict[str, str] = {}
            while True:
                got = logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True, **token)
                found += [event["message"] for event in got["events"]]
                if token.get("nextToken") == got["nextForwardToken"]:
                    break
                token = {"nextToken": got["nextForwardToken"]}
        return found


@pytest.fixture(scope="session")
def jobs(salvia: Server) -> Jobs:
    """Jobs on the shared server."""
    return Jobs(salvia)
