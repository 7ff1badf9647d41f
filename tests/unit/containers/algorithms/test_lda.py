"""LDA. Expectations: SageMaker developer guide, "LDA Hyperparameters", "Tune an LDA Model", "Input/Output Interface for
the LDA Algorithm"; several topics tell more than one. (scikit-learn's takes 20 s for this.)"""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Data, metric, records

DIGITS = {"num_topics": "10", "feature_dim": "64", "mini_batch_size": "500"}


def test_topics_tell_more_than_one_does(algorithm: Any, data: Data, served: Any) -> None:
    """Digits as documents, whose words are pixels; the per-word log-likelihood of unseen ones."""
    lda = algorithm("lda")
    files = {name: data.file(f"digits-{name.split('/')[0]}-features") for name in ("train/a", "test/b")}
    done = lda.run(files, DIGITS | {"max_restarts": "1", "max_iterations": "25"}, "text/csv;label_size=0")
    assert metric(done, "test:pwll") > data.baselines["one topic"] + 0.2

    server = lda.serve(served, done)
    found = records(server.invoke(data.rows("digits-test-features", 2)))
    assert [list(one) for one in found] == [["topic_mixture"]] * 2
    assert all(sum(one["topic_mixture"]) == pytest.approx(1) for one in found)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ("1,2\n-1,2\n", "Channel 'train' has a negative value; features must be how often each word occurs."),
        ("0,0\n0,0\n", "Channel 'train' has no word that occurs."),
    ],
)
def test_what_is_wrong_is_said(algorithm: Any, rows: str, reason: str) -> None:
    done = algorithm("lda").run({"train/rows": rows}, {**DIGITS, "feature_dim": "2"}, "text/csv;label_size=0")
    assert (done.code, done.failure) == (1, f"ClientError: {reason}")


def test_it_trains_on_one_instance_only(algorithm: Any) -> None:
    """The guide: LDA currently only supports single-instance CPU training."""
    files = {"train/rows": "1,2\n"}
    done = algorithm("lda").run_together([files, files], DIGITS | {"feature_dim": "2"})
    assert {one.failure for one in done} == {"ClientError: LDA trains on one instance only. Set InstanceCount to 1."}
