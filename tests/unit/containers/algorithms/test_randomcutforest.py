"""Random Cut Forest. Expectations: SageMaker developer guide, "RCF Hyperparameters", "Tune an RCF Model", "RCF Response
Formats"; it tells anomalies from the rest as well as scikit-learn's IsolationForest."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.containers.conftest import Server

from .conftest import Data, metric, records

FOREST = {"feature_dim": "64", "num_trees": "100", "num_samples_per_tree": "256"}


def area(scores: list[float], labels: list[float]) -> float:
    """Under the ROC curve: how often an anomaly has a higher score than another row."""
    anomalies = [score for score, label in zip(scores, labels, strict=True) if label]
    others = [score for score, label in zip(scores, labels, strict=True) if not label]
    return sum((one > other) + 0.5 * (one == other) for one in anomalies for other in others) / (
        len(anomalies) * len(others)
    )


def scored(server: Server, data: Data) -> float:
    """The area for the anomalies among the digits."""
    found = records(server.invoke(data.file("odd-test-features").read_text()))
    labels = [float(line.partition(",")[0]) for line in data.file("odd-test").read_text().splitlines()]
    return area([one["score"] for one in found], labels)


def test_anomalies_have_higher_scores(algorithm: Any, data: Data, served: Any) -> None:
    """Digits 0 to 4, and among the unseen ones a few others; the channels have different content types by design."""
    forest = algorithm("randomcutforest")
    base = forest.base({"train/a": data.file("odd-train-features"), "test/b": data.file("odd-test")}, FOREST, None)
    forest.content_types(base, train="text/csv;label_size=0", test="text/csv;label_size=1")
    done = forest.finished(forest.start(base), base)
    assert metric(done, "test:accuracy") > 0.8
    assert 0 <= metric(done, "test:f1") <= 1
    server = forest.serve(served, done)
    assert scored(server, data) > data.baselines["odd"] - 0.03
    answer = server.invoke(data.rows("odd-test-features", 2))
    assert list(answer.json) == ["scores"]
    assert [list(one) for one in records(answer)] == [["score"]] * 2


def test_two_hosts_grow_a_forest_together(algorithm: Any, data: Data, served: Any) -> None:
    """Each the half of the trees, on the half of the rows."""
    forest = algorithm("randomcutforest")
    first, second = data.parts("odd-train-features", 2)
    sharded = {"S3DistributionType": "ShardedByS3Key"}
    done = forest.run_together([{"train/a": first}, {"train/b": second}], FOREST, "text/csv;label_size=0", **sharded)
    assert [one.code for one in done] == [0, 0], done[1].log
    assert scored(forest.serve(served, done[0]), data) > data.baselines["odd"] - 0.03


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"num_trees": "10"}, "Hyperparameter num_trees: '10' is not an integer in [50, 1000]."),
        ({"eval_metrics": "auc"}, "Hyperparameter eval_metrics: 'auc' is not one of accuracy, precision_recall_fscore"),
        ({"feature_dim": "3"}, "If it is CSV without labels, its ContentType must be text/csv;label_size=0."),
    ],
)
def test_what_is_wrong_is_said(algorithm: Any, changes: dict[str, str], reason: str) -> None:
    done = algorithm("randomcutforest").run({"train/rows": "0,1,2\n1,2,3\n"}, {"feature_dim": "2", **changes})
    assert (done.code, done.failure[:13]) == (1, "ClientError: ")
    assert reason in done.failure
