"""The XGBoost image on one host."""

from __future__ import annotations

import json
import os
import re
import signal
import time
import tomllib

import pytest

from .conftest import FOLDER, Image, diabetes_rows

ROWS = diabetes_rows()
TRAIN, TEST = "\n".join(ROWS[:342]) + "\n", "\n".join(ROWS[342:]) + "\n"
LABELS_ABOVE_150 = [f"{int(float(row.split(',')[0]) > 150)},{row.partition(',')[2]}" for row in ROWS]


def measured(xgboost: Image, models: list, **direct: object) -> dict:
    (xgboost.tmp / "train.csv").write_text(TRAIN)
    (xgboost.tmp / "test.csv").write_text(TEST)
    return xgboost.measure(train=xgboost.tmp / "train.csv", test=xgboost.tmp / "test.csv", models=models, **direct)


def test_the_model_is_the_one_that_xgboost_makes_directly(xgboost: Image) -> None:
    """The image adds nothing and takes nothing away; and plain XGBoost loads its artefact."""
    outcome = xgboost.run({"train/a.csv": TRAIN}, {"num_round": "20", "eta": "0.1", "max_depth": "3"})

    assert outcome.code == 0, outcome.log
    told = measured(xgboost, [outcome.model], parameters={"eta": 0.1, "max_depth": 3}, rounds=20)
    assert told["apart"] == [0] and told["rounds"] == [20]


def test_a_job_without_hyperparameters_trains_and_says_what_is_missing(xgboost: Image) -> None:
    """AWS's command-line example sets none, though AWS documents num_round as required."""
    outcome = xgboost.run({"train/a.csv": TRAIN})

    assert outcome.code == 0, outcome.log
    assert "WARNING: Hyperparameter num_round is not given, which AWS requires." in outcome.log
    assert measured(xgboost, [outcome.model])["apart"] == [0]


def test_metric_lines_match_the_expressions_of_image_toml(xgboost: Image) -> None:
    """AWS guide, "Tune an XGBoost Model": train:… and validation:…, by regular expressions with '#011'."""
    metrics = ["rmse", "mae", "mape", "mse", "r2"]
    outcome = xgboost.run(
        {"train/a.csv": TRAIN, "validation/b.csv": TEST},
        {"num_round": "3", "eval_metric": ",".join(metrics)},
    )

    assert outcome.code == 0, outcome.log
    with (FOLDER / "image.toml").open("rb") as opened:
        expressions = {one["name"]: one["regex"] for one in tomllib.load(opened)["metric"]}
    assert len(outcome.metric_lines) == 3
    for line in outcome.metric_lines:
        found = {
            f"{channel}:{metric}": re.search(expressions[f"{channel}:{metric}"], line)
            for channel in ("train", "validation")
            for metric in metrics
        }
        assert all(found.values()), (line, found)
        rmse, mse = (float(found[f"validation:{name}"].group(1)) for name in ("rmse", "mse"))
        assert mse == pytest.approx(rmse**2, rel=1e-4)


def test_classification_metrics_are_those_of_their_definitions(xgboost: Image) -> None:
    """AWS guide, "Tune an XGBoost Model": accuracy is #(right)/#(all cases), so 1 - XGBoost's own error."""
    rows = "\n".join(LABELS_ABOVE_150)
    outcome = xgboost.run(
        {"train/a.csv": rows},
        {
            "num_round": "2",
            "objective": "binary:logistic",
            "eval_metric": "error,accuracy,f1,f1_binary,precision,recall,balanced_accuracy,auc",
        },
    )

    assert outcome.code == 0, outcome.log
    got = dict(re.findall(r"#011train-(\w+):(\S+?)(?=#|$)", outcome.metric_lines[-1]))
    values = {name: float(value) for name, value in got.items()}
    assert values["accuracy"] == pytest.approx(1 - values["error"], abs=1e-5)
    harmonic = 2 / (1 / values["precision"] + 1 / values["recall"])
    assert values["f1_binary"] == pytest.approx(harmonic, abs=1e-5)
    assert 0.8 < values["balanced_accuracy"] < values["auc"] <= 1


def test_multiclass_labels_get_class_metrics(xgboost: Image) -> None:
    """num_class is required with multi:softprob (AWS guide, "XGBoost hyperparameters")."""
    rows = "\n".join(f"{number % 3},{row.partition(',')[2]},{number % 3}" for number, row in enumerate(ROWS))
    outcome = xgboost.run(
        {"train/a.csv": rows},
        {
            "num_round": "3",
            "objective": "multi:softprob",
            "num_class": "3",
            "eval_metric": "mlogloss,accuracy,f1",
        },
    )

    assert outcome.code == 0, outcome.log
    assert outcome.metric_lines[-1].endswith("#011train-accuracy:1#011train-f1:1")


def test_early_stopping_keeps_the_best_round(xgboost: Image) -> None:
    """AWS guide: training goes on until the validation score stops improving; the best model is used."""
    outcome = xgboost.run(
        {"train/a.csv": TRAIN, "validation/b.csv": TEST},
        {"num_round": "500", "early_stopping_rounds": "5", "eval_metric": "mae,rmse"},
    )

    assert outcome.code == 0, outcome.log
    scores = [float(line.rpartition("validation-rmse:")[2]) for line in outcome.metric_lines]
    assert len(scores) < 100
    assert measured(xgboost, [outcome.model])["rounds"] == [scores.index(min(scores)) + 1]


