"""K-Means. Expectations: SageMaker developer guide, "K-Means Hyperparameters", "Tune a K-Means Model", "K-Means
Response Formats"; its quality is that of scikit-learn's KMeans."""

from __future__ import annotations

import os
import time
from typing import Any

import pytest

from ..xgboost.conftest import addresses
from .conftest import Data, metric, records

DIGITS = {"k": "10", "feature_dim": "64", "mini_batch_size": "300", "epochs": "10", "eval_metrics": '["msd", "ssd"]'}


def test_clusters_are_as_tight_as_scikit_learns(algorithm: Any, data: Data, served: Any) -> None:
    """Digits; three seeds of scikit-learn's KMeans. Its answers are the closest cluster and the distance to it."""
    kmeans = algorithm("kmeans")
    files = {name: data.file(f"digits-{name.split('/')[0]}-features") for name in ("train/a", "test/b")}
    done = kmeans.run(files, {**DIGITS, "force_dense": "True"}, "text/csv;label_size=0")
    msd = metric(done, "test:msd")
    assert msd < 1.05 * max(data.baselines["kmeans"])
    assert metric(done, "test:ssd") == pytest.approx(360 * msd)

    server = kmeans.serve(served, done)
    rows = data.file("digits-test-features").read_text()
    found = records(server.invoke(rows))
    assert len(found) == 360
    assert {float(int(one["closest_cluster"])) for one in found} == {one["closest_cluster"] for one in found}
    assert sum(one["distance_to_cluster"] ** 2 for one in found) / 360 == pytest.approx(msd, rel=1e-4)
    assert server.invoke(rows, accept="text/csv").text.splitlines()[0] == (
        f"{found[0]['closest_cluster']},{found[0]['distance_to_cluster']}"
    )
    lines = server.invoke(rows, accept="application/jsonlines").text.splitlines()
    assert len(lines) == 360


def test_two_hosts_find_the_same_clusters(algorithm: Any, data: Data) -> None:
    """Each with half of the rows: the guide recommends ShardedByS3Key."""
    first, second = data.parts("digits-train-features", 2)
    test = data.file("digits-test-features")
    done = algorithm("kmeans").run_together(
        [{"train/a": first, "test/t": test}, {"train/b": second, "test/t": test}],
        DIGITS | {"mini_batch_size": "150"},
        "text/csv;label_size=0",
        S3DistributionType="ShardedByS3Key",
    )
    assert [one.code for one in done] == [0, 0], done[1].log
    assert (done[0].base / "model" / "model.npz").exists()
    assert not (done[1].base / "model").exists()
    assert metric(done[0], "test:msd") < 1.05 * max(data.baselines["kmeans"])


@pytest.mark.parametrize(
    ("changes", "rows", "reason"),
    [
        ({"k": "0"}, "1,2\n", "Hyperparameter k: '0' is not an integer in [1, inf)"),
        ({"k": ""}, "1,2\n", "Hyperparameter k: '' is not an integer"),
        ({"init_method": "kmeans"}, "1,2\n", "Hyperparameter init_method: 'kmeans' is not one of random, kmeans++"),
        ({"kk": "1"}, "1,2\n", "Hyperparameter 'kk' is unknown to K-Means"),
        ({"feature_dim": "3"}, "1,2\n", "channel 'train' on algo-1 has 2 features, feature_dim is 3."),
        ({}, "1,2\n", "Hyperparameter k is 2, but channel 'train' has only 1 rows."),
        ({}, "1,2\n3\n", "file 'rows', line 2: has 1 columns where the first row has 2."),
        ({}, "1,2\n3,nan\n", "file 'rows', line 2: column 2 is empty, not a number or infinite."),
        ({}, "1,2\nx,3\n", "line 2: 'x' is not a number."),
        ({}, "", "Channel 'train' has no rows"),
        ({}, b"\x1f\x8b\x08", "is compressed by gzip. Set CompressionType to Gzip"),
    ],
)
def test_what_is_wrong_is_said(algorithm: Any, changes: dict[str, str], rows: Any, reason: str) -> None:
    """As AWS's algorithms do: exit code 1, and a ClientError in output/failure."""
    values = {"k": "2", "feature_dim": "2", **changes}
    done = algorithm("kmeans").run({"train/rows": rows}, values, "text/csv;label_size=0")
    assert done.code == 1
    assert done.failure.startswith("ClientError: ")
    assert reason in done.failure


def test_a_channel_may_be_piped(algorithm: Any, data: Data) -> None:
    """Pipe mode, of RecordIO as well as CSV: the guide, "Input/Output Interface"."""
    kmeans = algorithm("kmeans")
    base = kmeans.base({"train/.": ""}, DIGITS, "text/csv;label_size=0", TrainingInputMode="Pipe")
    pipe = base / "input" / "data" / "train_0"
    os.mkfifo(pipe)
    started = kmeans.start(base)
    pipe.write_bytes(data.file("digits-train-features").read_bytes())
    assert metric(kmeans.finished(started, base), "train:msd") > 0


def test_a_killed_host_ends_the_job(algorithm: Any, data: Data) -> None:
    """Amid the training; the other one says who it was, and does not wait."""
    kmeans, hosts = algorithm("kmeans"), addresses(2)
    rows = {"train/a": data.file("digits-train-features")}
    values = DIGITS | {"epochs": "1000000"}
    bases = [kmeans.base(rows, values, "text/csv;label_size=0", host, hosts) for host in hosts]
    leader, other = (kmeans.start(base) for base in bases)
    deadline = time.monotonic() + 60
    while "#progress_metric" not in (bases[0] / "log").read_text() and time.monotonic() < deadline:
        time.sleep(0.02)
    other.kill()
    other.wait()
    done = kmeans.finished(leader, bases[0])
    assert done.code == 2
    assert done.failure.startswith(f"AlgorithmError: {hosts[1]} was lost")


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"model_algo-1": b"x"}, "The model must hold model.json and model.npz"),
        ({"model.json": "{}", "model.npz": b"x"}, "cannot be read: KeyError"),
        (
            {"model.json": '{"algorithm": "PCA", "version": 1, "settings": {}}', "model.npz": b"\x80\x04N."},
            "cannot be read",
        ),
    ],
)
def test_what_is_no_model_is_not_served(algorithm: Any, served: Any, files: dict[str, Any], said: str) -> None:
    """AWS's own artefact; one that lacks what it needs; a pickle, which could be any program."""
    kmeans = algorithm("kmeans")
    server = served.start("salvia_toolkit.algorithm.serving kmeans_image.model", files, path=kmeans.program)
    assert server.process.wait(60) == 1
    assert said in server.log


def test_a_lost_host_is_named(algorithm: Any, data: Data) -> None:
    """The job fails on every host, and says which one is the cause."""
    good = data.file("digits-train-features")
    done = algorithm("kmeans").run_together(
        [{"train/a": good}, {"train/b": "1,2,3\n"}],
        DIGITS,
        "text/csv;label_size=0",
        S3DistributionType="ShardedByS3Key",
    )
    assert [one.code for one in done] == [1, 1]
    assert all("has 3 features, feature_dim is 64" in one.failure for one in done)
