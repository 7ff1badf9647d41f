"""SageMaker's own Python SDK, unmodified, each major version in an environment of its own, under `salvia exec`.

Expectations: the SDK's documentation, "Use Version 2.x" and "ModelTrainer".
"""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
from tests.conftest import Server, eventually

from salvia.core.archives import unpack

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = Path(__file__).parent / "sdk"
DATA = ROOT / "tests" / "data" / "diabetes.csv"
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
BUCKET = "sagemaker-us-east-1-123456789012"  # the name that the SDK gives to its default bucket

PREDICT = """
import json, sys, numpy, xgboost
rows = numpy.loadtxt(sys.argv[2], delimiter=",", dtype=numpy.float32)
print(json.dumps(xgboost.Booster(model_file=sys.argv[1]).predict(xgboost.DMatrix(rows[:, 1:])).tolist()))
"""


def interpreter(major: int) -> str:
    python = ROOT / f".venv-sdk{major}" / "bin" / "python"
    assert python.exists(), f"`make .venv-sdk{major}/.setup` makes the environment of the SDK's version {major}."
    return str(python)


def run(server: Server, major: int, script: str, *arguments: str) -> tuple[dict[str, Any], str]:
    """Run a script of a user; what it found, and all that it printed."""
    done = server.salvia("exec", "--", interpreter(major), str(SCRIPTS / script), *arguments, timeout=400)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found, done.stdout


