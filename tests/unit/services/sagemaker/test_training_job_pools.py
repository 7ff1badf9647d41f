"""Warm pools. Expectations: the guide, "Train using SageMaker managed warm pools"; API_UpdateTrainingJob,
API_DeleteTrainingJob."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import pytest
from tests.unit.services.sagemaker.conftest import Studio
from tests.unit.services.sagemaker.test_training_job_lifecycle import Killed, crash

from salvia.core.errors import ServiceError
from salvia.runtimes.base import Capacity
from salvia.services.sagemaker.training_job import limits, pools

GOOD = {"code": 0}
RESOURCES = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}


def create(studio: Studio, name: str, keep: int = 600, instances: int = 1, **more: Any) -> None:
    resources = {**RESOURCES, "InstanceCount": instances, **({"KeepAlivePeriodInSeconds": keep} if keep else {})}
    studio.create(name, **{"ResourceConfig": resources, **more})
    studio.settle()


def ends(studio: Studio, name: str, instances: int = 1, **ended: Any) -> None:
    for position in range(instances):
        studio.agent("Exited", position, job=name, leaves=False, times={"Training": studio.rig.now}, exit=ended or GOOD)
    studio.settle()


def pool(studio: Studio, name: str) -> Any:
    return studio.describe(name).get("WarmPoolStatus")


def test_a_matching_job_runs_on_the_kept_instances(studio: Studio) -> None:
    create(studio, "first", instances=2)
    ends(studio, "first", 2)
    assert studio.describe("first")["TrainingJobStatus"] == "Completed"
    assert pool(studio, "first") == {"Status": "Available"}
    assert studio.machines.rested == studio.machines.starts
    studio.settle(100)
    create(studio, "second", instances=2)
    assert studio.machines.reuses == studio.machines.starts
    assert pool(studio, "second") == {"Status": "InUse"}
    reused = pool(studio, "first")
    assert (reused["Status"], reused["ReusedByJob"]) == ("Reused", "second")
    assert 100 <= reused["ResourceRetainedBillableTimeInSeconds"] <= 110
    ends(studio, "second", 2)
    assert pool(studio, "second") == {"Status": "Available"}
    assert len(studio.machines.starts) == 2


@pytest.mark.parametrize("ended", [GOOD, {"code": 1}, {"error": {"code": "ClientError", "message": "no data"}}])
def test_a_job_that_failed_by_itself_leaves_a_pool(studio: Studio, ended: dict[str, Any]) -> None:
    """ "If the training job fails due to an algorithm or client error, a warm pool is still retained"."""
    create(studio, "first")
    ends(studio, "first", **ended)
    assert pool(studio, "first") == {"Status": "Available"}


def test_a_job_that_was_stopped_leaves_a_pool(studio: Studio) -> None:
    create(studio, "first")
    studio.ask("StopTrainingJob", TrainingJobName="first")
    ends(studio, "first", signal=15, stopped=True)
    assert studio.describe("first")["TrainingJobStatus"] == "Stopped"
    assert pool(studio, "first") == {"Status": "Available"}


def test_an_unhealthy_cluster_leaves_none(studio: Studio) -> None:
    create(studio, "first")
    ends(studio, "first", error={"code": "InternalError", "message": "the agent failed"})
    assert pool(studio, "first") is None
    assert studio.machines.specs == {}


DIFFERENT: dict[str, dict[str, Any]] = {
    "another type": {"ResourceConfig": {**RESOURCES, "InstanceType": "ml.m5.xlarge"}},
    "another volume": {"ResourceConfig": {**RESOURCES, "VolumeSizeInGB": 2}},
    "another count": {"ResourceConfig": {**RESOURCES, "InstanceCount": 2}},
    "isolation": {"EnableNetworkIsolation": True},
    "spot": {
        "EnableManagedSpotTraining": True,
        "StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 60},
    },
}


@pytest.mark.parametrize("what", DIFFERENT)
def test_a_job_that_does_not_match_starts_its_own(studio: Studio, what: str) -> None:
    create(studio, "first")
    ends(studio, "first")
    create(studio, "second", keep=0, **DIFFERENT[what])
    assert studio.machines.reuses == []
    assert pool(studio, "first") == {"Status": "Available"}


def test_a_job_of_another_role_does_not_match() -> None:
    spec = {"RoleArn": "a", "ResourceConfig": RESOURCES}
    assert pools.matching(spec) != pools.matching({**spec, "RoleArn": "b"})
    assert pools.matching(spec) == pools.matching({**spec, "HyperParameters": {"x": "1"}})


def test_a_pool_ends_when_its_time_is_over(studio: Studio) -> None:
    create(studio, "first", keep=60)
    ends(studio, "first")
    studio.settle(30)
    assert pool(studio, "first") == {"Status": "Available"}
    studio.settle(40)
    assert pool(studio, "first") == {"Status": "Terminated", "ResourceRetainedBillableTimeInSeconds": 60}
    assert studio.machines.specs == {}
    create(studio, "second")
    assert studio.machines.reuses == []
    assert studio.job("first").due_at is None


def test_no_pool_lives_longer_than_seven_days(studio: Studio) -> None:
    create(studio, "job-0", keep=21_600)
    for number in range(1, 40):
        ends(studio, f"job-{number - 1}")
        studio.settle(18_000)
        create(studio, f"job-{number}", keep=21_600)
    assert len(studio.machines.starts) == 2, "168 hours, in steps of five: one cluster for 33 jobs, then another"


def test_a_pool_is_kept_longer_and_ended(studio: Studio) -> None:
    """UpdateTrainingJob: while the pool is Available, and nothing else."""

    def retain(seconds: int) -> None:
        config = {"KeepAlivePeriodInSeconds": seconds}
        studio.ask("UpdateTrainingJob", TrainingJobName="first", ResourceConfig=config)

    create(studio, "first", keep=60)
    with pytest.raises(ServiceError, match="only while the job's warm pool is Available"):
        retain(600)
    ends(studio, "first")
    retain(600)
    studio.settle(500)
    assert pool(studio, "first") == {"Status": "Available"}
    with pytest.raises(ServiceError, match="ResourceInUse"):
        studio.ask("DeleteTrainingJob", TrainingJobName="first")
    retain(0)
    studio.settle()
    assert pool(studio, "first")["Status"] == "Terminated"
    assert studio.machines.specs == {}
    studio.ask("DeleteTrainingJob", TrainingJobName="first")


@pytest.mark.parametrize("member", ["ProfilerConfig", "RemoteDebugConfig"])
def test_what_cannot_be_updated_is_refused(studio: Studio, member: str) -> None:
    create(studio, "first")
    with pytest.raises(ServiceError, match=member):
        studio.ask("UpdateTrainingJob", TrainingJobName="first", **{member: {}})
    with pytest.raises(ServiceError, match="nothing to update"):
        studio.ask("UpdateTrainingJob", TrainingJobName="first")


def test_pools_are_listed_by_status(studio: Studio) -> None:
    create(studio, "first")
    ends(studio, "first")
    create(studio, "other", keep=0, ResourceConfig={**RESOURCES, "VolumeSizeInGB": 7})
    (found,) = studio.ask("ListTrainingJobs", WarmPoolStatusEquals="Available")["TrainingJobSummaries"]
    assert (found["TrainingJobName"], found["WarmPoolStatus"]) == ("first", {"Status": "Available"})


def test_two_jobs_never_get_the_same_pool(studio: Studio) -> None:
    create(studio, "first")
    ends(studio, "first")
    other = studio.controller()
    for number in range(4):
        studio.create(f"next-{number}", ResourceConfig={**RESOURCES, "KeepAlivePeriodInSeconds": 60})

    async def at_once() -> None:
        await asyncio.gather(*(studio.step_of(world) for world in (studio.world, other) * 3))

    studio.run(at_once())
    studio.settle()
    assert len(studio.machines.reuses) == 1
    assert len(studio.machines.starts) == 4


def test_a_pool_whose_instance_died_is_terminated(studio: Studio) -> None:
    create(studio, "first")
    ends(studio, "first")
    studio.machines.alive.clear()
    studio.settle(6)
    assert pool(studio, "first")["Status"] == "Terminated"
    assert studio.machines.specs == {}


def test_a_job_whose_pool_died_under_it_starts_its_own(studio: Studio) -> None:
    create(studio, "first")
    ends(studio, "first")
    studio.machines.alive.clear()
    create(studio, "second")
    assert len(studio.machines.starts) == 2
    assert pool(studio, "second") is None
    ends(studio, "second")
    assert studio.describe("second")["TrainingJobStatus"] == "Completed"


def test_a_controller_killed_after_handing_over_hands_over_once(studio: Studio) -> None:
    create(studio, "first")
    ends(studio, "first")

    async def die() -> None:
        raise Killed

    studio.create("second", ResourceConfig={**RESOURCES, "KeepAlivePeriodInSeconds": 60})
    studio.machines.started = die
    crash(studio)
    studio.settle()
    assert len(studio.machines.reuses) == len(studio.machines.starts) == 1
    ends(studio, "second")
    assert studio.describe("second")["TrainingJobStatus"] == "Completed"


def test_a_job_stopped_after_it_took_a_pool_over_leaves_nothing_running(studio: Studio) -> None:
    create(studio, "first")
    ends(studio, "first")

    async def die() -> None:
        raise Killed

    studio.create("second", ResourceConfig=RESOURCES)
    studio.machines.started = die
    crash(studio)
    studio.ask("StopTrainingJob", TrainingJobName="second")
    studio.machines.alive.clear()  # SIGTERM ends an agent that has not begun
    studio.settle()
    assert studio.describe("second")["TrainingJobStatus"] == "Stopped"
    assert studio.machines.specs == {}


def test_no_more_is_kept_than_the_quota_allows(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """ "A warm pool is only created if your warm pool limit has sufficient resources"."""
    none = {limits.Quota("sagemaker", "ml.m5.large for training warm pool usage", 0): 1}
    monkeypatch.setattr(limits, "pool_claims", lambda resources: none)
    create(studio, "first")
    ends(studio, "first")
    assert pool(studio, "first") == {"Status": "Terminated"}
    assert studio.describe("first")["TrainingJobStatus"] == "Completed"
    assert studio.machines.specs == {}


def test_what_pools_take_of_quotas_and_of_the_machine_is_given_back(studio: Studio) -> None:
    studio.world.settings = dataclasses.replace(studio.world.settings, capacity="strict")
    studio.machines.whole = Capacity(2, 2**34)
    create(studio, "first", keep=60)
    ends(studio, "first")
    create(studio, "second", keep=60)
    assert pool(studio, "second") == {"Status": "InUse"}, "the pool's share of the machine goes with it"
    ends(studio, "second")
    create(studio, "third", keep=0, ResourceConfig={**RESOURCES, "VolumeSizeInGB": 9})
    assert studio.describe("third")["SecondaryStatus"] == "Pending"
    studio.settle(70)
    assert len(studio.machines.starts) == 2
    ends(studio, "third")
    read = studio.world.db.read()
    assert {row["used"] for row in read.all("SELECT used FROM quota_usage")} == {0}
    assert read.all("SELECT * FROM capacity_claims") == []
    assert read.all("SELECT * FROM warm_pools") == []


@pytest.mark.parametrize("what", ["spot", "groups"])
def test_what_pools_cannot_be_used_with_is_refused(studio: Studio, what: str) -> None:
    """The guide, "Considerations"."""
    group = {"InstanceGroupName": "a", "InstanceType": "ml.m5.large", "InstanceCount": 1}
    changes: dict[str, dict[str, Any]] = {
        "spot": {**DIFFERENT["spot"], "ResourceConfig": {**RESOURCES, "KeepAlivePeriodInSeconds": 60}},
        "groups": {"ResourceConfig": {"InstanceGroups": [group], "VolumeSizeInGB": 1, "KeepAlivePeriodInSeconds": 60}},
    }
    with pytest.raises(ServiceError, match="Managed Warm Pools cannot be used with"):
        studio.create(**changes[what])
