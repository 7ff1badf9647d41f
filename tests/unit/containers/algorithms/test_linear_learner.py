"""Linear Learner. Expectations: SageMaker developer guide, "Linear Learner Hyperparameters", "Tune a linear learner
model", "Linear Learner Response Formats"; its quality is that of scikit-learn's linear models."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Data, metric, metrics, records

BINARY = {"predictor_type": "binary_classifier", "feature_dim": "30", "mini_batch_size": "50"}
DIGITS = {"predictor_type": "multiclass_classifier", "num_classes": "10", "mini_batch_size": "100"}


def channels(data: Data, name: str) -> dict[str, Any]:
    return {f"{channel}/rows": data.file(f"{name}-{channel}") for channel in ("train", "test")}


def test_a_binary_classifier_is_as_good_as_scikit_learns(algorithm: Any, data: Data, served: Any) -> None:
    """Breast cancer; within one of 114 unseen rows of LogisticRegression."""
    learner = algorithm("linear-learner")
    files = channels(data, "cancer") | {"validation/rows": data.file("cancer-train")}
    done = learner.run(files, BINARY)
    accuracy = metric(done, "test:binary_classification_accuracy")
    assert accuracy >= data.baselines["binary"] - 1.5 / 114
    assert metric(done, "test:roc_auc_score") > 0.98
    assert 0 < metric(done, "test:objective_loss") < 0.2
    assert len(metrics(done, "validation:objective_loss")) > 3  # "every epoch"

    server = learner.serve(served, done)
    found = records(server.invoke(data.file("cancer-test-features").read_text()))
    truth = [line.partition(",")[0] for line in data.file("cancer-test").read_text().splitlines()]
    right = [one["predicted_label"] == float(label) for one, label in zip(found, truth, strict=True)]
    assert sum(right) / len(right) == pytest.approx(accuracy)
    assert all(0 <= one["score"] <= 1 for one in found)
    assert [list(one) for one in found[:1]] == [["score", "predicted_label"]]


@pytest.mark.parametrize("loss", ["auto", "hinge_loss"])
@pytest.mark.parametrize("optimizer", ["adam", "sgd", "rmsprop"])
def test_every_optimizer_learns(algorithm: Any, data: Data, loss: str, optimizer: str) -> None:
    values = {**BINARY, "loss": loss, "optimizer": optimizer}
    done = algorithm("linear-learner").run(channels(data, "cancer"), values)
    assert metric(done, "test:binary_classification_accuracy") > 0.94


def test_recall_is_held_at_its_target(algorithm: Any, data: Data) -> None:
    """precision_at_target_recall holds recall on the rows that the model is chosen by."""
    values = {
        **BINARY,
        "binary_classifier_model_selection_criteria": "precision_at_target_recall",
        "target_recall": "0.99",
    }
    files = channels(data, "cancer") | {"validation/rows": data.file("cancer-train")}
    done = algorithm("linear-learner").run(files, values)
    assert metric(done, "validation:recall") >= 0.99
    assert metric(done, "validation:precision") > 0.9


def test_a_multiclass_classifier_is_as_good_as_scikit_learns(algorithm: Any, data: Data, served: Any) -> None:
    """Digits."""
    learner = algorithm("linear-learner")
    done = learner.run(channels(data, "digits"), DIGITS)
    accuracy = metric(done, "test:multiclass_accuracy")
    assert accuracy > data.baselines["multiclass"] - 0.015
    assert metric(done, "test:multiclass_top_k_accuracy") > accuracy
    assert metric(done, "test:macro_recall") == pytest.approx(accuracy, abs=0.02)

    (one,) = records(learner.serve(served, done).invoke(data.rows("digits-test-features", 1)))
    assert sum(one["score"]) == pytest.approx(1, abs=1e-5)
    assert one["predicted_label"] == one["score"].index(max(one["score"]))


@pytest.mark.parametrize(
    ("loss", "worse"),
    [
        ("auto", 1.03),
        ("absolute_loss", 1.15),
        ("huber_loss", 1.15),
        ("quantile_loss", 1.15),
        ("eps_insensitive_squared_loss", 1.05),
        ("eps_insensitive_absolute_loss", 1.15),
    ],
)
def test_a_regressor_is_as_good_as_scikit_learns(algorithm: Any, data: Data, loss: str, worse: float) -> None:
    """Diabetes; other losses than the squared one do not look for the least mean square error."""
    values = {"predictor_type": "regressor", "loss": loss, "mini_batch_size": "50", "epochs": "30"}
    done = algorithm("linear-learner").run(channels(data, "diabetes"), values)
    assert metric(done, "test:mse") < worse * data.baselines["regression"]


def test_two_hosts_learn_the_same(algorithm: Any, data: Data) -> None:
    """Each with half of the rows, and mini-batches of half the size."""
    first, second = data.parts("cancer-train", 2)
    test = data.file("cancer-test")
    values = {**BINARY, "mini_batch_size": "25"}
    sharded = {"S3DistributionType": "ShardedByS3Key"}
    files = [{"train/a": first, "test/t": test}, {"train/b": second, "test/t": test}]
    done = algorithm("linear-learner").run_together(files, values, **sharded)
    assert [one.code for one in done] == [0, 0], done[1].log
    assert metric(done[0], "test:binary_classification_accuracy") >= data.baselines["binary"] - 1.5 / 114


@pytest.mark.parametrize(
    ("changes", "rows", "reason"),
    [
        (
            {"loss": "squared_loss"},
            "1,2\n",
            "squared_loss does not go with predictor_type binary_classifier. Use auto,",
        ),
        ({"predictor_type": "multiclass_classifier"}, "1,2\n", "num_classes is required with multiclass_classifier"),
        ({}, "1,2\n1,3\n", "All labels of channel 'train' are 1; a classifier needs rows of two classes at least."),
        ({}, "1,2\n2,3\n", "Channel 'train' has the label 2; binary_classifier needs labels 0 to 1."),
        ({}, "1,2\n,3\n", "line 2: the label (first column) is empty."),
        ({"learning_rate": "fast"}, "1,2\n", "learning_rate: 'fast' is not a number in (0, inf) or auto."),
    ],
)
def test_what_is_wrong_is_said(algorithm: Any, changes: dict[str, str], rows: str, reason: str) -> None:
    values = {"predictor_type": "binary_classifier", **changes}
    done = algorithm("linear-learner").run({"train/rows": rows}, values)
    assert (done.code, done.failure[:13]) == (1, "ClientError: ")
    assert reason in done.failure
