"""A training job's life, killed at every turn. Expectations: API_DescribeTrainingJob, API_StopTrainingJob,
API_StoppingCondition, and the house's rule that a controller may die between any two instructions."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.unit.services.sagemaker.conftest import Studio

from salvia.core.clock import Clock
from salvia.core.errors import ServiceError
from salvia.images.builder import Builder, BuildError
from salvia.images.image import Image
from salvia.protocol import models
from salvia.runtimes.base import StartError
from salvia.runtimes.instance_types import instance_type
from salvia.store import documents

GOOD = {"code": 0}


class Killed(BaseException):
    """The controller died here."""


def crash(studio: Studio) -> None:
    """A controller works until it is killed; its lease runs out."""
    with pytest.raises(BaseException, match=r"^$|Killed"):
        studio.step()
    studio.machines.started = None
    studio.rig.now += 20


def test_a_job_goes_through_its_phases(studio: Studio) -> None:
    studio.create()
    assert studio.describe()["SecondaryStatus"] == "Starting"
    for phase in ("Downloading", "Training", "Uploading"):
        studio.settle()
        studio.agent(phase)
        studio.settle()
        assert studio.describe()["SecondaryStatus"] == phase
    studio.agent("Exited", exit=GOOD, metrics=[{"MetricName": "loss", "Value": 0.5, "Timestamp": 1}])
    studio.settle()
    ended = studio.describe()
    assert ended["TrainingJobStatus"] == "Completed"
    assert studio.transitions() == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert ended["FinalMetricDataList"] == [{"MetricName": "loss", "Value": 0.5, "Timestamp": 1}]
    assert ended["TrainingStartTime"] < ended["TrainingEndTime"]
    assert studio.machines.specs == {}
    assert studio.job().due_at is None


def test_every_instance_of_a_type_whose_memory_aws_does_not_publish_starts(studio: Studio) -> None:
    enum = models.service("sagemaker").shape_for("TrainingInstanceType").enum
    assert [name for name in enum if instance_type(name) is None] == []
    blank = next((name for name in enum if instance_type(name).memory_gib is None), enum[0])  # type: ignore[union-attr]
    studio.create(ResourceConfig={"InstanceType": blank, "InstanceCount": 1, "VolumeSizeInGB": 1})
    studio.settle()
    assert len(studio.machines.alive) == 1


def test_the_job_is_where_its_slowest_instance_is(studio: Studio) -> None:
    studio.create(instances=2)
    studio.settle()
    studio.agent("Training", 0)
    studio.agent("Downloading", 1)
    studio.settle()
    assert studio.describe()["SecondaryStatus"] == "Downloading"
    studio.agent("Training", 1)
    studio.settle()
    assert studio.describe()["SecondaryStatus"] == "Training"


def test_one_failed_instance_fails_the_job_and_removes_the_others(studio: Studio) -> None:
    studio.create(instances=2)
    studio.settle()
    studio.agent("Exited", 1, exit={"code": 3, "log_tail": ["boom"]})
    studio.settle()
    assert studio.describe()["FailureReason"] == (
        "AlgorithmError: the program on algo-2 ended with exit code 3. Its last line: boom"
    )
    assert studio.machines.specs == {}


def test_a_lost_agent_fails_the_job(studio: Studio) -> None:
    studio.create()
    studio.settle()
    studio.agent("Training", leaves=True)
    studio.settle()
    assert "algo-1 was lost while its phase was Training" in studio.describe()["FailureReason"]


def test_a_controller_killed_between_start_and_keeping_the_handle_is_followed_by_one_that_adopts(
    studio: Studio,
) -> None:
    async def die() -> None:
        raise Killed

    studio.create(instances=2)
    studio.machines.started = die
    crash(studio)
    assert len(studio.machines.starts) == 1
    studio.step(studio.controller())
    assert len(studio.machines.starts) == len(set(studio.machines.starts)) == 2
    for position in (0, 1):
        studio.agent("Exited", position, exit=GOOD)
    studio.settle()
    assert studio.describe()["TrainingJobStatus"] == "Completed"


def test_a_job_stopped_before_its_handles_were_kept_leaves_no_agent(studio: Studio) -> None:
    """Killed after the start, then stopped: the agent is asked to end, and removed."""

    async def die() -> None:
        raise Killed

    studio.create()
    studio.machines.started = die
    crash(studio)
    studio.ask("StopTrainingJob", TrainingJobName="job")
    studio.step()
    assert studio.machines.stops == studio.machines.starts, "it is asked first: its program may save what it has"
    assert studio.describe()["TrainingJobStatus"] == "Stopping"
    studio.agent("Exited", exit={"signal": 15})
    studio.settle()
    assert studio.describe()["TrainingJobStatus"] == "Stopped"
    assert studio.machines.specs == {}


def test_a_job_stopped_while_it_is_placed_leaves_no_agent(studio: Studio) -> None:
    async def stop() -> None:
        studio.machines.started = None
        from tests.unit.control.rig import ask

        await ask(studio.world, "StopTrainingJob", TrainingJobName="job")

    studio.create(instances=2)
    studio.machines.started = stop
    studio.step()
    assert studio.job().state == "Stopping"
    studio.settle()
    assert set(studio.machines.stops) == set(studio.machines.starts)
    for position in (0, 1):
        studio.agent("Exited", position, exit={"signal": 15})
    studio.settle()
    assert studio.describe()["TrainingJobStatus"] == "Stopped"
    assert studio.machines.alive == set()


def test_a_job_stopped_before_anything_was_started_is_stopped(studio: Studio) -> None:
    studio.create()
    studio.ask("StopTrainingJob", TrainingJobName="job")
    studio.settle()
    assert studio.describe()["SecondaryStatus"] == "Stopped"
    assert studio.machines.starts == []


def test_a_job_stopped_while_its_image_is_built_starts_nothing(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """A build takes minutes; nobody waits for it who wants the job no more."""
    building = asyncio.Event()
    ended: list[str] = []

    async def build(self: Builder, image: Image, *_: Any) -> Any:
        building.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended.append(image.name)
            raise

    monkeypatch.setattr(Builder, "built", lambda self, image: None)
    monkeypatch.setattr(Builder, "build", build)

    async def scene() -> None:
        from tests.unit.control.rig import ask

        step = asyncio.create_task(studio.step_of(studio.world))
        await asyncio.wait_for(building.wait(), 10)
        assert (
            studio.job().status["SecondaryStatusTransitions"][-1]["StatusMessage"] == "Downloading the training image"
        )
        await ask(studio.world, "StopTrainingJob", TrainingJobName="job")
        await asyncio.wait_for(step, 10)

    studio.create()
    studio.run(scene())
    assert ended == ["probe"]
    studio.settle()
    assert studio.describe()["TrainingJobStatus"] == "Stopped"
    assert studio.machines.starts == []


def test_a_job_whose_tags_change_while_it_is_placed_starts_once(studio: Studio) -> None:
    async def tag() -> None:
        from tests.unit.control.rig import ask

        arn = studio.job().arn
        await ask(studio.world, "AddTags", ResourceArn=arn, Tags=[{"Key": "k", "Value": "v"}])

    studio.create()
    studio.machines.started = tag
    studio.step()
    studio.machines.started = None
    studio.agent("Exited", exit=GOOD)
    studio.settle()
    assert len(studio.machines.starts) == 1
    assert studio.describe()["TrainingJobStatus"] == "Completed"
    assert studio.job().tags == {"k": "v"}


def test_an_image_that_vanishes_under_a_running_job_does_not_matter(studio: Studio) -> None:
    """Whatever is asked of the catalogue again would fail a job that runs."""
    studio.create()
    studio.step()
    studio.world.catalogue = None  # type: ignore[assignment]
    studio.agent("Training")
    studio.settle()
    studio.agent("Exited", exit=GOOD)
    studio.settle()
    assert studio.describe()["TrainingJobStatus"] == "Completed"


def test_a_stop_is_repeated_until_the_agent_is_gone_and_then_over(studio: Studio) -> None:
    """120 seconds for the program, 60 for its upload to begin; then it is ended."""
    studio.create()
    studio.settle()
    studio.agent("Training")
    studio.ask("StopTrainingJob", TrainingJobName="job")
    studio.ask("StopTrainingJob", TrainingJobName="job")
    studio.settle()
    assert studio.machines.stops
    assert studio.describe()["TrainingJobStatus"] == "Stopping"
    studio.settle(seconds=181)
    assert studio.describe()["TrainingJobStatus"] == "Stopped"
    assert studio.machines.specs == {}


def test_an_upload_of_a_stopped_job_is_waited_for(studio: Studio) -> None:
    studio.create()
    studio.settle()
    studio.agent("Training")
    studio.ask("StopTrainingJob", TrainingJobName="job")
    studio.agent("Uploading")
    studio.settle(seconds=1000)
    assert studio.describe()["TrainingJobStatus"] == "Stopping"
    studio.agent("Exited", exit={"signal": 15})
    studio.settle()
    assert studio.describe()["TrainingJobStatus"] == "Stopped"


def test_an_agent_lost_while_it_uploads_does_not_keep_a_stopping_job(studio: Studio) -> None:
    studio.create()
    studio.settle()
    studio.ask("StopTrainingJob", TrainingJobName="job")
    studio.agent("Uploading", leaves=True)
    studio.settle()
    assert studio.describe()["TrainingJobStatus"] == "Stopped"


def test_time_runs_out(studio: Studio) -> None:
    studio.create(StoppingCondition={"MaxRuntimeInSeconds": 60})
    studio.settle()
    studio.agent("Training")
    studio.settle(seconds=59)
    assert studio.describe()["TrainingJobStatus"] == "InProgress"
    studio.settle(seconds=3)
    assert studio.describe()["TrainingJobStatus"] == "Stopping"
    assert studio.machines.stops
    studio.agent("Exited", exit={"signal": 15})
    studio.settle()
    ended = studio.describe()
    assert (ended["TrainingJobStatus"], ended["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")


def test_a_program_that_ended_in_time_is_not_out_of_time_while_its_model_is_saved(studio: Studio) -> None:
    studio.create(StoppingCondition={"MaxRuntimeInSeconds": 60})
    studio.settle()
    studio.agent("Uploading")
    studio.settle(seconds=600)
    studio.agent("Exited", exit=GOOD)
    studio.settle()
    assert studio.describe()["TrainingJobStatus"] == "Completed"


def test_time_limits_run_on_virtual_time(studio: Studio) -> None:
    """A clock that is ahead by a month does not end a job that has just begun; a month that passes does."""
    studio.world.clock = Clock(lambda: studio.rig.now, offset=2_592_000)
    studio.create()
    studio.settle()
    studio.agent("Training")
    studio.settle()
    assert studio.describe()["SecondaryStatus"] == "Training"
    studio.world.clock.advance(2_592_000)
    studio.settle()
    assert studio.describe()["TrainingJobStatus"] == "Stopping"


def test_a_dishonest_clock_buys_no_time(studio: Studio) -> None:
    """Times come from beside the program."""
    studio.create(StoppingCondition={"MaxRuntimeInSeconds": 60})
    studio.settle()
    studio.agent("Training", times={"Training": 9e12})
    studio.settle(seconds=62)
    assert studio.describe()["TrainingJobStatus"] == "Stopping"


PLACING = {
    "a build that fails": (BuildError("no index"), "InternalServerError: no index"),
    "a disk that is full": (
        OSError(28, "No space left on device"),
        "InternalServerError: [Errno 28] No space left",
    ),
}


@pytest.mark.parametrize("what", PLACING)
def test_a_job_whose_image_cannot_be_had_fails_saying_why(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    error, sentence = PLACING[what]

    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(Builder, "built", fail)
    studio.create()
    studio.settle()
    assert studio.describe()["FailureReason"].startswith(sentence)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (StartError("no room"), "InternalServerError: no room"),
        (OSError(28, "No space left on device"), "InternalServerError: the instances could not be started: "),
        (ServiceError("ValidationException", "not here"), "ClientError: not here"),
    ],
)
def test_a_job_whose_instances_do_not_start_fails_saying_why(studio: Studio, error: Exception, sentence: str) -> None:
    studio.create()
    studio.machines.broken = error
    studio.settle()
    assert studio.describe()["TrainingJobStatus"] == "Failed"
    assert studio.describe()["FailureReason"].startswith(sentence)


def test_a_process_that_does_not_die_holds_its_job_up_visibly(studio: Studio) -> None:
    studio.create()
    studio.settle()
    studio.machines.immortal = True
    studio.agent("Exited", exit=GOOD)
    studio.settle()
    described = studio.describe()
    assert described["TrainingJobStatus"] == "InProgress"
    assert "algo-1 cannot be removed yet" in described["SecondaryStatusTransitions"][-1]["StatusMessage"]
    studio.machines.immortal = False
    studio.settle()
    assert studio.describe()["TrainingJobStatus"] == "Completed"
    assert not any("removed yet" in entry["StatusMessage"] for entry in studio.describe()["SecondaryStatusTransitions"])


def test_what_goes_wrong_for_an_unknown_reason_is_shown_and_tried_again(
    studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    studio.create()
    studio.machines.broken = LookupError("a mistake of ours")
    studio.step()
    message = studio.describe()["SecondaryStatusTransitions"][-1]["StatusMessage"]
    assert "LookupError: a mistake of ours. It is tried again." in message
    studio.machines.broken = None
    studio.settle()
    studio.agent("Exited", exit=GOOD)
    studio.settle()
    assert studio.describe()["TrainingJobStatus"] == "Completed"
    assert not any("mistake" in entry["StatusMessage"] for entry in studio.describe()["SecondaryStatusTransitions"])


def test_a_controller_killed_between_removal_and_end_is_followed_by_one_that_ends(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.create()
    studio.settle()
    studio.agent("Exited", exit=GOOD)
    remove = studio.machines.remove

    async def die(handle: Any) -> None:
        await remove(handle)
        raise Killed

    monkeypatch.setattr(studio.machines, "remove", die)
    crash(studio)
    monkeypatch.setattr(studio.machines, "remove", remove)
    studio.step(studio.controller())
    assert studio.describe()["TrainingJobStatus"] == "Completed"
    assert len(studio.machines.starts) == 1


def test_two_controllers_at_once_start_and_end_a_job_once(studio: Studio) -> None:
    other = studio.controller()

    async def both() -> None:
        await asyncio.gather(*(studio.step_of(world) for world in (studio.world, other) * 3))

    studio.create(instances=3)
    studio.run(both())
    assert len(studio.machines.starts) == 3
    for position in range(3):
        studio.agent("Exited", position, exit=GOOD)
    studio.run(both())
    assert studio.describe()["TrainingJobStatus"] == "Completed"
    assert len(studio.machines.removed) == 3


def test_troubles_are_said_in_the_status_message(studio: Studio) -> None:
    studio.create()
    studio.settle()
    studio.agent("Training", message="The role may not write logs.")
    studio.settle()
    assert studio.describe()["SecondaryStatusTransitions"][-1]["StatusMessage"].endswith("The role may not write logs.")


def test_a_deleted_job_leaves_no_row(studio: Studio) -> None:
    studio.create()
    studio.settle()
    studio.agent("Exited", exit=GOOD)
    studio.settle()
    job = studio.job()
    studio.ask("DeleteTrainingJob", TrainingJobName="job")
    assert documents.by_id(studio.world.db.read(), job.id) is None
    assert studio.world.db.read().all("SELECT * FROM instances") == []
    assert studio.step() == 0


def test_an_agent_that_is_never_heard_of_is_said(studio: Studio) -> None:
    """No status lasts without a message that says why: a wrong `--advertise` shows here."""
    studio.create(instances=2)
    studio.settle()
    studio.agent("Downloading", 1)
    studio.settle(60)
    message = studio.describe()["SecondaryStatusTransitions"][-1]["StatusMessage"]
    assert "Nothing is heard of algo-1." in message
    studio.agent("Downloading", 0)
    studio.settle()
    assert studio.describe()["SecondaryStatusTransitions"][-1]["StatusMessage"] == "Downloading input data"
