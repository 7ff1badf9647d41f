"""DeepAR, the Neural Topic Model and IP Insights: by SageMaker's own SDK and by boto3, on one instance and two.

Expectations: SageMaker developer guide, "DeepAR Forecasting Algorithm", "Neural Topic Model (NTM) Algorithm", "IP
Insights", their hyperparameters, inference formats and metrics. What the data is says torch_data.py.
"""

from __future__ import annotations

import json
import math
import re
import statistics
import subprocess
from pathlib import Path
from typing import Any

import pytest

from salvia.images import image
from salvia.images.builder import Builder
from tests.conftest import ROLE, Jobs, Server
from tests.contract.test_training_input import channel
from tests.e2e.test_sdk import ROOT, run

pytestmark = pytest.mark.timeout(600)  # the first of them builds the image
HORIZON = 12
NTM = "382416733822.dkr.ecr.us-east-1.amazonaws.com/ntm:1"
IP_INSIGHTS = "382416733822.dkr.ecr.us-east-1.amazonaws.com/ipinsights:1"
DEEPAR = "522234722520.dkr.ecr.us-east-1.amazonaws.com/forecasting-deepar:1"
SERIES = {"time_freq": "D", "context_length": "14", "prediction_length": "7", "epochs": "1"}


@pytest.fixture(scope="module")
def python(jobs: Jobs) -> Path:
    """The interpreter that the three images share, built when it is first asked for."""
    import asyncio

    wanted = image.read(image.default_folder() / "forecasting-deepar")
    return asyncio.run(Builder(jobs.server.home / "images").build(wanted)).python


