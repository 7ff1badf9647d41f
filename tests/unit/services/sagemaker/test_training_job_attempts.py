"""RetryStrategy and managed spot training. Expectations: API_RetryStrategy, API_StoppingCondition, and the guide's
"Managed spot training lifecycle"."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.control.rig import call
from tests.unit.services.sagemaker.conftest import Studio

from salvia.core.errors import ServiceError
from salvia.runtimes.base import StartError

GOOD = {"code": 0}
RETRY = {"RetryStrategy": {"MaximumRetryAttempts": 2}}
SPOT = {
    "EnableManagedSpotTraining": True,
    "StoppingCondition": {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 3600},
}


def interrupt(studio: Studio, name: str = "job") -> Any:
    handler = studio.world.dispatch.handler("salvia", "InterruptTrainingJob")
    return studio.run(handler(call(studio.world, "InterruptTrainingJob", TrainingJobName=name)))


def train(studio: Studio) -> None:
    studio.settle()
    studio.agent("Training", times={"Downloading": studio.rig.now, "Training": studio.rig.now})
    studio.settle()


def test_a_lost_agent_is_exactly_one_more_attempt(studio: Studio) -> None:
    studio.create(**RETRY)
    train(studio)
    studio.machines.alive.clear()
    studio.settle()
    assert len(studio.machines.alive) == 1
    assert len(studio.machines.starts) == len(set(studio.machines.starts)) == 2
    assert studio.transitions() == ["Starting", "Downloading", "Training", "Restarting", "Starting"]
    message = studio.describe()["SecondaryStatusTransitions"][-2]["StatusMessage"]
    assert "retry 1 of 2" in message
    assert "algo-1 was lost" in message
    studio.agent("Exited", exit=GOOD)
    studio.settle()
    assert studio.describe()["TrainingJobStatus"] == "Completed"
    assert studio.machines.specs == {}


def test_retries_end(studio: Studio) -> None:
    studio.create(**RETRY)
    for _ in range(3):
        train(studio)
        studio.machines.alive.clear()
    studio.settle()
    ended = studio.describe()
    assert ended["TrainingJobStatus"] == "Failed"
    assert "was lost" in ended["FailureReason"]
    assert len(studio.machines.starts) == 3


@pytest.mark.parametrize("ended", [{"code": 1}, {"signal": 9}, {"code": 2, "failure": "InternalServerError: mine"}])
def test_a_program_that_fails_is_never_retried(studio: Studio, ended: dict[str, Any]) -> None:
    """Only an InternalServerError is, and that is Salvia's, whatever a program calls its own failure."""
    studio.create(**RETRY)
    train(studio)
    studio.agent("Exited", exit=ended)
    studio.settle()
    assert studio.describe()["TrainingJobStatus"] == "Failed"
    assert len(studio.machines.starts) == 1


def test_an_agent_that_failed_itself_is_retried(studio: Studio) -> None:
    studio.create(**RETRY)
    train(studio)
    studio.agent("Exited", exit={"error": {"code": "InternalError", "message": "The instance's agent failed."}})
    studio.settle()
    assert studio.describe()["TrainingJobStatus"] == "InProgress"
    assert len(studio.machines.starts) == 2


def test_a_start_that_broke_is_tried_again_after_a_while(studio: Studio) -> None:
    studio.create(**RETRY)
    studio.machines.broken = StartError("no room")
    studio.step()
    assert (
        "retry 1 of 2: InternalServerError: no room"
        in (studio.describe()["SecondaryStatusTransitions"][-2]["StatusMessage"])
    )
    studio.machines.broken = None
    studio.settle(70)
    studio.agent("Exited", exit=GOOD)
    studio.settle()
    assert studio.describe()["TrainingJobStatus"] == "Completed"


def test_the_old_attempts_token_opens_nothing(studio: Studio) -> None:
    """A lost agent that comes back (its machine was only cut off) must not speak for the new one."""
    studio.create(**RETRY)
    train(studio)
    first = studio.job()
    studio.machines.alive.clear()
    studio.settle()
    from salvia.control import instances

    token = instances.bearer(studio.world.secret, first.id, 0, 0)
    rows = studio.world.db.read().all(
        "SELECT id FROM instances WHERE token_hash = :hash", {"hash": instances.hash_of(token)}
    )
    assert rows == []


def test_an_interrupted_spot_job_starts_again_and_is_not_billed_meanwhile(studio: Studio) -> None:
    studio.create(**SPOT)
    train(studio)
    studio.settle(100)
    interrupt(studio)
    assert studio.describe()["SecondaryStatus"] == "Interrupted"
    assert studio.describe()["TrainingJobStatus"] == "InProgress"
    studio.settle(40)
    assert studio.machines.stops
    assert len(studio.machines.starts) == 1, "nothing starts while the first program still has its 120 seconds"
    studio.agent("Exited", exit={"code": 0, "stopped": True})
    studio.settle()
    assert len(studio.machines.starts) == 2
    studio.settle(60)
    train(studio)
    studio.settle(100)
    studio.agent("Exited", exit=GOOD)
    studio.settle()
    ended = studio.describe()
    assert ended["TrainingJobStatus"] == "Completed"
    assert studio.transitions() == [
        *("Starting", "Downloading", "Training", "Interrupted"),
        *("Starting", "Downloading", "Training", "Completed"),
    ]
    assert ended["TrainingTimeInSeconds"] == pytest.approx(310, abs=12)
    assert ended["BillableTimeInSeconds"] == pytest.approx(205, abs=8)


