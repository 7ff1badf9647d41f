"""What is wrong with a job's data or script is said in its FailureReason, by every algorithm and framework; and nothing
hangs when a host dies: PyTorch's, TensorFlow's and LightGBM's are in tests of their own.

Expectations: SageMaker developer guide, "Common Data Formats for Training" and "Input/Output Interface" of each
algorithm; "Troubleshooting: Training jobs": a ClientError is what the user can mend. README of AWS's SageMaker Training
Toolkit: ExecuteUserScriptError.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Jobs, eventually
from tests.contract.test_training_input import channel, put
from tests.heavy.archives import packed

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
_DEEP = "763104351884.dkr.ecr.us-east-1.amazonaws.com"
FRAMEWORKS = {
    "scikit-learn": "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3",
    "pytorch": f"{_DEEP}/pytorch-training:2.6.0-cpu-py312",
    "tensorflow": f"{_DEEP}/tensorflow-training:2.18.0-cpu-py310",
    "huggingface": f"{_DEEP}/huggingface-pytorch-training:2.8.0-transformers4.56.2-cpu-py312-ubuntu22.04",
}
# The program that is named, the one that there is and what it holds, what is said of it.
SCRIPTS: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "missing": ("train.py", "other.py", "", ("ClientError: sagemaker_program is 'train.py'", "it has other.py")),
    "raises": ("train.py", "train.py", "raise ValueError('no such colour')", ("ValueError: no such colour",)),
    "exits": ("train.sh", "train.sh", "exit 7", ("ExitCode 7",)),
    "nothing": ("train.py", "train.py", "", ("ClientError: ", "'train'", "no objects under")),
}
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


@pytest.fixture(scope="module")
def scripted(jobs: Jobs) -> Iterator[dict[tuple[str, str], Future[dict[str, Any]]]]:
    """A job for each framework's image and script, four at a time."""

    def run(name: str, what: str) -> dict[str, Any]:
        program, held, content, _ = SCRIPTS[what]
        uri = put(jobs, **{f"scripts/{what}.tar.gz": packed({held: content.encode()}), "scripts/some/data.csv": "1,2"})
        given = {"sagemaker_program": program, "sagemaker_submit_directory": f"{uri}/scripts/{what}.tar.gz"}
        return jobs.ended(
            jobs.start(
                "",
                AlgorithmSpecification={"TrainingImage": FRAMEWORKS[name], "TrainingInputMode": "File"},
                HyperParameters={key: json.dumps(value) for key, value in given.items()},
                InputDataConfig=[channel("train", f"{uri}/scripts/{'none' if what == 'nothing' else 'some'}/")],
            ),
            500,
        )

    with ThreadPoolExecutor(4) as users:
        yield {(name, what): users.submit(run, name, what) for name in FRAMEWORKS for what in SCRIPTS}


@pytest.mark.parametrize("what", SCRIPTS)
@pytest.mark.parametrize("name", FRAMEWORKS)
def test_a_bad_script_is_told_by_what_it_says(
    scripted: dict[tuple[str, str], Future[dict[str, Any]]], name: str, what: str
) -> None:
    """What the user gave wrong is a ClientError; what the script did, an AlgorithmError with its last words."""
    job = scripted[name, what].result()
    assert job["TrainingJobStatus"] == "Failed"
    reason, parts = job["FailureReason"], SCRIPTS[what][3]
    assert parts[0].startswith("ClientError") or reason.startswith("AlgorithmError: ExecuteUserScriptError:"), reason
    assert all(part in reason for part in parts), reason


def programs(job: str) -> list[int]:
    """The Python processes of the job's instances."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            own = f"TRAINING_JOB_NAME={job}".encode() in (folder / "environ").read_bytes().split(b"\0")
            if own and b"python" in (folder / "cmdline").read_bytes().partition(b"\0")[0]:
                found.append(int(folder.name))
    return found


def first_lines(jobs: Jobs, name: str) -> list[str]:
    """Of the log of its first host: what it goes on to write is not waited for."""
    logs = jobs.server.client("logs")
    where = {"logGroupName": "/aws/sagemaker/TrainingJobs"}
    with contextlib.suppress(logs.exceptions.ResourceNotFoundException):  # nothing is written yet
        streams = logs.describe_log_streams(**where, logStreamNamePrefix=f"{name}/algo-1")["logStreams"]
        for stream in streams:
            told = logs.get_log_events(**where, logStreamName=stream["logStreamName"], startFromHead=True, limit=200)
            return [event["message"] for event in told["events"]]
    return []


@pytest.mark.parametrize(
    ("name", "more", "together"),
    [
        ("xgboost", {"num_round": 1_000_000}, "[1]#011"),
        ("kmeans", {"epochs": 1_000_000}, "#progress_metric"),
    ],
)
def test_a_host_that_dies_in_a_collective_fails_the_job(
    jobs: Jobs, name: str, more: dict[str, Any], together: str
) -> None:
    """Within a minute, and the FailureReason names it."""
    uri = put(jobs, **{f"dies/{name}/{n}.csv": f"{n},2\n3,{n}\n" * 2000 for n in (1, 2)})
    job = begun(jobs, name, "", f"{uri}/dies/{name}/", 2, **more)
    eventually(lambda: any(together in line for line in first_lines(jobs, job)), 200, f"{together} in the log")
    killed = time.time()
    os.kill(max(programs(job)), signal.SIGKILL)
    described = jobs.ended(job, 120)
    assert described["TrainingJobStatus"] == "Failed"
    # Whoever is heard of first: the dead one's agent, or the other program, which lost it.
    reason = described["FailureReason"]
    assert re.search(r"program on algo-[12] was killed|algo-[12] was lost", reason), reason
    assert described["TrainingEndTime"].timestamp() - killed < 60