def test_weights_in_the_second_column_change_the_model(xgboost: Image) -> None:
    """csv_weights (AWS guide, "XGBoost hyperparameters"): a row of weight 2 counts as two rows."""
    weighted = "\n".join(
        "{},{},{}".format(row.split(",")[0], 1 + n % 2, row.partition(",")[2]) for n, row in enumerate(ROWS[:342])
    )
    doubled = "\n".join(row for n, row in enumerate(ROWS[:342]) for _ in range(1 + n % 2)) + "\n"
    outcome = xgboost.run({"train/a.csv": weighted}, {"num_round": "5", "csv_weights": "1", "tree_method": "exact"})

    assert outcome.code == 0, outcome.log
    (xgboost.tmp / "doubled.csv").write_text(doubled)
    (xgboost.tmp / "test.csv").write_text(TEST)
    told = xgboost.measure(
        train=xgboost.tmp / "doubled.csv",
        test=xgboost.tmp / "test.csv",
        models=[outcome.model],
        parameters={"tree_method": "exact"},
        rounds=5,
    )
    assert told["apart"][0] < 0.01


def test_sigterm_saves_the_model_so_far_when_asked_to(xgboost: Image) -> None:
    """save_model_on_termination; the platform's stop is SIGTERM (AWS guide, "Stop training jobs early")."""
    base = xgboost.base(
        {"train/a.csv": TRAIN},
        {"num_round": "1000000", "max_depth": "2", "save_model_on_termination": "true"},
        "text/csv",
    )
    process = xgboost.start(base)
    await_round(base, 5)
    process.send_signal(signal.SIGTERM)
    outcome = xgboost.finished(process, base)

    assert outcome.code == 0, outcome.log
    rounds = len(outcome.metric_lines)
    assert rounds >= 5 and measured(xgboost, [outcome.model])["rounds"] == [rounds]


def test_sigterm_without_that_leaves_no_model(xgboost: Image) -> None:
    """save_model_on_termination is false by default."""
    base = xgboost.base({"train/a.csv": TRAIN}, {"num_round": "1000000", "max_depth": "2"}, "text/csv")
    process = xgboost.start(base)
    await_round(base, 1)
    process.send_signal(signal.SIGTERM)
    outcome = xgboost.finished(process, base)

    assert outcome.code == -signal.SIGTERM
    assert not outcome.model.exists()


def test_an_interrupted_job_goes_on_from_its_checkpoint(xgboost: Image) -> None:
    """AWS guide, "Use Checkpoints in Amazon SageMaker": interrupted after 5 rounds, it ends with the same model."""
    base = xgboost.base({"train/a.csv": TRAIN}, {"num_round": "5"}, "text/csv")
    config = base / "input" / "config"
    (config / "checkpointconfig.json").write_text(json.dumps({"LocalPath": "/opt/ml/checkpoints"}))
    assert xgboost.finished(xgboost.start(base), base).code == 0
    (base / "checkpoints" / "xgboost-checkpoint.9").write_bytes(b"cut off")
    (config / "hyperparameters.json").write_text(json.dumps({"num_round": "12"}))
    outcome = xgboost.finished(xgboost.start(base), base)

    assert outcome.code == 0, outcome.log
    assert "Going on from a checkpoint of 5 rounds." in outcome.log
    assert "xgboost-checkpoint.9 cannot be read" in outcome.log
    assert outcome.metric_lines[0].startswith("[5]") and outcome.metric_lines[-1].startswith("[11]")
    told = measured(xgboost, [outcome.model], rounds=12)
    assert told["rounds"] == [12] and told["apart"][0] < 0.01


def test_other_names_of_hyperparameters_are_understood(xgboost: Image) -> None:
    """XGBoost's own names beside AWS's, and the JSON quotes that SDK estimators put around texts."""
    outcome = xgboost.run(
        {"train/a.csv": TRAIN},
        {
            "num_round": "4.0",
            "learning_rate": "0.1",
            "objective": '"reg:linear"',
            "sketch_eps": "0.1",
            "tree_method": "gpu_hist",
        },
    )

    assert outcome.code == 0, outcome.log
    assert "sketch_eps is ignored" in outcome.log
    assert measured(xgboost, [outcome.model], parameters={"eta": 0.1}, rounds=4)["apart"] == [0]


@pytest.mark.parametrize("booster", ["gblinear", "dart"])
def test_every_booster_trains(xgboost: Image, booster: str) -> None:
    """AWS guide, "XGBoost hyperparameters": booster is one of gbtree, gblinear, dart."""
    outcome = xgboost.run(
        {"train/a.csv": TRAIN, "validation/b.csv": TEST},
        {"num_round": "3", "booster": booster, "early_stopping_rounds": "2", "eval_metric": "rmse"},
    )

    assert outcome.code == 0, outcome.log
    assert outcome.model.exists()


def await_round(base, number: int) -> None:
    """Poll the log until a round's metrics are there."""
    deadline = time.monotonic() + 30
    while f"[{number}]#011" not in (base / "log").read_text():
        assert time.monotonic() < deadline, (base / "log").read_text()
        time.sleep(0.01)


def test_a_channel_in_pipe_mode_is_read_to_its_end(xgboost: Image) -> None:
    """Guide, "XGBoost algorithm": training input mode File or Pipe; the pipe of the first epoch has all of the data."""
    rows = "\n".join(diabetes_rows()) + "\n"
    base = xgboost.base({"train/unused": ""}, {"num_round": "2"}, "text/csv", TrainingInputMode="Pipe")
    pipe = base / "input" / "data" / "train_0"
    os.mkfifo(pipe)
    process = xgboost.start(base)
    with pipe.open("w") as feed:
        feed.write(rows)
    outcome = xgboost.finished(process, base)
    assert outcome.code == 0, outcome.log
    assert f"train: {len(diabetes_rows())} rows" in outcome.log
    refused = xgboost.run({"train/x": ""}, {"num_round": "2"}, "application/x-parquet", TrainingInputMode="Pipe")
    assert "Parquet files cannot be piped" in refused.failure