def test_an_interruption_that_comes_too_late_changes_nothing(studio: Studio) -> None:
    """The program had ended: its agent was not stopped, and its model is the job's."""
    studio.create(**SPOT)
    train(studio)
    studio.agent("Uploading")
    interrupt(studio)
    studio.settle()
    studio.agent("Exited", exit=GOOD)
    studio.settle()
    assert studio.describe()["TrainingJobStatus"] == "Completed"
    assert len(studio.machines.starts) == 1


def test_an_interrupted_program_that_takes_no_notice_is_ended(studio: Studio) -> None:
    studio.create(**SPOT)
    train(studio)
    interrupt(studio)
    studio.settle()
    studio.settle(181)
    assert len(studio.machines.starts) == 2
    assert len(studio.machines.alive) == 1


def test_a_stop_ends_an_interrupted_job(studio: Studio) -> None:
    studio.create(**SPOT)
    train(studio)
    interrupt(studio)
    studio.ask("StopTrainingJob", TrainingJobName="job")
    studio.settle()
    studio.agent("Exited", exit={"signal": 15, "stopped": True})
    studio.settle()
    assert studio.describe()["TrainingJobStatus"] == "Stopped"
    assert len(studio.machines.starts) == 1
    with pytest.raises(ServiceError, match="its status is Stopped"):
        interrupt(studio)


def test_waiting_and_running_together_have_a_limit(studio: Studio) -> None:
    """The guide: … Interrupted, Downloading, Training, Stopping, MaxWaitTimeExceeded."""
    studio.create(
        EnableManagedSpotTraining=True,
        StoppingCondition={"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 600},
    )
    train(studio)
    studio.settle(300)
    interrupt(studio)
    studio.agent("Exited", exit={"signal": 15, "stopped": True})
    train(studio)
    studio.settle(302)
    assert studio.describe()["TrainingJobStatus"] == "Stopping"
    studio.agent("Exited", exit={"signal": 15, "stopped": True})
    studio.settle()
    ended = studio.describe()
    assert (ended["TrainingJobStatus"], ended["SecondaryStatus"]) == ("Stopped", "MaxWaitTimeExceeded")


def test_the_runtime_of_all_attempts_together_has_a_limit(studio: Studio) -> None:
    """API_StoppingCondition: "the maximum time for all of the attempts in total"."""
    studio.create(**{**SPOT, "StoppingCondition": {"MaxRuntimeInSeconds": 300, "MaxWaitTimeInSeconds": 3600}})
    train(studio)
    studio.settle(200)
    interrupt(studio)
    studio.agent("Exited", exit={"signal": 15, "stopped": True})
    studio.settle(500)
    train(studio)
    assert studio.describe()["TrainingJobStatus"] == "InProgress"
    studio.settle(110)
    assert studio.describe()["TrainingJobStatus"] == "Stopping"
    studio.agent("Exited", exit={"signal": 15, "stopped": True})
    studio.settle()
    assert studio.describe()["SecondaryStatus"] == "MaxRuntimeExceeded"


def test_only_a_spot_job_is_interrupted(studio: Studio) -> None:
    studio.create()
    with pytest.raises(ServiceError, match="EnableManagedSpotTraining"):
        interrupt(studio)


@pytest.mark.parametrize(
    ("spot", "condition", "sentence"),
    [
        (True, {"MaxRuntimeInSeconds": 600}, "It must be present and be greater than or equal to MaxRuntimeInSeconds"),
        (True, {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 599}, "greater than or equal to"),
        (False, {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 600}, "It is only supported when Enable"),
    ],
)
def test_the_time_to_wait_is_checked(studio: Studio, spot: bool, condition: dict[str, int], sentence: str) -> None:
    """AWS's own sentences, as its users quote them."""
    with pytest.raises(ServiceError) as caught:
        studio.create(EnableManagedSpotTraining=spot, StoppingCondition=condition)
    assert caught.value.message.startswith("Invalid MaxWaitTimeInSeconds. ")
    assert sentence in caught.value.message


def test_a_controller_killed_between_two_attempts_is_followed_by_one_that_starts_once(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.unit.services.sagemaker.test_training_job_lifecycle import Killed, crash

    studio.create(**RETRY)
    train(studio)
    studio.machines.alive.clear()
    remove = studio.machines.remove

    async def die(handle: Any) -> None:
        await remove(handle)
        raise Killed

    monkeypatch.setattr(studio.machines, "remove", die)
    studio.rig.now += 3
    crash(studio)
    monkeypatch.setattr(studio.machines, "remove", remove)
    studio.settle()
    assert len(studio.machines.starts) == 2
    assert studio.job().status["_Attempt"] == 1


def test_an_hour_that_nobody_watched_is_billed(studio: Studio) -> None:
    """Its agent trained and its clock was advanced before any controller looked: it started when it started."""
    studio.create()
    studio.settle()
    began = studio.rig.now
    train(studio)
    studio.world.clock.advance(3600)
    studio.agent("Exited", exit=GOOD)
    studio.world.clock.advance(3600)
    studio.settle()
    ended = studio.describe()
    assert ended["TrainingStartTime"] == pytest.approx(began, abs=5)
    assert ended["BillableTimeInSeconds"] == pytest.approx(3600, abs=5)


def test_an_interrupted_job_that_is_stopped_is_billed_once(studio: Studio) -> None:
    """What ran before the interruption is not counted again by looking at its reports."""
    studio.create(**SPOT)
    train(studio)
    studio.settle(100)
    interrupt(studio)
    studio.settle(50)
    studio.ask("StopTrainingJob", TrainingJobName="job")
    studio.agent("Exited", exit={"code": 0, "stopped": True})
    studio.settle()
    ended = studio.describe()
    assert ended["TrainingJobStatus"] == "Stopped"
    assert ended["BillableTimeInSeconds"] == pytest.approx(100, abs=5)
    assert ended["TrainingTimeInSeconds"] == pytest.approx(150, abs=8)
