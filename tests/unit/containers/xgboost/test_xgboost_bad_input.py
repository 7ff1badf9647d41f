"""What the XGBoost image says of input that it cannot train on: what, where, and what to do."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import pytest

from .conftest import Image, Outcome

GOOD = "1,2,3\n2,3,4\n3,4,6\n"
SVM = "1 0:2 1:3\n2 0:3 1:4\n"

DATA = {
    "header": ("text/csv", "target,age,bmi\n1,2,3\n", "line 1: looks like a header (target,age,bmi)"),
    "text": ("text/csv", GOOD + "4,red,2\n", "file 'a', line 4: 'red' is not a number."),
    "ragged": ("text/csv", GOOD + "\n1,2\n", "line 5: has 2 columns where the first row has 3."),
    "no label": ("text/csv", GOOD + ",2,3\n", "line 4: the label (first column) is empty."),
    "label not a number": (
        "text/csv",
        GOOD + "nan,2,3\n",
        "line 4: the label (first column) is not a finite number.",
    ),
    "infinite": ("text/csv", GOOD + "1,1e99,3\n", "line 4: a value is infinite or too large for float32."),
    "label only": (
        "text/csv",
        "1\n2\n",
        "has 1 column(s); a row must have the label and at least one feature.",
    ),
    "compressed": ("text/csv", gzip.compress(GOOD.encode()), "Set CompressionType to Gzip on the channel"),
    "nothing": ("text/csv", "", "Channel 'train' has no rows"),
    "binary": ("text/csv", bytes(range(256)) * 9, "is not a number."),
    "csv as libsvm": (None, GOOD, "is this CSV? Then set ContentType to text/csv"),
    "libsvm pair": ("libsvm", SVM + "3 0:1 x\n", "line 3: 'x' is not of the form index:value."),
    "libsvm index": ("libsvm", SVM + "\n3 1.5:1\n", "line 4: an index is not an integer from 0"),
    "libsvm negative": ("libsvm", SVM + "3 -1:1\n", "line 3: "),
    "libsvm text": ("libsvm", SVM + "3 0:red\n", "line 3: '0:red' is not of the form index:value."),
    "libsvm colons": ("libsvm", SVM + "3 0:1:2\n", "line 3: '0:1:2' is not of the form index:value."),
    "libsvm label": ("libsvm", SVM + "x 0:1\n", "line 3: 'x' is not of the form label[:weight]."),
    "libsvm weight": ("libsvm", SVM + "1:-2 0:1\n", "line 3: the weight (label:weight) must be 0 or more."),
    "libsvm query": ("libsvm", "1 qid:1 0:1\n2 0:1\n", "line 2: must have one qid"),
    "parquet": ("parquet", GOOD, "is not Parquet that can be read"),
    "recordio": (
        "recordio-protobuf",
        GOOD * 9,
        "record 1: a RecordIO frame does not begin with its magic number.",
    ),
    "recordio cut": (
        "recordio-protobuf",
        struct.pack("<II", 0xCED7230A, 99) + b"x",
        "record 1: the file ends within",
    ),
    "recordio label": ("recordio-protobuf", struct.pack("<II", 0xCED7230A, 0), "record 1: has no features."),
    "content type": (
        "image/png",
        GOOD,
        "ContentType 'image/png' is not one that XGBoost reads. Use text/csv",
    ),
    "label size": ("text/csv;label_size=2", GOOD, "label_size must be 1"),
}

HYPERPARAMETERS = {
    "out of range": ({"eta": "2"}, "Hyperparameter eta: '2' is not a number in [0, 1]."),
    "open bound": ({"subsample": "0"}, "Hyperparameter subsample: '0' is not a number in (0, 1]."),
    "not a number": ({"max_depth": "deep"}, "Hyperparameter max_depth: 'deep' is not an integer in [0, inf)."),
    "not an integer": ({"num_round": "2.5"}, "Hyperparameter num_round: '2.5' is not an integer in [1, inf)."),
    "unknown": ({"max_dept": "3"}, "Hyperparameter 'max_dept' is unknown to XGBoost (did you mean max_depth"),
    "two names": ({"eta": "0.1", "learning_rate": "0.2"}, "Hyperparameter eta is given under two of its names"),
    "several": ({"eta": "9", "gamma": "x"}, "Hyperparameter gamma: 'x' is not a number in [0, inf)."),
    "objective": ({"objective": "reg:squarederr"}, "(did you mean reg:squarederror"),
    "metric": ({"eval_metric": "rmse,mea"}, "Hyperparameter eval_metric: 'mea' is not one of rmse,"),
    "metric's objective": ({"eval_metric": "auc"}, "eval_metric auc is for classification and ranking"),
    "classes": ({"objective": "multi:softmax"}, "num_class is required with objective multi:softmax"),
    "no classes": ({"num_class": "3"}, "num_class does not go with objective reg:squarederror"),
    "labels": ({"objective": "binary:logistic"}, "objective binary:logistic needs labels from 0 to 1; the data has 2."),
    "class labels": ({"objective": "multi:softmax", "num_class": "3"}, "(num_class is 3); the data has 3."),
    "constraints": ({"interaction_constraints": "[0, 1]"}, "interaction_constraints: '[0, 1]' is not of the form"),
    "weights": ({"csv_weights": "1", "objective": "reg:gamma", "base_score": "x"}, "base_score: 'x' is not a number."),
}  # fmt: skip


@pytest.fixture(scope="module")
def refused(environment: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """Every case below, run."""
    xgboost = Image(environment, tmp_path_factory.mktemp("refused"))
    bases = {
        name: xgboost.base({"train/a": content}, {"num_round": "1"}, content_type)
        for name, (content_type, content, _) in DATA.items()
    }
    for name, (given, _) in HYPERPARAMETERS.items():
        bases[f"hyperparameter {name}"] = xgboost.base({"train/a": GOOD}, given, "text/csv")
    return dict(zip(bases, xgboost.run_all(list(bases.values())), strict=True))


@pytest.mark.parametrize("name", DATA)
def test_bad_data_is_named_by_file_and_line(refused: dict[str, Outcome], name: str) -> None:
    """Issue "The main job": a Failed job whose FailureReason gives cause and remedy."""
    outcome, sentence = refused[name], DATA[name][-1]

    assert outcome.code == 1, outcome.log
    assert outcome.failure.startswith("ClientError: ")
    assert sentence in outcome.failure
    assert "Traceback" not in outcome.log and not outcome.model.exists()


@pytest.mark.parametrize("name", HYPERPARAMETERS)
def test_bad_hyperparameters_are_refused_by_name(refused: dict[str, Outcome], name: str) -> None:
    """AWS guide, "XGBoost hyperparameters"; near names for those that it does not know."""
    outcome, sentence = refused[f"hyperparameter {name}"], HYPERPARAMETERS[name][-1]

    assert outcome.code == 1, outcome.log
    assert outcome.failure.startswith("ClientError: ")
    assert sentence in outcome.failure


def test_a_job_without_a_train_channel_is_told_so(xgboost: Image) -> None:
    """AWS guide, "Common Parameters for Built-In Algorithms": train is required, validation optional."""
    outcome = xgboost.run({"training/a": GOOD})

    assert outcome.code == 1
    assert "There is no channel named 'train'; the job has training." in outcome.failure


def test_channels_of_different_width_are_told_apart(xgboost: Image) -> None:
    """Columns are features: a validation set of other columns would be scored as nonsense."""
    outcome = xgboost.run({"train/a": GOOD, "validation/b": "1,2\n3,4\n"})

    assert outcome.code == 1
    assert "channel 'train' on algo-1 has 2 feature columns, channel 'validation' on algo-1 has 1." in outcome.failure


def test_files_of_different_width_are_told_apart(xgboost: Image) -> None:
    """Each file is fine by itself."""
    outcome = xgboost.run({"train/a": GOOD, "train/b": "1,2\n3,4\n"})

    assert outcome.code == 1
    assert "file 'b': has 1 feature columns where file 'a' has 2." in outcome.failure


def test_what_only_xgboost_refuses_is_passed_on_in_one_sentence(xgboost: Image) -> None:
    """Without its stack and source files."""
    given = {"num_round": "1", "base_score": "-3", "objective": "binary:logistic"}
    outcome = xgboost.run({"train/a": "0,1,2\n1,2,3\n"}, given)

    assert outcome.code == 1, outcome.log
    assert outcome.failure == (
        "ClientError: XGBoost refuses to train: base_score must be in (0,1) for the logistic loss."
    )
