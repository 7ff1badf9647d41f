"""What an agent is told: SPEC.json, read once."""

# pathlib takes 10 ms to import, for which a job would wait.

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class Program(NamedTuple):
    """The finished command line of the user's program, sandbox included.

    `environment` is the program's own. What stands around it (shell, sandbox) runs with `outside` instead,
    where that is not None: in the other a request may have put whatever it likes, LD_PRELOAD say. It then
    reads the program's variables from descriptor 9, as words `--setenv NAME VALUE`, each ended by a NUL.
    """

    argv: Sequence[str]
    environment: Mapping[str, str]
    outside: Mapping[str, str] | None
    cwd: str | None
    cgroup_events: str | None


class Many(NamedTuple):
    """The models of a multi-model endpoint: `prefix` is where they are in S3. Unless it `caches`, each is given up once
    it has answered. A request waits `patience` seconds for its model; `disk` is the room for them, in bytes.
    """

    prefix: str
    caches: bool
    patience: float
    disk: int | None


class Model(NamedTuple):
    """What a model server is given, and how long it may take; `source` is S3ModelDataSource and `additional` are
    AdditionalModelDataSources, in AWS's own words.

    `port` is that of a program which knows no other, and so has a network of its own. `dimensions` are those of its
    metrics, which are sent `every` so many seconds, `memory` is the instance's, in bytes. `many`: it serves whatever
    model is asked for. Once in service it is pinged `ping_every` so many seconds, and may be silent for as long as an
    answer may take; without an `answer_timeout` it is not.
    """

    source: Mapping[str, Any] | None
    additional: Sequence[Mapping[str, Any]]
    port: int | None
    download_timeout: float
    startup_timeout: float
    dimensions: Mapping[str, str]
    memory: int
    every: float
    many: Many | None
    ping_every: float
    answer_timeout: float | None


class Job(NamedTuple):
    """What the request says, in AWS's own words where it has some.

    `transform` is, for a batch transform, its `request`, the instance's `place` among so many, and the sockets of the
    `further` containers that its answers go through. `processing` is, for a processing job, what the program reads in
    processingjobconfig.json. `notebook` is what `agent.notebook` says.
    """

    kind: str
    name: str
    arn: str
    network_isolation: bool
    input_mode: str
    hyperparameters: Mapping[str, str]
    channels: Sequence[Mapping[str, Any]]
    checkpoint: Mapping[str, str] | None
    resource_config: Mapping[str, Any]
    output: Mapping[str, str]
    compression: str
    log_group: str
    log_stream: str
    metrics: Sequence[Mapping[str, str]]
    metric_namespace: str
    stop_grace: float
    model: Model | None
    transform: Mapping[str, Any] | None
    processing: Mapping[str, Any]
    notebook: Mapping[str, Any]


class Spec(NamedTuple):
    """One instance of one job: where its gateway is, which host it is, and what to run.

    `heartbeat` is in seconds; `ml` is the host's path of what the program sees as /opt/ml; `run` is a
    directory of small files that the host calls `run` and the program `run_inside`. With `keep` the agent waits
    for another job afterwards. `proxy` is the program's way to other hosts: the proxy's `url`, and the hosts to
    `bypass` it for. `overlays` is where packages are kept for programs of the same role: on the `host`, and `inside`.
    `gpus` are the instance's, by UUID or number.
    """

    url: str
    token: str
    region: str
    account: str
    ca: str | None
    proxy: Mapping[str, str] | None
    overlays: Mapping[str, str] | None
    host: str
    hosts: Sequence[str]
    address: str
    directory: str
    ml: str
    run: str
    run_inside: str
    heartbeat: float
    keep: bool
    gpus: tuple[str, ...]
    program: Program
    job: Job

    @property
    def leader(self) -> bool:
        """Whether this host uploads the job's artifacts."""
        return self.host == self.hosts[0]

    @property
    def place(self) -> tuple[int, int]:
        """This host's number, from 0, among as many."""
        return self.hosts.index(self.host), len(self.hosts)


def read_spec(path: str) -> Spec:
    """Read SPEC.json. Raises ValueError that names the file and what is wrong with it."""
    try:
        with open(path, "rb") as file:
            document = json.load(file)
        return _spec(document)
    except KeyError as missing:
        raise ValueError(f"{path} lacks the member {missing}.") from None
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is no instance specification: {error}") from error


def _spec(document: Mapping[str, Any]) -> Spec:
    program = document["program"]
    argv = [str(word) for word in program["argv"]]
    if not argv:
        raise ValueError("program.argv is empty")
    hosts = list(document["hosts"]) or [document["host"]]
    if document["host"] not in hosts:
        raise ValueError(f"host {document['host']!r} is none of the hosts {hosts}")
    return Spec(
        url=document["url"],
        token=document["token"],
        region=document["region"],
        account=document["account"],
        ca=document.get("ca"),
        proxy=document.get("proxy"),
        overlays=document.get("overlays"),
        host=document["host"],
        hosts=hosts,
        address=document.get("address") or "127.0.0.1",
        directory=os.path.abspath(document["directory"]),
        ml=os.path.abspath(document["ml"]),
        run=os.path.abspath(document["run"]["host"]),
        run_inside=document["run"]["program"],
        heartbeat=float(document.get("heartbeat", 5)),
        keep=bool(document.get("keep")),
        gpus=tuple(map(str, document.get("gpus") or ())),
        program=Program(
            argv=argv,
            environment={str(name): str(value) for name, value in program.get("environment", {}).items()},
            outside=program.get("outside"),
            cwd=program.get("cwd"),
            cgroup_events=_one(program.get("cgroup_events")),
        ),
        job=_job(document["job"]),
    )


def _job(job: Mapping[str, Any]) -> Job:
    return Job(
        kind=job.get("kind", "training"),
        name=job["name"],
        arn=job["arn"],
        network_isolation=bool(job.get("network_isolation")),
        input_mode=job.get("input_mode") or "File",
        hyperparameters=job.get("hyperparameters") or {},
        channels=job.get("channels") or [],
        checkpoint=job.get("checkpoint"),
        resource_config=job.get("resource_config") or {},
        output=job.get("output") or {},
        compression=job.get("compression") or "GZIP",
        log_group=job["log_group"],
        log_stream=job["log_stream"],
        metrics=job.get("metrics") or [],
        metric_namespace=job.get("metric_namespace") or "/aws/sagemaker/TrainingJobs",
        stop_grace=float(job.get("stop_grace", 120)),
        model=_model(job["model"]) if job.get("model") else None,
        transform=job.get("transform"),
        processing=job.get("processing") or {},
        notebook=job.get("notebook") or {},
    )


def _model(model: Mapping[str, Any]) -> Model:
    return Model(
        source=model.get("source"),
        additional=model.get("additional") or (),
        port=model.get("port"),
        download_timeout=float(model["download_timeout"]),
        startup_timeout=float(model["startup_timeout"]),
        dimensions=model["dimensions"],
        memory=int(model["memory"]),
        every=float(model.get("every", 60)),
        many=_many(model["many"]) if model.get("many") else None,
        ping_every=float(model.get("ping_every", 5)),
        answer_timeout=model.get("answer_timeout"),
    )


def _many(many: Mapping[str, Any]) -> Many:
    return Many(
        prefix=many["prefix"],
        caches=bool(many.get("caches", True)),
        patience=float(many.get("patience", 58)),
        disk=many.get("disk"),
    )


def _one(paths: object) -> str | None:
    """A runtime names the events file alone, or in a list."""
    if isinstance(paths, list):
        return str(paths[0]) if paths else None
    return str(paths) if paths else None
