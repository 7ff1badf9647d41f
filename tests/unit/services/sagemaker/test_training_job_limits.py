"""Quotas are counted, whoever counts at the same time. Expectation: CreateTrainingJob, ResourceLimitExceeded."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.unit.control.rig import ask
from tests.unit.services.sagemaker.conftest import Studio

from salvia.core.errors import ServiceError
from salvia.services.sagemaker.training_job import limits


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """An account that may have three instances of a type."""
    monkeypatch.setattr(limits, "_GENEROUS", 3.0)


def used(studio: Studio) -> set[int]:
    return {row["used"] for row in studio.world.db.read().all("SELECT used FROM quota_usage")}


@pytest.mark.usefixtures("few")
def test_two_gateways_together_exceed_no_quota(studio: Studio) -> None:
    requests: list[dict[str, Any]] = []
    for number in range(8):
        studio.ask = lambda _, **request: requests.append(request)  # type: ignore[method-assign]
        studio.create(f"job-{number}")
    other = studio.controller()

    async def all_at_once() -> list[Any]:
        worlds = [studio.world, other] * 4
        return await asyncio.gather(
            *(ask(world, "CreateTrainingJob", **one) for world, one in zip(worlds, requests, strict=True)),
            return_exceptions=True,
        )

    answers = studio.run(all_at_once())
    refused = [answer for answer in answers if isinstance(answer, ServiceError)]
    assert len(refused) == 5
    assert {error.code for error in refused} == {"ResourceLimitExceeded"}
    assert used(studio) == {3}


@pytest.mark.usefixtures("few")
def test_what_ended_is_given_back_once(studio: Studio) -> None:
    studio.create(instances=2)
    with pytest.raises(ServiceError, match="current utilization of 2 Instances and a request delta of 2 Instances"):
        studio.create("second", instances=2)
    with pytest.raises(ServiceError, match="ResourceInUse"):
        studio.create()
    assert used(studio) == {2}
    studio.settle()
    for position in (0, 1):
        studio.agent("Exited", position, exit={"code": 0})
    studio.settle()
    assert used(studio) == {0}
    studio.ask("DeleteTrainingJob", TrainingJobName="job")
    assert used(studio) == {0}
    studio.create("second", instances=2)


@pytest.mark.usefixtures("few")
def test_spot_has_a_quota_of_its_own(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """As AWS names it: "ml.m5.large for spot training job usage"."""
    monkeypatch.setattr(limits, "_TOTAL", limits.Quota("sagemaker", "Number of instances", 10))
    studio.create(instances=3)
    spot = {
        "EnableManagedSpotTraining": True,
        "StoppingCondition": {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 600},
    }
    studio.create("spot", instances=3, **spot)
    with pytest.raises(ServiceError, match=r"'ml\.m5\.large for spot training job usage' is 3 Instances"):
        studio.create("more", **spot)


def test_no_two_quotas_share_a_code() -> None:
    quotas = list(limits.quotas())
    assert len({quota.code for quota in quotas}) == len(quotas) > 500
