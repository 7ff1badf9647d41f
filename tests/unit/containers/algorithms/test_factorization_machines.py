"""Factorization Machines. Expectations: SageMaker developer guide, "Factorization Machines Hyperparameters", "…Response
Formats"; pairs of features tell more than the features alone: it beats scikit-learn's linear models."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ..xgboost.test_xgboost_formats import record, tensor
from .conftest import Data, metric, metrics, records

MACHINE = {
    "feature_dim": "64",
    "num_factors": "16",
    "mini_batch_size": "100",
    "epochs": "30",
    "linear_lr": "0.01",
    "factors_lr": "0.01",
}
BINARY = MACHINE | {"predictor_type": "binary_classifier"}


def channel(data: Data, name: str, binary: bool, sparse: bool = True, part: int = 0, parts: int = 1) -> bytes:
    """Digits as RecordIO-protobuf, the pixels from 0 to 1; whether one is above four, or which it is."""
    framed = []
    for line in data.file(name).read_text().splitlines()[part::parts]:
        label, *pixels = map(float, line.split(","))
        keys = [at for at, value in enumerate(pixels) if value] if sparse else None
        values = [value / 16 for value in pixels if value or not sparse]
        target = float(label > 4) if binary else label
        framed.append(record(tensor(2, values, keys, 64 if sparse else None), tensor(2, [target])))
    return b"".join(framed)


def channels(data: Data, binary: bool, sparse: bool = True) -> dict[str, bytes]:
    return {f"{one}/rows": channel(data, f"digits-{one}", binary, sparse) for one in ("train", "test")}


@pytest.mark.parametrize("sparse", [True, False])
def test_a_classifier_beats_a_linear_one(algorithm: Any, data: Data, served: Any, sparse: bool) -> None:
    """Whether a digit is above four."""
    machine = algorithm("factorization-machines")
    done = machine.run(channels(data, True, sparse), BINARY, None)
    accuracy = metric(done, "test:binary_classification_accuracy")
    assert accuracy > data.baselines["above four"] + 0.04
    assert metric(done, "test:binary_classification_cross_entropy") < 0.2
    assert metric(done, "test:binary_f_beta") > 0.9
    assert len(metrics(done, "train:binary_classification_cross_entropy")) == 30

    server = machine.serve(served, done)
    label, *pixels = map(float, data.rows("digits-test", 1).split(","))
    body = {"data": {"features": {"keys": [], "shape": [64], "values": []}}}
    for at, value in enumerate(pixels):
        if value:
            body["data"]["features"]["keys"].append(at)
            body["data"]["features"]["values"].append(value / 16)
    (one,) = records(server.invoke(json.dumps({"instances": [body]}), "application/json"))
    assert one["predicted_label"] == (one["score"] >= 0.5) == (label > 4)


def test_a_regressor_beats_a_linear_one(algorithm: Any, data: Data, served: Any) -> None:
    """Which digit it is, as a number."""
    machine = algorithm("factorization-machines")
    done = machine.run(channels(data, False), MACHINE | {"predictor_type": "regressor"}, None)
    assert metric(done, "test:rmse") < 0.8 * data.baselines["digits rmse"]
    dense = ",".join(str(float(value) / 16) for value in data.rows("digits-test-features", 1).split(","))
    (one,) = records(machine.serve(served, done).invoke(dense))
    assert list(one) == ["score"]


def test_two_hosts_learn_the_same(algorithm: Any, data: Data) -> None:
    """Each with half of the rows, and mini-batches of half the size."""
    test = channel(data, "digits-test", True)
    files = [{"train/a": channel(data, "digits-train", True, part=part, parts=2), "test/t": test} for part in range(2)]
    values = BINARY | {"mini_batch_size": "50"}
    done = algorithm("factorization-machines").run_together(files, values, None, S3DistributionType="ShardedByS3Key")
    assert [one.code for one in done] == [0, 0], done[1].log
    assert metric(done[0], "test:binary_classification_accuracy") > data.baselines["above four"] + 0.04


@pytest.mark.parametrize(
    ("changes", "content_type", "reason"),
    [
        ({"corrupt": ""}, None, "file 'rows': record 2: a RecordIO frame does not begin with its magic number."),
        ({"nan": ""}, None, "file 'rows': record 2 has a feature that is not a finite number."),
        ({}, "text/csv", "ContentType 'text/csv' is not one that this algorithm reads. Use application/x-recordio"),
        ({"linear_init_method": "uniform"}, None, "linear_init_scale is required with linear_init_method uniform."),
        ({"num_factors": "0"}, None, "Hyperparameter num_factors: '0' is not an integer in [1, inf)."),
        ({}, None, "All labels of channel 'train' are 1; a classifier needs rows of both."),
        ({"feature_dim": "1"}, None, "The data does not fit feature_dim: channel 'train' on algo-1 has 2 features"),
    ],
)
def test_what_is_wrong_is_said(algorithm: Any, changes: dict[str, str], content_type: str | None, reason: str) -> None:
    content = record(tensor(2, [0.5, 0.25]), tensor(2, [1.0]))
    if "corrupt" in changes:
        content += b"no frame"
    if "nan" in changes:
        content += record(tensor(2, [0.5, float("nan")]), tensor(2, [0.0]))
    own = {name: value for name, value in changes.items() if value}
    values = {**BINARY, "feature_dim": "2", **own}
    done = algorithm("factorization-machines").run({"train/rows": content}, values, content_type)
    assert (done.code, done.failure[:13]) == (1, "ClientError: ")
    assert reason in done.failure
