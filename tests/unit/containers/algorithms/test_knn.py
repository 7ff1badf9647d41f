"""k-NN. Expectations: SageMaker developer guide, "K-Nearest Neighbors Hyperparameters", "k-NN Request and Response
Formats"; its quality is that of scikit-learn's KNeighborsClassifier."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Data, metric, records

DIGITS = {"k": "5", "feature_dim": "64", "predictor_type": "classifier", "sample_size": "2000"}


def channels(data: Data, name: str) -> dict[str, Any]:
    return {f"{channel}/rows": data.file(f"{name}-{channel}") for channel in ("train", "test")}


@pytest.mark.parametrize(
    ("changes", "worse"),
    [
        ({}, 0.003),  # a tie may be decided otherwise
        ({"index_metric": "COSINE"}, 0.02),
        ({"index_type": "faiss.IVFFlat"}, 0.02),
        ({"index_type": "faiss.IVFPQ", "faiss_index_pq_m": "12"}, 0.04),  # 64 dimensions are padded to 72
        ({"dimension_reduction_type": "sign", "dimension_reduction_target": "32"}, 0.06),
        ({"dimension_reduction_type": "fjlt", "dimension_reduction_target": "32"}, 0.06),
        ({"sample_size": "700"}, 0.04),
    ],
)
def test_labels_are_scikit_learns(algorithm: Any, data: Data, changes: dict[str, str], worse: float) -> None:
    """Digits: exact with faiss.Flat, near it with what is approximate or reduced."""
    done = algorithm("knn").run(channels(data, "digits"), DIGITS | changes)
    assert metric(done, "test:accuracy") > data.baselines["knn"] - worse
    assert "#test_score (algo-1) : ('accuracy', 0.9" in done.log


def test_answers_are_verbose_when_asked(algorithm: Any, data: Data, served: Any) -> None:
    knn = algorithm("knn")
    server = knn.serve(served, knn.run(channels(data, "digits"), DIGITS))
    rows = data.rows("digits-test-features", 2)
    plain = records(server.invoke(rows))
    assert [list(one) for one in plain] == [["predicted_label"]] * 2
    verbose = records(server.invoke(rows, accept="application/json; verbose=true"))
    for one, short in zip(verbose, plain, strict=True):
        assert one["predicted_label"] == short["predicted_label"]
        assert one["distances"] == sorted(one["distances"])
        assert len(one["labels"]) == len(one["distances"]) == 5
    labelled = data.rows("digits-test", 2)
    assert records(server.invoke(labelled, "text/csv; label_size=1")) == plain


def test_regression_takes_the_mean(algorithm: Any, data: Data) -> None:
    """Diabetes; better than the mean of all."""
    values = {"k": "20", "feature_dim": "10", "predictor_type": "regressor", "sample_size": "400"}
    done = algorithm("knn").run(channels(data, "diabetes"), values)
    assert metric(done, "test:mse") < 0.8 * data.baselines["constant"]


def test_two_hosts_index_what_one_does(algorithm: Any, data: Data) -> None:
    files = channels(data, "digits")
    done = algorithm("knn").run_together([files, files], DIGITS)
    assert metric(done[0], "test:accuracy") > data.baselines["knn"] - 0.003


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"dimension_reduction_type": "sign"}, "dimension_reduction_target is required with dimension_reduction_type"),
        ({"index_type": "faiss.IVFPQ"}, "faiss_index_pq_m is required with index_type faiss.IVFPQ"),
        ({"k": "3"}, "Hyperparameter k is 3, but only 2 rows are sampled."),
        ({"predictor_type": "both"}, "Hyperparameter predictor_type: 'both' is not one of classifier, regressor"),
    ],
)
def test_what_is_wrong_is_said(algorithm: Any, changes: dict[str, str], reason: str) -> None:
    values = {**DIGITS, "feature_dim": "2", "k": "1", **changes}
    done = algorithm("knn").run({"train/rows": "0,1,2\n1,2,3\n"}, values)
    assert (done.code, done.failure[:13]) == (1, "ClientError: ")
    assert reason in done.failure
