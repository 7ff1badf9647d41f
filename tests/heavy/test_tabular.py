"""LightGBM, CatBoost, TabTransformer and AutoGluon-Tabular through the front door, on customers of whom some left.

Expectations: SageMaker developer guide, each algorithm's "Input and Output interface", "Tune a … model"; AWS's sample
notebooks of them for what an endpoint answers. How good a model is, the library itself says, run without Salvia on the
same rows (churn.py); TabTransformer is our own, and has to beat what it is up against.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import statistics
import subprocess
import tarfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from salvia.images import image
from salvia.images.builder import Builder
from tests.conftest import ROLE, Jobs, Server, eventually
from tests.contract.test_training_input import channel, put
from tests.e2e.test_sdk import DATA
from tests.transforms import Transforms

pytestmark = pytest.mark.timeout(600)  # the first of an image builds it
CHURN = Path(__file__).with_name("churn.py")


def uri(name: str) -> str:
    """In any account: AWS has no registry name for them."""
    return f"123456789012.dkr.ecr.us-east-1.amazonaws.com/{name}:latest"


def python(salvia: Server, name: str) -> Path:
    """The interpreter of an image, which is built if it is not."""
    return asyncio.run(Builder(salvia.home / "images").build(image.read(image.default_folder() / name))).python


@dataclass(frozen=True)
class Customers:
    """5,000 of them. `test` has no labels; `left` are its labels."""

    folder: Path

    @property
    def train(self) -> list[str]:
        return (self.folder / "train.csv").read_text().splitlines(keepends=True)

    @property
    def test(self) -> str:
        return "".join(line.partition(",")[2] for line in self._test())

    @property
    def left(self) -> list[bool]:
        return [line.startswith("yes") for line in self._test()]

    @property
    def categories(self) -> str:
        return (self.folder / "categories.json").read_text()

    def directly(self, interpreter: Path, library: str) -> list[float]:
        """What the library makes of them without Salvia: the area under the ROC curve of three seeds."""
        return json.loads(self._run(interpreter, library))

    def area(self, scores: list[float]) -> float:
        """The share of pairs, of one who left and one who did not, that are in the right order."""
        yes, no = (
            [score for score, left in zip(scores, self.left, strict=True) if left == one] for one in (True, False)
        )
        return sum((a > b) + (a == b) / 2 for a in yes for b in no) / (len(yes) * len(no))

    def fetch(self, interpreter: Path) -> None:
        self._run(interpreter, "rows")

    def _run(self, interpreter: Path, what: str) -> str:
        done = subprocess.run(
            [interpreter, CHURN, what, self.folder], capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _test(self) -> list[str]:
        return (self.folder / "test.csv").read_text().splitlines(keepends=True)


@pytest.fixture(scope="module")
def customers(tmp_path_factory: pytest.TempPathFactory) -> Customers:
    found = Customers(tmp_path_factory.mktemp("customers"))
    found.fetch(CHURN.parents[2] / ".venv-sdk2" / "bin" / "python")  # as the examples, which have these customers too
    return found


def begun(jobs: Jobs, name: str, channels: list[dict[str, Any]], count: int = 1, **given: Any) -> str:
    """A job's name."""
    return jobs.start(
        "",
        instances=count,
        HyperParameters={key: str(value) for key, value in given.items()},
        AlgorithmSpecification={"TrainingImage": uri(name), "TrainingInputMode": "File"},
        InputDataConfig=channels,
    )


def train(jobs: Jobs, name: str, channels: list[dict[str, Any]], count: int = 1, **given: Any) -> dict[str, Any]:
    """A job that has ended."""
    return jobs.ended(begun(jobs, name, channels, count, **given), 400)


def completed(jobs: Jobs, name: str, channels: list[dict[str, Any]], count: int = 1, **given: Any) -> dict[str, Any]:
    described = train(jobs, name, channels, count, **given)
    assert described["TrainingJobStatus"] == "Completed", described.get("FailureReason")
    return described


def folders(jobs: Jobs, customers: Customers, name: str) -> list[dict[str, Any]]:
    """One channel `training` with train/data.csv and validation/data.csv, as AWS's sample data lies in S3."""
    fifth = len(customers.train) // 5
    put(
        jobs,
        **{
            f"{name}/train/data.csv": "".join(customers.train[fifth:]),
            f"{name}/validation/data.csv": "".join(customers.train[:fifth]),
            f"{name}/categorical_index.json": customers.categories,
        },
    )
    return [channel("training", f"s3://{jobs.bucket}/{name}/", ContentType="text/csv")]


