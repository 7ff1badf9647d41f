"""`--capacity strict`. Expectations: the option's own promise (queue, say for what, first come first served), and
API_StoppingCondition for MaxPendingTimeInSeconds."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import pytest
from tests.unit.services.sagemaker.conftest import Studio

from salvia.control.world import World
from salvia.runtimes.base import Capacity

GIB = 2**30
GOOD = {"code": 0}


def strict(world: World) -> World:
    world.settings = dataclasses.replace(world.settings, capacity="strict")
    return world


@pytest.fixture
def machine(studio: Studio) -> Studio:
    """Eight cores: four instances of ml.m5.large, which has two."""
    strict(studio.world)
    studio.machines.whole = Capacity(8, 64 * GIB)
    return studio


def create(studio: Studio, name: str, instances: int = 1, kind: str = "ml.m5.large", **more: Any) -> None:
    studio.create(name, ResourceConfig={"InstanceType": kind, "InstanceCount": instances, "VolumeSizeInGB": 1}, **more)
    studio.rig.now += 1


def runs(studio: Studio) -> set[str]:
    jobs: list[Any] = [spec.agent["job"] for spec in studio.machines.specs.values()]
    return {job["name"] for job in jobs}


def ends(studio: Studio, name: str, instances: int = 1) -> None:
    for position in range(instances):
        studio.agent("Exited", position, job=name, exit=GOOD)
    studio.settle()


def test_what_does_not_fit_waits_and_says_for_what(machine: Studio) -> None:
    create(machine, "a", 3)
    create(machine, "b", 2)
    machine.settle()
    assert runs(machine) == {"a"}
    waiting = machine.describe("b")
    assert (waiting["TrainingJobStatus"], waiting["SecondaryStatus"]) == ("InProgress", "Pending")
    assert waiting["SecondaryStatusTransitions"][-1]["StatusMessage"] == (
        "Waiting for capacity for 2 × ml.m5.large: 4 cores and 16.0 GiB; 2 cores and 40.0 GiB free, it is the next."
    )
    ends(machine, "a", 3)
    assert runs(machine) == {"b"}
    ends(machine, "b", 2)
    assert machine.describe("b")["TrainingJobStatus"] == "Completed"
    statuses = [entry["Status"] for entry in machine.describe("b")["SecondaryStatusTransitions"]]
    assert statuses == ["Starting", "Pending", "Starting", "Completed"]
    assert machine.world.db.read().all("SELECT * FROM capacity_claims") == []


def test_nobody_overtakes(machine: Studio) -> None:
    """A job that would fit waits behind one that does not yet: else the large one might wait for ever."""
    create(machine, "a", 3)
    machine.settle()
    create(machine, "large", 4)
    machine.settle()
    create(machine, "small", 1)
    machine.settle()
    assert runs(machine) == {"a"}
    assert "1 before it" in machine.describe("small")["SecondaryStatusTransitions"][-1]["StatusMessage"]
    ends(machine, "a", 3)
    assert runs(machine) == {"large"}
    ends(machine, "large", 4)
    assert runs(machine) == {"small"}


def test_a_waiting_job_that_is_stopped_lets_others_pass(machine: Studio) -> None:
    create(machine, "a", 3)
    machine.settle()
    create(machine, "large", 4)
    machine.settle()
    create(machine, "small", 1)
    machine.settle()
    machine.ask("StopTrainingJob", TrainingJobName="large")
    machine.settle()
    assert machine.describe("large")["TrainingJobStatus"] == "Stopped"
    assert runs(machine) == {"a", "small"}


def test_two_controllers_never_hand_out_the_same_cores(machine: Studio) -> None:
    other = strict(machine.controller())
    for number in range(8):
        create(machine, f"job-{number}")

    async def all_at_once() -> None:
        await asyncio.gather(*(machine.step_of(world) for world in (machine.world, other) * 4))

    machine.run(all_at_once())
    machine.settle()
    assert runs(machine) == {"job-0", "job-1", "job-2", "job-3"}
    for number in range(8):
        ends(machine, f"job-{number}")
    assert len(machine.machines.starts) == len(set(machine.machines.starts)) == 8


def test_what_never_fits_fails_at_once(machine: Studio) -> None:
    create(machine, "huge", 5)
    machine.settle()
    assert machine.describe("huge")["FailureReason"].startswith(
        "CapacityError: Unable to provision requested ML compute capacity. Please retry using a different ML instance "
        "type. It takes 5 × ml.m5.large: 10 cores"
    )


def test_waiting_has_a_limit_for_accelerated_types(machine: Studio) -> None:
    """API_StoppingCondition: "It has no effect on jobs that request CPU-only instance types"."""
    machine.machines.whole = Capacity(8, 128 * GIB)
    limit = {"StoppingCondition": {"MaxRuntimeInSeconds": 600, "MaxPendingTimeInSeconds": 1800}}
    create(machine, "a", 4)
    machine.settle()
    create(machine, "gpu", 1, "ml.g5.xlarge", **limit)
    machine.settle()
    create(machine, "cpu", 1, **limit)
    machine.settle()
    machine.settle(1900)
    machine.settle(31)
    assert machine.describe("gpu")["TrainingJobStatus"] == "Stopped"
    assert machine.describe("cpu")["SecondaryStatus"] == "Pending"
