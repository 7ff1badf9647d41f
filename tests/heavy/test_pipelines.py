"""Pipelines by SageMaker's own SDKs, unmodified: the loop of the guide's example on real data.

Expectations: the guide, "Define a pipeline"; the SDK's documentation, "Amazon SageMaker Model Building Pipelines".
"""

from __future__ import annotations

import pytest

from tests.conftest import Server
from tests.e2e.test_sdk import DATA, run
from tests.pipelines import Pipelines, conditions


@pytest.mark.timeout(420)
def test_version_2_builds_a_pipeline(salvia: Server) -> None:
    """Processing, training, evaluation, decision, registration, a model, a transform job; and the other branch."""
    found, printed = run(salvia, 2, "v2_pipelines.py", str(DATA))
    assert found["status"] == "Succeeded", found
    assert set(found["steps"]) == {
        "Split",
        "Train",
        "Evaluate",
        "Decide",
        "Register-RegisterModel",
        "Create-CreateModel",
        "Transform",
    }
    assert set(found["steps"].values()) == {"Succeeded"}
    assert found["approval"] == "Approved" and found["experiment"] == "diabetes" and found["version"] == 2
    assert found["bad"]["TooBad"] == "RMSE is above 0.5", printed


@pytest.mark.timeout(420)
def test_version_3_builds_a_pipeline(salvia: Server) -> None:
    """Processing, ModelTrainer, a decision on the job's own metric."""
    found, _ = run(salvia, 3, "v3_pipelines.py", str(DATA))
    assert found == {"status": "Succeeded", "steps": dict.fromkeys(("Split", "Train", "Check"), "Succeeded")}


@pytest.mark.parametrize("version", [2, 3])
def test_callbacks(salvia: Server, version: int) -> None:
    """CallbackStep, whose output decides; a LambdaStep is refused until there are functions."""
    Pipelines(salvia).may_send("sdk-*")
    found, _ = run(salvia, version, "callback.py", str(version))
    assert "has no Lambda yet" in found.pop("lambda")
    assert found == {"good": ["Succeeded", "Enough", "Ask"], "bad": ["Failed", "TooFew", "Enough", "Ask"]}


def test_ten_thousand_steps(salvia: Server) -> None:
    """A definition larger than a request may be, from S3, once the quota is raised: a hundred chains of conditions."""
    pipelines = Pipelines(salvia)
    pipelines.may_have(10_000)
    execution = pipelines.start(pipelines.create_from_s3(conditions(100, 100)))
    assert pipelines.ended(execution)["PipelineExecutionStatus"] == "Succeeded"
    assert len(pipelines.steps(execution)) == 10_000
