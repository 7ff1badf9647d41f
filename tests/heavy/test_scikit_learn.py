"""scikit-learn scripts by SageMaker's own SDKs, unmodified.

Expectations: the SDK's documentation, "Using Scikit-learn with the SageMaker Python SDK" and "ModelTrainer".
"""

from __future__ import annotations

import statistics

import pytest

from tests.conftest import Jobs, Server
from tests.e2e.test_sdk import DATA, run


@pytest.mark.timeout(420)
def test_version_2_trains_and_serves(salvia: Server) -> None:
    """SKLearn(…).fit(), deploy(), predict(); the log says which version runs instead of the one that is asked for."""
    found, printed = run(salvia, 2, "v2_sklearn.py", str(DATA))
    assert found["image"].endswith("/sagemaker-scikit-learn:1.2-1-cpu-py3")
    assert "scikit-learn 1.9.1 runs here; the image's tag 1.2-1-cpu-py3 asks for 1.2." in printed
    assert 'algo-1 of ["algo-1"]: R² 0.' in printed
    assert statistics.correlation(found["labels"], found["predictions"]) > 0.9  # rows that the forest was trained on


@pytest.mark.timeout(420)
def test_version_3_trains_on_two_instances(jobs: Jobs) -> None:
    """ModelTrainer with SourceCode: the channels `code` and `sm_drivers`."""
    found, _ = run(jobs.server, 3, "v3_sklearn.py", str(DATA))
    assert found["TrainingJobStatus"] == "Completed", found.get("FailureReason")
    assert found["AlgorithmSpecification"]["TrainingImage"].endswith("/sagemaker-scikit-learn:1.9-0-cpu-py3")
    lines = jobs.lines(found["TrainingJobName"])
    assert all(any(line.startswith(f"algo-{host} of") for line in lines) for host in (1, 2))