class Loaded:
    """A client of the server: Python with the SDK, whose loading takes longer than most scripts. See sdk/loaded.py."""

    MODULES: ClassVar = {2: ("sagemaker",), 3: ("sagemaker.train", "sagemaker.train.model_trainer", "sagemaker.serve")}

    def __init__(self, server: Server, major: int, folder: Path) -> None:
        self._folder = folder
        self._process = subprocess.Popen(
            ["salvia", "exec", "--", interpreter(major), str(SCRIPTS / "loaded.py"), *self.MODULES[major]],
            env={**server.environment, "SALVIA_HOME": str(server.home)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, script: str, *arguments: str) -> tuple[dict[str, Any], str]:
        """What a script found, and all that it printed."""
        assert self._process.stdin and self._process.stdout
        printed, errors = (self._folder / f"{script}.{name}" for name in ("out", "err"))
        self._process.stdin.write(json.dumps([str(printed), str(errors), str(SCRIPTS / script), *arguments]) + "\n")
        self._process.stdin.flush()
        code = next(line for line in self._process.stdout if line.strip().lstrip("-").isdigit()).strip()
        text = printed.read_text()
        assert code == "0", text + errors.read_text()
        found: dict[str, Any] = json.loads(text.splitlines()[-1])
        return found, text

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.fixture(scope="module")
def sdk(salvia: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[int, Loaded]]:
    """The SDK by major version."""
    loaded = {major: Loaded(salvia, major, tmp_path_factory.mktemp(f"sdk{major}")) for major in Loaded.MODULES}
    yield loaded
    for one in loaded.values():
        one.close()


@dataclass
class Trained:
    """A training job that has ended, and what XGBoost itself predicts with its model for all of the data."""

    job: str
    predictions: list[float]


@pytest.fixture(scope="module")
def trained(salvia: Server, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    s3, sagemaker, job = salvia.client("s3"), salvia.client("sagemaker"), "hosted"
    s3.create_bucket(Bucket="hosted")
    s3.upload_file(str(DATA), "hosted", "train/diabetes.csv")
    sagemaker.create_training_job(
        TrainingJobName=job,
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        RoleArn="arn:aws:iam::123456789012:role/SageMakerExecutionRole",
        InputDataConfig=[
            {
                "ChannelName": "train",
                "ContentType": "text/csv",
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://hosted/train/"}},
            }
        ],
        OutputDataConfig={"S3OutputPath": "s3://hosted/models"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 600},
        HyperParameters={"num_round": "20", "objective": "reg:squarederror"},
    )
    sagemaker.get_waiter("training_job_completed_or_stopped").wait(TrainingJobName=job)
    key = f"models/{job}/output/model.tar.gz"
    work = tmp_path_factory.mktemp("hosted")
    archive = s3.get_object(Bucket="hosted", Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(archive)) as model:
        unpack(model, str(work), model)
    python = salvia.python("xgboost")
    command = [str(python), "-c", PREDICT, str(work / "xgboost-model"), str(DATA)]
    return Trained(job, json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


@pytest.mark.timeout(420)
def test_version_2_trains_attaches_and_analyses(salvia: Server, sdk: Mapping[int, Loaded]) -> None:
    """default_bucket, upload_data, fit with logs, attach, TrainingJobAnalytics, get_execution_role."""
    found, printed = sdk[2].run("v2.py", str(DATA))
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
def test_version_3_trains_with_an_algorithm_and_with_a_script(salvia: Server, sdk: Mapping[int, Loaded]) -> None:
    """Session, default bucket, upload; ModelTrainer.train() with an image, with an algorithm of one's own, and with
    SourceCode, which comes in the channels `code` and `sm_drivers` and is started by a ContainerEntrypoint."""
    found, _ = sdk[3].run("v3.py", str(DATA))
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
    assert files == {"algorithm": ["xgboost-model"], "own": ["xgboost-model"], "script": ["own-model.json"]}
    assert found["jobs"]["own"]["AlgorithmSpecification"]["AlgorithmName"] == "own"
    channels = [channel["ChannelName"] for channel in found["jobs"]["script"]["InputDataConfig"]]
    assert channels == ["train", "code", "sm_drivers"]


@pytest.mark.timeout(420)
def test_version_2_transforms_and_joins(salvia: Server, sdk: Mapping[int, Loaded], trained: Trained) -> None:
    """estimator.transformer(), transform() with filters and data capture, its logs; the SDK's documentation, "Batch
    Transform"."""
    found, printed = sdk[2].run("v2_transform.py", trained.job, str(DATA))
    scored = [line.split(",") for line in found["scored"].splitlines()]
    assert [row[0] for row in scored] == [line.partition(",")[0] for line in DATA.read_text().splitlines()]
    assert [float(row[1]) for row in scored] == pytest.approx(trained.predictions, rel=1e-6)
    assert len({row[2] for row in scored}) == len(scored)  # their inference IDs
    outputs = json.loads(found["captured"])
    assert outputs[0]["prefix"].startswith(f"s3://{BUCKET}/")
    assert outputs[1:] == ["diabetes.csv.out"]
    assert "MaxPayloadInMB=6, BatchStrategy=MULTI_RECORD" in printed  # from the job's data log


@pytest.mark.timeout(420)
def test_version_2_hosts(salvia: Server, sdk: Mapping[int, Loaded], trained: Trained) -> None:
    """estimator.deploy(), Predictor.predict(), update_endpoint(), delete_model(), delete_endpoint(); data capture,
    turned off and on; PipelineModel; ServerlessInferenceConfig. The SDK's documentation, "Model", "Predictors",
    "PipelineModel"."""
    found, _ = sdk[2].run("v2_hosting.py", trained.job, str(DATA))
    assert found["version"] == "2.257.7"
    expected = pytest.approx(trained.predictions[:50], rel=1e-5)
    deployed = found["deploys"]
    assert deployed["status"] == "InService"
    assert deployed["predictions"] == expected
    assert deployed["streamed"] == pytest.approx(trained.predictions[0], rel=1e-5)
    assert deployed["updated"] == 2
    assert deployed["still"] == expected
    assert [one["CaptureStatus"] for one in found["captures"]["status"]] == ["Started", "Stopped", "Started"]
    assert found["serves_in_series"]["predictions"] == expected
    assert found["serves_from_zero"]["config"] == {"MemorySizeInMB": 2048, "MaxConcurrency": 2}
    assert found["serves_from_zero"]["predictions"] == expected
    for flow in ("deploys", "captures", "serves_in_series", "serves_from_zero"):
        assert found[flow]["gone"].startswith("Could not find endpoint"), flow
    captured = eventually(lambda: (lines := captures(salvia)).keys() >= {"first", "last"} and lines, 30, "capture")
    assert "unseen" not in captured
    told = captured["first"]["captureData"]
    assert told["endpointInput"]["data"].strip() == DATA.read_text().splitlines()[0].partition(",")[2]
    assert float(told["endpointOutput"]["data"]) == pytest.approx(trained.predictions[0], rel=1e-5)


def captures(server: Server) -> dict[str, Any]:
    """What was captured, by inference ID: into a bucket that the user named, then into the SDK's default place."""
    s3, found = server.client("s3"), {}
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
        for one in page.get("Contents", ()):
            if one["Key"].endswith(".jsonl") and "/captured/" in one["Key"]:
                body = s3.get_object(Bucket=BUCKET, Key=one["Key"])["Body"].read()
                lines = [json.loads(line) for line in body.splitlines()]
                found |= {line["eventMetadata"]["inferenceId"]: line for line in lines}
    return found


@pytest.mark.timeout(420)
def test_version_3_hosts(salvia: Server, sdk: Mapping[int, Loaded], trained: Trained) -> None:
    """ModelBuilder.build() and deploy(), of a job's model without and with inference code; Endpoint.invoke(), list,
    delete. The SDK's documentation, "Model Builder". (Its invoke_with_response_stream() breaks on any stream.)"""
    found, _ = sdk[3].run("v3_hosting.py", trained.job, str(DATA))
    assert found["version"] == "3.27.0"
    expected = pytest.approx(trained.predictions[:50], rel=1e-5)
    assert found["with_own_code"]["predictions"] == expected
    of_a_job = found["of_a_job"]
    assert of_a_job["predictions"] == expected
    assert {"Key": "team", "Value": "blue"} in of_a_job["tags"]
    assert of_a_job["listed"] == ["of-a-job"]
    assert of_a_job["variant"] == "AllTraffic"
    left = salvia.client("sagemaker").list_models(NameContains="of-a-job")["Models"]
    assert left == []


@pytest.mark.timeout(420)
def test_version_2_deploys_many_models(salvia: Server, sdk: Mapping[int, Loaded]) -> None:
    """MultiDataModel: deploy(), add_model() before and after it, list_models(), predict(target_model=…)."""
    found, _ = sdk[2].run("v2_many.py", str(DATA))
    assert sorted(found["predictions"]) == ["later/twenty.tar.gz", "one.tar.gz"]
    off = {
        target: sum(abs(one - other) for one, other in zip(predictions, found["labels"], strict=True))
        / len(predictions)
        for target, predictions in found["predictions"].items()
    }
    assert off["later/twenty.tar.gz"] < 40 < off["one.tar.gz"]  # rows that they were trained on


@pytest.mark.timeout(420)
def test_version_2_predicts_asynchronously(salvia: Server, sdk: Mapping[int, Loaded], trained: Trained) -> None:
    """AsyncInferenceConfig, AsyncPredictor.predict(), predict_async() and get_result(); the SDK's documentation,
    "Asynchronous inference"."""
    found, _ = sdk[2].run("v2_async.py", trained.job, str(DATA))
    assert found["kind"]
    assert found["config"]["ClientConfig"] == {"MaxConcurrentInvocationsPerInstance": 2}
    assert found["output"].startswith(f"s3://{BUCKET}/async-endpoint-outputs/")
    assert found["failure"].startswith(f"s3://{BUCKET}/async-endpoint-failures/")
    assert found["predictions"] == pytest.approx(trained.predictions[:50], rel=1e-5)
    assert found["later"] == pytest.approx(trained.predictions[0], rel=1e-5)
    assert found["wrong"]  # the model's words, as AsyncInferenceModelError has them


@pytest.mark.timeout(420)
def test_version_2_trains_and_deploys_an_algorithm_of_one_s_own(salvia: Server, sdk: Mapping[int, Loaded]) -> None:
    """AlgorithmEstimator: fit(), attach(), its metrics, deploy() by way of a model package, predict()."""
    found, printed = sdk[2].run("v2_own_algorithm.py", str(DATA))
    job, given = found["job"], {"num_round": "5", "objective": "reg:squarederror"}
    assert job["AlgorithmSpecification"]["AlgorithmName"] == found["arn"]
    assert job["HyperParameters"] == given
    assert "XGBoost" in printed
    assert found["attached"] == [found["arn"], {**given, "num_round": 5}, job["ModelArtifacts"]["S3ModelArtifacts"]]
    assert 20 < min(found["errors"]) < 70  # the target's own deviation is 77
    labels = [float(line.partition(",")[0]) for line in DATA.read_text().splitlines()]
    off = [abs(one - label) for one, label in zip(found["predictions"], labels, strict=True)]
    assert sum(off) / len(off) < 60  # rows that it was trained on


@pytest.mark.timeout(600)
def test_version_2s_first_party_estimators(salvia: Server, sdk: Mapping[int, Loaded]) -> None:
    """KMeans (on two instances), PCA, LinearLearner, KNN, RandomCutForest, FactorizationMachines, LDA: record_set(),
    fit(), deploy(), and predict(), which speaks RecordIO-protobuf. The SDK's documentation, "Amazon Estimators"; the
    members of answers are those of each algorithm's "Response Formats"."""
    found, _ = sdk[2].run("v2_algorithms.py", str(DATA))
    labels = [float(line.partition(",")[0]) for line in DATA.read_text().splitlines()]
    mean = sum(labels) / len(labels)
    spread = sum((label - mean) ** 2 for label in labels)

    def error(name: str, member: str) -> float:
        """The square error of predictions, as a share of that of the mean."""
        predicted = [one[member][0] for one in found[name]["answers"]]
        return sum((one - label) ** 2 for one, label in zip(predicted, labels, strict=True)) / spread

    assert error("linear", "score") < 0.5  # of a straight line by least squares: 0.48
    assert error("knn", "predicted_label") < 0.55
    assert error("machine", "score") < 0.55
    clusters = {one["closest_cluster"][0] for one in found["kmeans"]["answers"]}
    assert clusters == {0.0, 1.0, 2.0, 3.0}
    assert all(len(one["projection"]) == 3 for one in found["pca"]["answers"])
    assert all(one["score"][0] > 0 for one in found["forest"]["answers"])
    topics = [one["topic_mixture"].index(max(one["topic_mixture"])) for one in found["lda"]["answers"]]
    assert set(topics[:20]) | set(topics[20:]) == {0, 1}  # documents of one vocabulary, then of the other
    assert len(set(topics[:20])) == len(set(topics[20:])) == 1
    job = salvia.client("sagemaker").describe_training_job(TrainingJobName=found["kmeans"]["job"])
    assert {"train:msd", "train:ssd"} <= {one["MetricName"] for one in job["FinalMetricDataList"]}