def deployed(jobs: Jobs, name: str, job: dict[str, Any]) -> str:
    """An endpoint with the model of a job; the names of endpoint, configuration and model."""
    made = job["TrainingJobName"]
    container = {"Image": uri(name), "ModelDataUrl": job["ModelArtifacts"]["S3ModelArtifacts"]}
    jobs.sagemaker.create_model(ModelName=made, ExecutionRoleArn=ROLE, PrimaryContainer=container)
    variant = {"VariantName": "all", "ModelName": made, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    jobs.sagemaker.create_endpoint_config(EndpointConfigName=made, ProductionVariants=[variant])
    jobs.sagemaker.create_endpoint(EndpointName=made, EndpointConfigName=made)
    jobs.sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=made, WaiterConfig={"Delay": 1})
    return str(made)


def served(jobs: Jobs, customers: Customers, name: str, job: dict[str, Any]) -> float:
    """The area under the ROC curve of a model's answers, which an endpoint and a batch transform give alike."""
    made, runtime = deployed(jobs, name, job), jobs.server.client("sagemaker-runtime")
    asked = {"EndpointName": made, "ContentType": "text/csv", "Body": customers.test}
    plain = json.loads(runtime.invoke_endpoint(**asked)["Body"].read())
    assert plain.keys() == {"probabilities"}
    said = json.loads(runtime.invoke_endpoint(**asked, Accept="application/json;verbose")["Body"].read())
    assert said["probabilities"] == plain["probabilities"]
    assert said["labels"] == ["no", "yes"]
    scores = [yes for _, yes in said["probabilities"]]
    assert said["predicted_label"] == ["yes" if score > 0.5 else "no" for score in scores]
    right = sum((label == "yes") == left for label, left in zip(said["predicted_label"], customers.left, strict=True))
    assert right > customers.left.count(False)  # what whoever says "no" to all gets right

    with pytest.raises(
        jobs.sagemaker.exceptions.ClientError, match="has 3 features a row; the model was trained with 19"
    ):
        runtime.invoke_endpoint(EndpointName=made, ContentType="text/csv", Body="1,2,3\n")
    gap = ",".join(["OH", *[""] * 18]) + "\n"
    assert json.loads(runtime.invoke_endpoint(**asked | {"Body": gap})["Body"].read())["probabilities"][0][1] < 1
    jobs.sagemaker.delete_endpoint(EndpointName=made)

    batch = Transforms(jobs.server)
    lines = batch.done(
        batch.put(rows=customers.test.encode()),
        made,
        input={"ContentType": "text/csv"},
        output={"Accept": "text/csv", "AssembleWith": "Line"},
    )
    answered = [float(line.split(b",")[1]) for line in lines["rows.out"].splitlines()]
    assert answered == pytest.approx(scores, abs=1e-6)
    return customers.area(scores)


def processes() -> Iterator[tuple[int, bytes]]:
    """The programs of jobs, not what keeps them in their sandbox: number and command line."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            command = path.read_bytes()
            if b"python" in command.partition(b"\0")[0]:
                yield int(path.parent.name), command


def metrics(job: dict[str, Any]) -> dict[str, float]:
    return {one["MetricName"]: one["Value"] for one in job["FinalMetricDataList"]}


def files(jobs: Jobs, job: dict[str, Any]) -> dict[str, bytes]:
    """What is in a job's model.tar.gz."""
    key = job["ModelArtifacts"]["S3ModelArtifacts"].split("/", 3)[3]
    body = jobs.s3.get_object(Bucket=jobs.bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=BytesIO(body)) as archive:
        return {
            Path(member.name).name: archive.extractfile(member).read()  # type: ignore[union-attr]
            for member in archive
            if member.isfile()
        }


def as_good(area: float, directly: list[float]) -> None:
    """Within what other seeds make of it."""
    assert area > min(directly) - (max(directly) - min(directly)) - 0.005, directly


