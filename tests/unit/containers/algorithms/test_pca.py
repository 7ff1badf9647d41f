"""PCA. Expectations: SageMaker developer guide, "PCA Hyperparameters", "PCA Response Formats"; its components are
scikit-learn's, in AWS's order: the largest last."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Data, metric, records

DIGITS = {"num_components": "8", "feature_dim": "64", "mini_batch_size": "200"}


@pytest.mark.parametrize(("mode", "near"), [("regular", 1e-4), ("randomized", 1e-2)])
def test_components_are_scikit_learns(algorithm: Any, data: Data, served: Any, mode: str, near: float) -> None:
    """Digits, the error of what is left of unseen rows, and the projection of one."""
    pca = algorithm("pca")
    files = {name: data.file(f"digits-{name.split('/')[0]}-features") for name in ("train/a", "test/b")}
    done = pca.run(files, {**DIGITS, "algorithm_mode": mode, "subtract_mean": "True"}, "text/csv;label_size=0")
    assert metric(done, "test:mse") == pytest.approx(data.baselines["pca"]["mse"], rel=near)

    server = pca.serve(served, done)
    answer = server.invoke(data.rows("digits-test-features", 1))
    assert list(answer.json) == ["projections"]
    (found,) = records(answer)
    expected = data.baselines["pca"]["first"]
    assert [abs(value) for value in found["projection"]] == pytest.approx(expected, rel=20 * near, abs=20 * near)


def test_two_hosts_find_the_same_components(algorithm: Any, data: Data) -> None:
    """Both have all files (FullyReplicated), of which each takes half of the rows."""
    files = {name: data.file(f"digits-{name.split('/')[0]}-features") for name in ("train/a", "test/b")}
    done = algorithm("pca").run_together([files, files], DIGITS, "text/csv;label_size=0")
    assert metric(done[0], "test:mse") == pytest.approx(data.baselines["pca"]["mse"], rel=1e-4)


def test_more_components_than_features_are_refused(algorithm: Any) -> None:
    done = algorithm("pca").run({"train/rows": "1,2\n2,1\n"}, {**DIGITS, "feature_dim": "2"}, "text/csv;label_size=0")
    assert done.failure == "ClientError: Hyperparameter num_components is 8, more than feature_dim, 2."


def test_requests_that_do_not_fit_are_refused(algorithm: Any, served: Any) -> None:
    """400 for a body, 415 for its type, 406 for the answer's; the text says what would do."""
    pca = algorithm("pca")
    values = {"num_components": "1", "feature_dim": "2", "mini_batch_size": "2"}
    done = pca.run({"train/rows": "1,2\n2,1\n4,4\n"}, values, "text/csv;label_size=0")
    server = pca.serve(served, done)
    refused = server.invoke("1,2,3")
    assert (refused.status, refused.text) == (
        400,
        "The body has 3 features a row; the model was trained with 2, and no label belongs here.",
    )
    assert server.invoke("1,").status == 400
    assert server.invoke("{}", "text/html").status == 415
    assert server.invoke("1,2", accept="text/html").status == 406
    assert server.invoke("").status == 204
