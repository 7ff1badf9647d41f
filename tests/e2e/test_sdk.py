"""SageMaker's own Python SDK, unmodified, each major version in an environment of its own, under `salvia exec`.

Expectations: the SDK's documentation, "Use Version 2.x" and "ModelTrainer".
"""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import Server

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "tests" / "data" / "diabetes.csv"
BUCKET = "sagemaker-us-east-1-123456789012"  # the name that the SDK gives to its default bucket

PREDICT = """
import json, sys, numpy, xgboost
rows = numpy.loadtxt(sys.argv[2], delimiter=",", dtype=numpy.float32)
print(json.dumps(xgboost.Booster(model_file=sys.argv[1]).predict(xgboost.DMatrix(rows[:, 1:])).tolist()))
"""


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


@pytest.mark.timeout(420)
def test_version_2_transforms_and_joins(salvia: Server, tmp_path: Path) -> None:
    """estimator.transformer(), transform() with filters, its logs; the SDK's documentation, "Batch Transform"."""
    found, printed = run(salvia, 2, "v2_transform.py", str(DATA))
    rows = [line.split(",") for line in found["scored"].splitlines()]
    assert [label for label, _ in rows] == [line.partition(",")[0] for line in DATA.read_text().splitlines()]
    key = found["model"].removeprefix(f"s3://{BUCKET}/")
    archive = salvia.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(archive)) as model:
        model.extract("xgboost-model", tmp_path, filter="data")
    python = next((salvia.home / "images").glob("xgboost-*/venv/bin/python"))
    command = [str(python), "-c", PREDICT, str(tmp_path / "xgboost-model"), str(DATA)]
    predicted = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert [float(score) for _, score in rows] == pytest.approx(predicted, rel=1e-6)
    assert "MaxPayloadInMB=6, BatchStrategy=MULTI_RECORD" in printed  # from the job's data log


@pytest.mark.timeout(420)
def test_version_2_deploys_many_models(salvia: Server) -> None:
    """MultiDataModel: deploy(), add_model() before and after it, list_models(), predict(target_model=…)."""
    found, _ = run(salvia, 2, "v2_many.py", str(DATA))
    assert sorted(found["predictions"]) == ["later/twenty.tar.gz", "one.tar.gz"]
    off = {
        target: sum(abs(one - other) for one, other in zip(predictions, found["labels"], strict=True))
        / len(predictions)
        for target, predictions in found["predictions"].items()
    }
    assert off["later/twenty.tar.gz"] < 40 < off["one.tar.gz"]  # rows that they were trained on


@pytest.mark.timeout(420)
def test_version_3_trains_with_an_algorithm_and_with_a_script(salvia: Server) -> None:
    """Session, default bucket, upload; ModelTrainer.train() without and with SourceCode, which comes in the channels
    `code` and `sm_drivers` and is started by a ContainerEntrypoint."""
    found, _ = run(salvia, 3, "v3.py", str(DATA))
    assert found["version"] == "3.27.0"
    assert found["bucket"] == BUCKET
    s3 = salvia.client("s3")
    key = found["data"].removeprefix(f"s3://{BUCKET}/")
    assert s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() == DATA.read_bytes()
    files = {}
    for name, job in found["jobs"].items():
        assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
        key = job["ModelArtifacts"]["S3ModelArtifacts"].removeprefix(f"s3://{BUCKET}/")
        with tarfile.open(fileobj=io.BytesIO(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())) as model:
            files[name] = [file.name.removeprefix("./") for file in model if file.isfile()]
    assert files == {"algorithm": ["xgboost-model"], "script": ["own-model.json"]}
    channels = [channel["ChannelName"] for channel in found["jobs"]["script"]["InputDataConfig"]]
    assert channels == ["train", "code", "sm_drivers"]


@pytest.mark.timeout(420)
def test_version_2_deploys_predicts_updates_and_deletes(salvia: Server) -> None:
    """estimator.deploy(), Predictor.predict(), update_endpoint(), delete_model(), delete_endpoint(); the same model,
    serverless, by ServerlessInferenceConfig."""
    found, _ = run(salvia, 2, "v2_deploy.py", str(DATA))
    assert found["status"] == "InService"
    assert len(found["predictions"]) == len(found["labels"])
    errors = [abs(one - other) for one, other in zip(found["predictions"], found["labels"], strict=True)]
    assert sum(errors) / len(errors) < 40  # rows that it was trained on; the target's own deviation is 77
    assert found["updated"] == 2
    assert abs(found["still"] - found["predictions"][0]) < 1e-3
    assert found["serverless"] == {"MemorySizeInMB": 2048, "MaxConcurrency": 2}
    assert abs(found["from_zero"] - found["predictions"][0]) < 1e-3


@pytest.mark.timeout(420)
def test_version_2_predicts_asynchronously(salvia: Server) -> None:
    """AsyncInferenceConfig, AsyncPredictor.predict(), predict_async() and get_result(); the SDK's documentation,
    "Asynchronous inference"."""
    found, _ = run(salvia, 2, "v2_async.py", str(DATA))
    assert found["kind"]
    assert found["config"]["ClientConfig"] == {"MaxConcurrentInvocationsPerInstance": 2}
    assert found["output"].startswith(f"s3://{BUCKET}/async-endpoint-outputs/")
    assert found["failure"].startswith(f"s3://{BUCKET}/async-endpoint-failures/")
    errors = [abs(one - other) for one, other in zip(found["predictions"], found["labels"], strict=True)]
    assert sum(errors) / len(errors) < 40  # rows that it was trained on; the target's own deviation is 77
    assert abs(found["later"] - found["predictions"][0]) < 1e-3
    assert found["wrong"]  # the model's words, as AsyncInferenceModelError has them
