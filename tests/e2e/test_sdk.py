"""SageMaker's own Python SDK, unmodified, each major version in an environment of its own, under `salvia exec`.

Expectations: the SDK's documentation, "Use Version 2.x" and "ModelTrainer".
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import Server

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "tests" / "data" / "diabetes.csv"
BUCKET = "sagemaker-us-east-1-123456789012"  # the name that the SDK gives to its default bucket


def run(server: Server, major: int, script: str, *arguments: str) -> tuple[dict[str, Any], str]:
    """Run a script of a user; what it found, and all that it printed."""
    python = ROOT / f".venv-sdk{major}" / "bin" / "python"
    assert python.exists(), f"`make .venv-sdk{major}/.setup` makes the environment of the SDK's version {major}."
    done = server.salvia(
        "exec", "--", str(python), str(Path(__file__).parent / "sdk" / script), *arguments, timeout=400
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found, done.stdout


@pytest.mark.timeout(420)
def test_version_2_trains_attaches_and_analyses(salvia: Server) -> None:
    """default_bucket, upload_data, fit with logs, attach, TrainingJobAnalytics, get_execution_role."""
    found, printed = run(salvia, 2, "v2.py", str(DATA))
    assert found["version"] == "2.257.7"
    assert found["bucket"] == BUCKET
    assert found["data"] == f"s3://{BUCKET}/sdk2/train/diabetes.csv"
    assert found["model"] == f"s3://{BUCKET}/{found['job']}/output/model.tar.gz"
    assert found["attached"]["model"] == found["model"]
    assert found["attached"]["hyperparameters"] == {"num_round": "5", "objective": "reg:squarederror"}
    assert "XGBoost" in printed  # the program's log, which `logs=True` tails
    assert "Training job completed" in printed
    errors = found["metrics"]["validation:rmse"]
    assert errors
    assert 20 < min(errors) < 70  # the target's own deviation is 77
    assert found["execution_role"] == "arn:aws:iam::123456789012:role/scientist"


def test_version_3_finds_its_bucket_and_uploads(salvia: Server) -> None:
    """Its STS client has AWS's host name built in."""
    found, _ = run(salvia, 3, "v3_session.py", str(DATA))
    assert found["version"] == "3.27.0"
    assert found["bucket"] == BUCKET
    assert found["data"] == f"s3://{BUCKET}/sdk3/train/diabetes.csv"
    key = found["data"].removeprefix(f"s3://{BUCKET}/")
    assert salvia.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read() == DATA.read_bytes()
