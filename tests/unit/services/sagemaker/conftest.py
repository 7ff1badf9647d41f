"""SageMaker's rooms alone: real database, real catalogue and image, a runtime whose agents the tests play."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.unit.control.rig import Rig, ask

from salvia.control import instances
from salvia.control.dispatch import discover
from salvia.control.reconcile import Worker
from salvia.control.world import World
from salvia.core.http import Headers, HttpRequest
from salvia.images.builder import Builder
from salvia.images.catalogue import Catalogue
from salvia.runtimes.base import Capacity, Handle, InstanceSpec, InstanceState, StartError
from salvia.services.sagemaker.training_job import launch
from salvia.store import documents
from salvia.store.documents import Document

IMAGES = Path(__file__).parents[3] / "images"
ROLE = "arn:aws:iam::123456789012:role/Role"
TRUST = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, '
    '"Action": "sts:AssumeRole"}]}'
)


class Machines:
    """A runtime on paper: what was started, what lives, what was asked. Controllers share it as they do a machine."""

    name = "process"

    def __init__(self) -> None:
        self.specs: dict[str, InstanceSpec] = {}
        self.alive: set[str] = set()
        self.starts: list[str] = []
        self.stops: list[str] = []
        self.removed: list[str] = []
        self.rested: list[str] = []
        self.reuses: list[str] = []
        self.tokens: dict[str, object] = {}
        self.immortal = False
        self.whole = Capacity(2, 2**32)
        self.broken: Exception | None = None
        self.started: Callable[[], Any] | None = None  # called after a start, before its handle is known

    async def start(self, spec: InstanceSpec) -> Handle:
        if self.broken:
            raise self.broken
        if spec.name not in self.specs:
            self.starts.append(spec.name)
            self.specs[spec.name] = spec
            self.alive.add(spec.name)
        if self.started:
            await self.started()
        return {"runtime": self.name, "name": spec.name}

    async def poll(self, handle: Handle) -> InstanceState:
        return InstanceState.RUNNING if handle["name"] in self.alive else InstanceState.GONE

    def watch(self, handle: Handle, ended: Callable[[], None]) -> None:
        return

    async def stop(self, handle: Handle, grace: float) -> None:
        self.stops.append(handle["name"])

    async def kill(self, handle: Handle) -> None:
        self.alive.discard(handle["name"])

    async def remove(self, handle: Handle) -> None:
        if self.immortal:
            raise TimeoutError("processes [7] do not die; they wait in the kernel, for a disk perhaps")
        self.alive.discard(handle["name"])
        self.specs.pop(handle["name"], None)
        self.removed.append(handle["name"])

    async def rest(self, handle: Handle) -> None:
        self.rested.append(handle["name"])
        self.tokens.pop(handle["name"], None)

    async def reuse(self, handle: Handle, spec: InstanceSpec) -> Handle:
        if handle["name"] not in self.alive:
            raise StartError(f"{handle['name']} is gone")
        if self.tokens.get(handle["name"]) != spec.agent["token"]:
            self.tokens[handle["name"]] = spec.agent["token"]
            self.reuses.append(handle["name"])
            self.specs[handle["name"]] = spec
        if self.started:
            await self.started()
        return handle

    def address(self, handle: Handle) -> str:
        return "127.0.0.1"

    def socket(self, handle: Handle) -> str:
        return f"/run/{handle['name']}"

    def report(self) -> dict[str, Any]:
        return {}

    def capacity(self) -> Capacity:
        return self.whole


class Studio:
    """A controller, its jobs and their agents, a step at a time."""

    def __init__(self, rig: Rig, run: Callable[[Any], Any]) -> None:
        self.rig, self.run = rig, run
        self.machines = Machines()
        self.world = self.controller()

    def controller(self) -> World:
        """One more controller on the same database and machine."""
        world = self.rig.world()
        world.catalogue = Catalogue(IMAGES)
        world.runtimes = {"process": self.machines}
        world.providers.trust = lambda arn: TRUST if arn == ROLE else None
        return world

    def ask(self, operation: str, /, **request: Any) -> Any:
        return self.run(ask(self.world, operation, **request))

    def create(self, name: str = "job", instances: int = 1, **more: Any) -> None:
        request = {
            "TrainingJobName": name,
            "AlgorithmSpecification": {
                "TrainingImage": "123456789012.dkr.ecr.us-east-1.amazonaws.com/probe:latest",
                "TrainingInputMode": "File",
            },
            "RoleArn": ROLE,
            "HyperParameters": {"code": "cGFzcw=="},
            "OutputDataConfig": {"S3OutputPath": "s3://bucket/output"},
            "ResourceConfig": {
                "InstanceType": "ml.m5.large",
                "InstanceCount": instances,
                "VolumeSizeInGB": 1,
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        }
        self.ask("CreateTrainingJob", **{**request, **more})

    async def step_of(self, world: World) -> int:
        """Reconcile once what is due; returns how many documents were."""
        worker = Worker(world)
        claimed = await worker._claim()
        await asyncio.gather(*(worker._work(document) for document in claimed))
        return len(claimed)

    def step(self, world: World | None = None) -> int:
        return int(self.run(self.step_of(world or self.world)))

    def settle(self, seconds: float = 2.0) -> None:
        """Reconcile until nothing is due, then once more after `seconds`."""
        while self.step():
            pass
        self.rig.now += seconds
        while self.step():
            pass

    def agent(
        self, phase: str, position: int = 0, *, job: str = "job", leaves: bool | None = None, **more: Any
    ) -> None:
        """What the agent of one instance reports; with Exited, it is gone afterwards."""
        document = self.job(job)
        attempt = document.status.get("_Attempt", 0)
        token = instances.bearer(self.world.secret, document.id, position, attempt)
        state = {"phase": phase, "times": {phase: self.rig.now}, **more}
        request = HttpRequest(
            "POST",
            "/_instance/report",
            "",
            Headers([("authorization", f"Bearer {token}")]),
            orjson.dumps(state),
        )
        assert self.run(instances.answer(request, self.world)).status == 200
        if phase == "Exited" if leaves is None else leaves:
            (own,) = [
                row for row in instances.of(self.world.db.read(), document.id, attempt) if row.position == position
            ]
            self.machines.alive.discard((own.handle or launch.handle(document, position))["name"])

    def job(self, name: str = "job") -> Document:
        found = documents.find(self.world.db.read(), "sagemaker:TrainingJob", "123456789012", "us-east-1", name)
        assert found is not None
        return found

    def describe(self, name: str = "job") -> Any:
        return self.ask("DescribeTrainingJob", TrainingJobName=name)

    def transitions(self) -> list[str]:
        return [entry["Status"] for entry in self.describe()["SecondaryStatusTransitions"]]


@pytest.fixture
def run() -> Iterator[Callable[[Any], Any]]:
    with asyncio.Runner() as runner:
        yield runner.run


@pytest.fixture(scope="session")
def built_images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The probe's environment, built once."""
    root = tmp_path_factory.mktemp("images")
    image = Catalogue(IMAGES).get("probe")
    assert image is not None
    asyncio.run(Builder(root).build(image))
    return root


@pytest.fixture
def rig(tmp_path: Path, built_images: Path) -> Iterator[Rig]:
    (tmp_path / "images").symlink_to(built_images)
    made = Rig(tmp_path, discover("salvia.services.sagemaker"))
    yield made
    made.close()


@pytest.fixture
def studio(rig: Rig, run: Callable[[Any], Any]) -> Studio:
    return Studio(rig, run)
