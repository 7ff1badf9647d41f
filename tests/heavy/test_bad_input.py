"""What is wrong with a job's data is said in its FailureReason, by every algorithm. A host that
dies is in tests of XGBoost, K-Means, LightGBM and PyTorch.

Expectations: SageMaker developer guide, "Common Data Formats for Training" and "Input/Output Interface" of each
algorithm; "Troubleshooting: Training jobs": a ClientError is what the user can mend.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from tests.conftest import Jobs
from tests.contract.test_training_input import channel, put

ALGORITHMS = "382416733822.dkr.ecr.us-east-1.amazonaws.com"
XGBOOST = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
CSV, BARE, RECORDIO = "text/csv", "text/csv;label_size=0", "application/x-recordio-protobuf"
TAKES: dict[str, tuple[str, str, dict[str, Any]]] = {  # image, CSV as it reads it, what it needs to be told
    "linear-learner": (f"{ALGORITHMS}/linear-learner:1", CSV, {"predictor_type": "binary_classifier"}),
    "kmeans": (f"{ALGORITHMS}/kmeans:1", BARE, {"k": 2, "feature_dim": 2}),
    "pca": (f"{ALGORITHMS}/pca:1", BARE, {"num_components": 1, "feature_dim": 2, "mini_batch_size": 2}),
    "knn": (
        f"{ALGORITHMS}/knn:1",
        CSV,
        {"k": 1, "sample_size": 4, "predictor_type": "classifier", "feature_dim": 2},
    ),
    "randomcutforest": (f"{ALGORITHMS}/randomcutforest:1", BARE, {"feature_dim": 2}),
    "lda": (
        "766337827248.dkr.ecr.us-east-1.amazonaws.com/lda:1",
        BARE,
        {"num_topics": 2, "feature_dim": 2, "mini_batch_size": 4},
    ),
    "factorization-machines": (
        f"{ALGORITHMS}/factorization-machines:1",
        "",
        {"feature_dim": 2, "num_factors": 2, "predictor_type": "binary_classifier"},
    ),
    "xgboost": (XGBOOST, CSV, {"num_round": 1}),
}
# What is wrong: the content type (none: the CSV that the algorithm reads), the file, what is said of it.
BAD: dict[str, tuple[str, bytes, tuple[str, ...]]] = {
    "corrupt": (RECORDIO, b"\x0a\x23\xd7\xce\xff\xff\x00\x00rows", ("'train'", "bad")),
    "ragged": ("", b"1,2,3\n0,2,3,4\n1,3,4\n", ("'train'", "bad", "line 2")),
    "nan": ("", b"1,2,3\n0,nan,3\n1,3,4\n", ("'train'", "bad", "line 2")),
    "words": ("", b"1,2,3\n0,red,3\n1,3,4\n", ("'train'", "bad", "line 2")),
    "empty": ("", b"", ("'train'",)),
    "nothing": ("", b"", ("'train'", "no objects under")),
}
MISSING_IS_READ = {("xgboost", "nan")}  # its trees learn from what is missing, as AWS's do
pytestmark = pytest.mark.timeout(600)  # the first of them builds the images


def cases() -> list[tuple[str, str]]:
    return [
        (name, what)
        for name in TAKES
        for what in BAD
        if (TAKES[name][1] or BAD[what][0]) and (name, what) not in MISSING_IS_READ
    ]


def begun(jobs: Jobs, name: str, kind: str, uri: str, instances: int = 1, **more: Any) -> str:
    """A job of an algorithm on what is under a URI; its name."""
    image, csv, told = TAKES[name]
    return jobs.start(
        "",
        instances=instances,
        AlgorithmSpecification={"TrainingImage": image, "TrainingInputMode": "File"},
        HyperParameters={key: str(value) for key, value in {**told, **more}.items()},
        InputDataConfig=[channel("train", uri, ContentType=kind or csv)],
    )


@pytest.fixture(scope="module")
def ended(jobs: Jobs) -> Iterator[dict[tuple[str, str], Future[dict[str, Any]]]]:
    """A job for each case, four at a time."""

    def run(case: tuple[str, str]) -> dict[str, Any]:
        name, what = case
        kind, content, _ = BAD[what]
        uri = f"s3://{jobs.bucket}/wrong/{name}/{what}/"
        if what != "nothing":
            put(jobs, **{f"wrong/{name}/{what}/bad": content})
        return jobs.ended(begun(jobs, name, kind, uri), 500)

    with ThreadPoolExecutor(4) as users:
        yield {case: users.submit(run, case) for case in cases()}


@pytest.mark.parametrize("case", cases(), ids="-".join)
def test_bad_data_is_a_client_error_that_says_where(
    ended: dict[tuple[str, str], Future[dict[str, Any]]], case: tuple[str, str]
) -> None:
    """Channel, and file and line where there is one."""
    job = ended[case].result()
    assert job["TrainingJobStatus"] == "Failed"
    reason = job["FailureReason"]
    assert reason.startswith("ClientError: ")
    assert all(part in reason for part in BAD[case[1]][2]), reason


@pytest.mark.parametrize("label", [0, 1])
def test_a_classifier_needs_two_classes(jobs: Jobs, label: int) -> None:
    """Linear Learner's binary_classifier; the others that read CSV learn the one, as their libraries do."""
    uri = put(jobs, **{f"one-class/{label}/rows.csv": "".join(f"{label},{n},2\n" for n in range(50))})
    job = jobs.ended(begun(jobs, "linear-learner", CSV, f"{uri}/one-class/{label}/"), 300)
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("ClientError: ")
    assert str(label) in job["FailureReason"], job["FailureReason"]


@pytest.mark.parametrize("uri", [XGBOOST.replace("1.7-1", "9.9-9"), f"{ALGORITHMS}/kmeans:7"])
def test_a_tag_that_nobody_has_is_named(jobs: Jobs, uri: str) -> None:
    """The job fails at once, and its reason has the tag and one that there is."""
    data = put(jobs, **{"tag/rows.csv": "1,2,3\n"})
    name = jobs.start(
        "",
        AlgorithmSpecification={"TrainingImage": uri, "TrainingInputMode": "File"},
        HyperParameters={},
        InputDataConfig=[channel("train", f"{data}/tag/", ContentType=CSV)],
    )
    job = jobs.ended(name, 60)
    assert job["TrainingJobStatus"] == "Failed"
    assert uri.rpartition("/")[2] in job["FailureReason"], job["FailureReason"]