@pytest.fixture(scope="module")
def data(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What torch_data.py makes."""
    folder, script = tmp_path_factory.mktemp("data"), Path(__file__).with_name("torch_data.py")
    subprocess.run([python, script, folder, ROOT / "examples"], check=True, timeout=300)
    return folder


def start(
    jobs: Jobs, name: str, training: str, given: dict[str, Any], channels: dict[str, Any], instances: int = 1
) -> str:
    """A job; a channel is a folder with files, or files by their names, with a content type."""
    described = []
    for label, (content_type, files) in channels.items():
        if isinstance(files, Path):
            files = {path.name: path.read_bytes() for path in files.iterdir()}
        for key, body in files.items():
            jobs.s3.put_object(Bucket=jobs.bucket, Key=f"{name}/{label}/{key}", Body=body)
        more = {"ContentType": content_type} if content_type else {}
        described.append(channel(label, f"s3://{jobs.bucket}/{name}/{label}/", **more))
    return jobs.start(
        "",
        name=name,
        instances=instances,
        AlgorithmSpecification={"TrainingImage": training, "TrainingInputMode": "File"},
        HyperParameters={key: str(value) for key, value in given.items()},
        InputDataConfig=described,
    )


def completed(jobs: Jobs, name: str) -> dict[str, float]:
    """The final metrics of a job, which must succeed."""
    job = jobs.ended(name, 400)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    return {one["MetricName"]: one["Value"] for one in job["FinalMetricDataList"]}


def failed(jobs: Jobs, name: str) -> str:
    """Why a job failed, which must."""
    job = jobs.ended(name, 400)
    assert job["TrainingJobStatus"] == "Failed"
    return str(job["FailureReason"])


class Endpoint:
    """A job's model behind an endpoint of its name."""

    def __init__(self, jobs: Jobs, name: str, served: str) -> None:
        url = jobs.describe(name)["ModelArtifacts"]["S3ModelArtifacts"]
        sagemaker, self.name = jobs.sagemaker, name
        sagemaker.create_model(
            ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer={"Image": served, "ModelDataUrl": url}
        )
        variant = {"VariantName": "all", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
        sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
        sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig={"Delay": 1})
        self._runtime = jobs.server.client("sagemaker-runtime")

    def __call__(self, body: Any, kind: str = "application/json", accept: str = "application/json") -> Any:
        text = body if isinstance(body, str) else json.dumps(body)
        said = self._runtime.invoke_endpoint(EndpointName=self.name, ContentType=kind, Accept=accept, Body=text)
        return json.loads(said["Body"].read())

    def refused(self, body: Any) -> str:
        """What a client reads of a request that is refused."""
        with pytest.raises(self._runtime.exceptions.ModelError) as raised:
            self(body)
        assert raised.value.response["OriginalStatusCode"] == 400
        return str(raised.value.response["OriginalMessage"])


def series(path: Path) -> list[list[float]]:
    """The targets of a file, NaN where they are missing."""
    return [
        [math.nan if one is None else one for one in json.loads(line)["target"]]
        for line in path.read_text().splitlines()
    ]


def quantile_loss(quantiles: list[dict[str, list[float]]], truth: list[list[float]]) -> float:
    """The mean weighted quantile loss. Source: the guide's equation of wQuantileLoss."""
    losses = []
    for name in quantiles[0]:
        level = float(name)
        off = [
            (level * (true - said) if true > said else (1 - level) * (said - true), abs(true))
            for own, values in zip(quantiles, truth, strict=True)
            for said, true in zip(own[name], values, strict=True)
            if not math.isnan(true)
        ]
        losses.append(2 * sum(one for one, _ in off) / sum(size for _, size in off))
    return statistics.fmean(losses)


def scaled_error(said: list[list[float]], full: list[list[float]]) -> float:
    """The mean absolute scaled error: the scale of a series is how much it changes in a year, before the last."""
    errors = []
    for own, values in zip(said, full, strict=True):
        before = values[:-HORIZON]
        changes = [abs(one - two) for one, two in zip(before[12:], before, strict=False)]
        scale = statistics.fmean(one for one in changes if not math.isnan(one))
        off = [abs(one - two) for one, two in zip(own, values[-HORIZON:], strict=True) if not math.isnan(two)]
        if off:
            errors.append(statistics.fmean(off) / scale)
    return statistics.fmean(errors)


def test_version_2s_estimators(jobs: Jobs, data: Path) -> None:
    """NTM, IPInsights and DeepAR by the SDK: what they forecast of real series is better than last year's values, the
    topics than how common each word is, and logins that happened are told from others that did not."""
    found, _ = run(jobs.server, 2, "v2_torch_algorithms.py", str(data))
    _check_forecasts(jobs, found["forecasts"], data)
    _check_topics(jobs, found["topics"], data)
    _check_logins(jobs, found["logins"])


def _check_forecasts(jobs: Jobs, found: dict[str, Any], data: Path) -> None:
    assert found["image"] == DEEPAR
    metrics = completed(jobs, found["job"])
    assert {"test:RMSE", "test:mean_wQuantileLoss", "train:final_loss"} <= metrics.keys()
    full = series(data / "us_employment" / "test" / "all.json")
    truth, last_year = [one[-HORIZON:] for one in full], [one[-2 * HORIZON : -HORIZON] for one in full]
    quantiles = found["quantiles"]
    ours = quantile_loss(quantiles, truth)
    naive = quantile_loss([dict.fromkeys(quantiles[0], one) for one in last_year], truth)
    error, same = scaled_error([one["0.5"] for one in quantiles], full), scaled_error(last_year, full)
    print(f"us_employment: wQuantileLoss {ours:.5f}, MASE {error:.3f}; of last year's values {naive:.5f}, {same:.3f}")
    assert ours < 0.6 * naive
    assert error < 0.9 * same
    assert metrics["test:mean_wQuantileLoss"] == pytest.approx(ours, rel=0.1)  # of 100 samples, these of 200
    first = found["answer"]["predictions"][0]
    assert first.keys() == {"mean", "quantiles", "samples"}
    assert first["quantiles"].keys() == {"0.5", "0.9"}
    assert [len(first["samples"]), len(first["samples"][0]), len(first["mean"])] == [50, HORIZON, HORIZON]


def _check_topics(jobs: Jobs, found: dict[str, Any], data: Path) -> None:
    loss = completed(jobs, found["job"])["validation:total_loss"]
    train, unseen = (
        [[int(one) for one in line.split(",")] for line in path.read_text().splitlines()]
        for path in (data / "reviews" / name / "counts.csv" for name in ("train", "validation"))
    )
    counts = [sum(column) + 0.1 for column in zip(*train, strict=True)]
    words = [sum(column) for column in zip(*unseen, strict=True)]
    likely = [math.log(one / sum(counts)) for one in counts]
    common = -sum(one * two for one, two in zip(words, likely, strict=True)) / sum(words)
    print(f"reviews: perplexity {math.exp(loss):.0f}, of how common words are {math.exp(common):.0f}")
    assert loss < common
    assert all(sum(one) == pytest.approx(1, abs=1e-4) for one in found["weights"])
    assert len({one.index(max(one)) for one in found["weights"]}) > 1


def _check_logins(jobs: Jobs, found: dict[str, Any]) -> None:
    auc = completed(jobs, found["job"])["validation:discriminator_auc"]
    wins = statistics.fmean(one > two for one, two in zip(found["observed"], found["others"], strict=True))
    print(f"logins: discriminator_auc {auc:.3f}; above another user's login {wins:.3f}")
    assert auc > 0.85  # chance is 0.5
    assert wins > 0.75


def test_deepar_learns_categories_and_features_on_two_instances(jobs: Jobs, data: Path) -> None:
    """gzip and Parquet; cat, dynamic_feat, missing values; what the request says of the future is heeded."""
    channels = {name: ("", data / "sales" / name) for name in ("train", "test")}
    given = {**SERIES, "epochs": 12, "learning_rate": 0.01, "mini_batch_size": 64, "early_stopping_patience": 5}
    name = start(jobs, "sales", DEEPAR, given, channels, instances=2)
    metrics = completed(jobs, name)
    lines = jobs.lines(name)
    assert any("DeepAR training on algo-2, host 2 of 2." in line for line in lines)
    assert any(re.fullmatch(r"#test_score \(algo-1, wQuantileLoss\[0\.9\]\): \S+", line) for line in lines)
    assert metrics["test:mean_wQuantileLoss"] < 0.15  # the week before's values have 0.4 and more
    endpoint = Endpoint(jobs, name, DEEPAR)
    one = json.loads((data / "sales" / "test" / "all.json").read_text().splitlines()[0])
    means = []
    for promoted in (0.0, 1.0):
        asked = {**one, "dynamic_feat": [one["dynamic_feat"][0] + [promoted] * 7]}
        answer = endpoint({"instances": [asked], "configuration": {"output_types": ["mean"]}})
        means.append(sum(answer["predictions"][0]["mean"]))
    assert 1.5 < means[1] / means[0] < 2.5  # a promotion doubles a day's sales
    future = {**one, "dynamic_feat": [one["dynamic_feat"][0] + [0.0] * 7]}
    assert "needs 207: one for each of target, and 7" in endpoint.refused({"instances": [one]})
    assert "Instance 2: has the category 2" in endpoint.refused({"instances": [future, {**future, "cat": [2]}]})
    wrong = {"instances": [future], "configuration": {"output_types": ["median"]}}
    assert "output_types must be a list of mean, quantiles, samples" in endpoint.refused(wrong)


def test_ntm_and_ip_insights_train_on_two_instances(jobs: Jobs, data: Path) -> None:
    """One model of both, not much worse than one's; NTM's vocabulary names the words of topics."""
    rows = "text/csv;label_size=0"
    reviews = {name: (rows, data / "reviews" / name) for name in ("train", "validation", "test")}
    reviews["auxiliary"] = ("text/plain", data / "reviews" / "auxiliary")
    given = {"feature_dim": 2000, "num_topics": 10, "epochs": 10, "optimizer": "adam", "learning_rate": 0.01}
    topics = start(jobs, "reviews", NTM, given, reviews, instances=2)
    pairs = {name: ("text/csv", data / "logins" / name) for name in ("train", "validation")}
    given = {"num_entity_vectors": 1000, "vector_dim": 16, "epochs": 10, "learning_rate": 0.01, "mini_batch_size": 250}
    logins = start(jobs, "logins", IP_INSIGHTS, given, pairs, instances=2)
    metrics = completed(jobs, topics)
    assert metrics["test:total_loss"] < math.log(2000)
    lines = jobs.lines(topics)
    assert "NTM training on algo-2, host 2 of 2." in lines
    vocabulary = set((data / "reviews" / "auxiliary" / "vocab.txt").read_text().split())
    at = next(at for at, line in enumerate(lines) if line.startswith("Topics (num_topics:10) [tu "))
    assert all(set(line.split()[1:]) <= vocabulary for line in lines[at + 1 : at + 11])
    assert completed(jobs, logins)["validation:discriminator_auc"] > 0.8
    endpoint = Endpoint(jobs, logins, IP_INSIGHTS)
    body = {"instances": [{"data": {"features": {"values": ["user_1", "192.0.2.1"]}}}]}
    (found,) = endpoint(body, accept="application/json; verbose=True")["predictions"]
    product = sum(one * two for one, two in zip(found["entity_embedding"], found["ip_embedding"], strict=True))
    assert found["dot_product"] == pytest.approx(product, rel=1e-4)
    assert "'192.0.2' is not an IPv4 address" in endpoint.refused({"instances": [{"features": ["user_1", "192.0.2"]}]})


def test_the_failure_reason_says_where_the_data_is_wrong(jobs: Jobs) -> None:
    """Channel, file and line, or the hyperparameter."""
    good = b'{"start": "2024-01-01 00:00:00", "target": [1, 2, 3, 4, 5, 6, 7, 8]}\n'
    text = b'{"start": "2024-01-01 00:00:00", "target": [1, "two"]}\n'
    short = b'{"start": "2024-01-01 00:00:00", "target": [1, 2]}\n'
    words = {"feature_dim": 2, "num_topics": 2}
    vectors = {"num_entity_vectors": 10, "vector_dim": 4}
    wanted = {
        "text": (DEEPAR, SERIES, "", {"a.json": good + text}, "'train', file 'a.json', line 2: target has 'two'"),
        "named": (DEEPAR, SERIES, "", {"a.txt": good}, "file 'a.txt': is named neither .json, .json.gz nor .parquet."),
        "nothing": (DEEPAR, SERIES, "", {"a.json": b"\n"}, "ClientError: Channel 'train' has no rows"),
        "short": (DEEPAR, SERIES, "", {"a.json": short}, "ClientError: No series of channel 'train' has as many"),
        "halves": (
            DEEPAR,
            {**SERIES, "likelihood": "beta"},
            "",
            {"a.json": good},
            "file 'a.json', line 1: target has values that are not from 0 to 1, as the likelihood beta needs.",
        ),
        "negative": (NTM, words, "text/csv;label_size=0", {"a.csv": b"1,2\n0,-1\n"}, "'train' has a negative value"),
        "ipv6": (
            IP_INSIGHTS,
            vectors,
            "text/csv",
            {"a.csv": b"me,192.0.2.1\nyou,::1\n"},
            "Channel 'train', file 'a.csv', line 2: '::1' is not an IPv4 address such as 192.0.2.1.",
        ),
    }
    for name, (training, given, kind, files, _) in wanted.items():
        start(jobs, f"wrong-{name}", training, given, {"train": (kind, files)})
    for name, (*_, reason) in wanted.items():
        assert reason in failed(jobs, f"wrong-{name}"), name


def test_forecasts_are_those_of_the_network_and_the_distributions(python: Path) -> None:
    """The network by numpy does what the one by torch does; losses are those of scipy's distributions, and samples are
    distributed so."""
    folders = (ROOT / "containers" / name for name in ("forecasting-deepar", "toolkit"))
    path = ":".join(map(str, folders))
    script = Path(__file__).with_name("deepar_numbers.py")
    subprocess.run([python, script], check=True, timeout=120, env={"PYTHONPATH": path})


def test_the_model_is_data(jobs: Jobs, salvia: Server, tmp_path: Path) -> None:
    """model.json and model.npz, which numpy reads without pickle."""
    import io
    import tarfile
    import zipfile

    content = b"".join(f"user_{one},192.0.2.{one}\n".encode() for one in range(50))
    given = {"num_entity_vectors": 10, "vector_dim": 4, "num_ip_encoder_layers": 2, "epochs": 1}
    name = start(jobs, "artefact", IP_INSIGHTS, given, {"train": ("text/csv", {"a.csv": content})})
    completed(jobs, name)
    key = jobs.describe(name)["ModelArtifacts"]["S3ModelArtifacts"].removeprefix(f"s3://{jobs.bucket}/")
    archive = jobs.s3.get_object(Bucket=jobs.bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(archive)) as model:
        model.extractall(tmp_path, filter="data")
    assert json.loads((tmp_path / "model.json").read_text())["algorithm"] == "IP Insights"
    with zipfile.ZipFile(tmp_path / "model.npz") as arrays:
        names = {one.removesuffix(".npy") for one in arrays.namelist()}
    assert names == {"entities", "prefixes", "bits", "bias", "weights_0", "bias_0", "weights_1", "bias_1"}