def test_lightgbm(salvia: Server, jobs: Jobs, customers: Customers) -> None:
    """By AWS's defaults: metric binary_logloss, found by its expression."""
    job = completed(jobs, "lightgbm", folders(jobs, customers, "lightgbm"))
    assert 0.1 < metrics(job)["binary_logloss"] < 0.3
    assert files(jobs, job).keys() == {"model.json", "model.txt"}
    as_good(served(jobs, customers, "lightgbm", job), customers.directly(python(salvia, "lightgbm"), "lightgbm"))


def test_lightgbm_on_two_instances_makes_one_model(jobs: Jobs, customers: Customers) -> None:
    """Each with files of its own, of which one has categorical_index.json; or with a share of all of them."""
    fifth = len(customers.train) // 5
    parts = {f"parts/{at}.csv": "".join(customers.train[fifth + at :: 2]) for at in (0, 1)}
    validation = {"bare/data.csv": "".join(customers.train[:fifth])}
    put(jobs, **parts, **validation, **{"parts/categorical_index.json": customers.categories})
    models = []
    for distribution in ("FullyReplicated", "ShardedByS3Key"):
        given = [
            channel(name, f"s3://{jobs.bucket}/{folder}/", ContentType="text/csv", S3DataDistributionType=distribution)
            for name, folder in (("train", "parts"), ("validation", "bare"))
        ]
        job = completed(jobs, "lightgbm", given, 2, metric="auc")
        said = [line for line in jobs.lines(job["TrainingJobName"]) if "sha256" in line]
        assert len(said) == 2
        assert len(set(said)) == 1
        assert metrics(job)["auc"] > 0.85
        models.append(files(jobs, job)["model.txt"])
    assert b"127.0.0.1" not in models[0]  # where it was trained is nobody's affair


def test_an_instance_that_dies_in_a_round_fails_the_job(jobs: Jobs, customers: Customers) -> None:
    """Within a minute, and the reason names it: nobody waits for it in LightGBM's sum."""
    put(jobs, **{"long/data.csv": "".join(customers.train), "long/categorical_index.json": customers.categories})
    name = begun(
        jobs,
        "lightgbm",
        [channel("train", f"s3://{jobs.bucket}/long/")],
        2,
        num_boost_round=10**6,
        early_stopping_rounds=0,
    )
    eventually(lambda: any(line.startswith("[20]") for line in jobs.lines(name)), 120, "twenty rounds")
    died = time.time()
    os.kill(next(pid for pid, command in processes() if b"lightgbm_image.training" in command), signal.SIGKILL)
    described = jobs.ended(name, 90)
    assert described["TrainingJobStatus"] == "Failed"
    # Whoever is heard of first: the dead one's agent, upon which the other program is ended; or that, which lost it.
    reason = described["FailureReason"]
    lost = re.search(r"AlgorithmError: (algo-[12]) was lost", reason)
    assert lost or re.search(r"program on algo-[12] was killed", reason), reason
    assert not lost or any(f"ERROR: {lost[0]}" in line for line in jobs.lines(name))
    assert described["TrainingEndTime"].timestamp() - died < 60


def test_catboost(salvia: Server, jobs: Jobs, customers: Customers) -> None:
    """AWS's metric AUC, by its own expression too: bestTest."""
    given = {"learning_rate": 0.1, "early_stopping_rounds": 20}
    job = completed(jobs, "catboost", folders(jobs, customers, "catboost"), **given)
    assert metrics(job).keys() == {"AUC"}
    assert metrics(job)["AUC"] > 0.85
    assert any(re.search(r"bestTest = ([0-9\\.]+)", line) for line in jobs.lines(job["TrainingJobName"]))
    assert files(jobs, job).keys() == {"model.json", "model.cbm"}
    as_good(served(jobs, customers, "catboost", job), customers.directly(python(salvia, "catboost"), "catboost"))


def test_tabtransformer(salvia: Server, jobs: Jobs, customers: Customers) -> None:
    """AWS's metric f1_score; the network is ours, and beats a logistic regression of the same rows."""
    job = completed(jobs, "tabtransformer", folders(jobs, customers, "tabtransformer"), n_epochs=15, n_blocks=2)
    assert metrics(job).keys() == {"f1_score"}
    assert metrics(job)["f1_score"] > 0.6
    found = files(jobs, job)
    assert found.keys() == {"model.json", "model.npz"}
    area = served(jobs, customers, "tabtransformer", job)
    assert area > max(customers.directly(python(salvia, "tabtransformer"), "logistic"))


def test_autogluon(salvia: Server, jobs: Jobs, customers: Customers) -> None:
    """The predictor's own files, which AutoGluon loads without Salvia."""
    job = completed(
        jobs, "autogluon-tabular", folders(jobs, customers, "autogluon"), time_limit=8, save_space="True", verbosity=1
    )
    assert {"model.json", "predictor.pkl", "learner.pkl"} <= files(jobs, job).keys()
    area = served(jobs, customers, "autogluon-tabular", job)
    as_good(area, customers.directly(python(salvia, "autogluon-tabular"), "autogluon"))


@pytest.mark.parametrize(
    ("name", "metric", "given"), [("lightgbm", "rmse", {}), ("catboost", "MultiClass", {"learning_rate": 0.1})]
)
def test_numbers_and_several_classes(jobs: Jobs, name: str, metric: str, given: dict[str, Any]) -> None:
    """Patients, how ill they were a year later: as a number, or as one of three texts. The labels say which it is."""
    rows = DATA.read_text().splitlines()
    if metric == "MultiClass":
        levels = ((100, "low"), (180, "some"), (1000, "high"))
        rows = [
            f"{next(word for most, word in levels if float(ill) < most)},{rest}"
            for ill, rest in (row.split(",", 1) for row in rows)
        ]
    put(jobs, **{f"{name}-patients/a.csv": "\n".join(rows[40:])})
    job = completed(jobs, name, [channel("train", f"s3://{jobs.bucket}/{name}-patients/")], **given)
    assert metrics(job).keys() == {metric}
    container = {"Image": uri(name), "ModelDataUrl": job["ModelArtifacts"]["S3ModelArtifacts"]}
    jobs.sagemaker.create_model(ModelName=job["TrainingJobName"], ExecutionRoleArn=ROLE, PrimaryContainer=container)
    batch = Transforms(jobs.server)
    unseen, wanted = ([row.split(",", 1)[at] for row in rows[:40]] for at in (1, 0))
    found = batch.done(
        batch.put(rows="\n".join(unseen).encode()),
        job["TrainingJobName"],
        input={"ContentType": "text/csv"},
        output={"Accept": "application/jsonlines;verbose", "AssembleWith": "Line"},
    )["rows.out"]
    answers = [json.loads(line) for line in found.splitlines()]
    if metric == "MultiClass":
        right = sum(one["predicted_label"] == word for one, word in zip(answers, wanted, strict=True))
        assert right > max(wanted.count(word) for word in set(wanted))  # what whoever says the same of all gets right
    else:
        assert statistics.correlation([one["prediction"] for one in answers], list(map(float, wanted))) > 0.5


@pytest.mark.parametrize(
    ("name", "files", "given", "count", "reason"),
    [
        ("lightgbm", {"a.csv": "1,2,3\n0,1\n"}, {}, 1, "file 'a.csv', line 2: has 2 columns where the first row has 3"),
        ("lightgbm", {"a.csv": "1,2\n0,x\n"}, {}, 1, "file 'a.csv', line 2: column 1: 'x' is not a number"),
        ("lightgbm", {"a.csv": "1,2\n1,3\n"}, {}, 1, "All labels (the first column) of the training data are 1"),
        ("lightgbm", {"a.csv": "1,2\n0,3\n"}, {"metric": "rmsle"}, 1, "Hyperparameter metric: rmsle is not in"),
        ("lightgbm", {"_SUCCESS": "x"}, {}, 1, "Channel 'train' has no rows"),
        ("catboost", {"a.csv": "1,2\n0,3\n"}, {}, 2, "CatBoost trains on one instance only. Set InstanceCount to 1."),
    ],
)  # fmt: skip
def test_the_failure_reason_says_what_is_wrong(
    jobs: Jobs, name: str, files: dict[str, str], given: dict[str, str], count: int, reason: str
) -> None:
    """Which file, which line, and what to do."""
    folder = f"wrong-{jobs.count}"
    put(jobs, **{f"{folder}/{file}": content for file, content in files.items()})
    described = train(jobs, name, [channel("train", f"s3://{jobs.bucket}/{folder}/")], count, **given)
    assert described["TrainingJobStatus"] == "Failed"
    assert described["FailureReason"].startswith("ClientError: ")
    assert reason in described["FailureReason"]
