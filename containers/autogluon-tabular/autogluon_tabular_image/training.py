"""The training itself: AutoGluon's. Source: SageMaker developer guide, "AutoGluon-Tabular hyperparameters"."""

from __future__ import annotations

from typing import Any

import autogluon.tabular
import pandas as pd
from autogluon.tabular import TabularPredictor
from salvia_toolkit.algorithm.failures import ClientError
from salvia_toolkit.algorithm.log import say
from salvia_toolkit.cores import usable_cores
from salvia_toolkit.tabular import problem
from salvia_toolkit.tabular.table import Table
from salvia_toolkit.tabular.training import Algorithm, Job

from .model import named

_LABEL = "label"
_METRICS = {
    problem.BINARY: "roc_auc",
    problem.MULTICLASS: "accuracy",
    problem.REGRESSION: "root_mean_squared_error",
}

_FLAGS = ("auto_stack", "refit_full", "set_best_to_refit_full", "save_space")


def train(job: Job) -> dict[str, Any]:
    """An ensemble, as AutoGluon's predictor keeps it: the model's folder is that of TabularPredictor.load."""
    values = job.values
    metric = _METRICS[job.problem.kind] if values.eval_metric == "auto" else values.eval_metric
    validation = None if job.validation is None else _frame(job, job.validation)
    say(f"AutoGluon {autogluon.tabular.__version__}: {job.problem.kind}, by {metric}.")
    try:
        predictor = TabularPredictor(
            _LABEL,
            problem_type=job.problem.kind,
            eval_metric=metric,
            path=str(job.directory),
            verbosity=values.verbosity,
        )
        predictor.fit(
            _frame(job, job.train),
            tuning_data=validation,
            presets=list(values.presets),
            time_limit=values.time_limit,
            num_cpus=usable_cores(),
            **_asked(values, validation is not None),
        )
    except (ValueError, AssertionError, RuntimeError) as failed:
        raise ClientError(f"AutoGluon refuses to train: {str(failed).strip()}") from failed
    board = predictor.leaderboard()[["model", "score_val", "fit_time"]].round(4)
    say(board.to_string(index=False))
    return {"metric": metric, "best": predictor.model_best}


def _check(values: Any) -> None:
    """Raise ClientError for hyperparameters that do not go together."""
    if "interpretable" in values.presets:
        raise ClientError(
            "Hyperparameter presets: interpretable needs the package imodels, which is not in this image."
        )
    if values.num_bag_folds == 1:
        raise ClientError("Hyperparameter num_bag_folds: 1 is not a number of folds. Use 0, or 2 to 10.")
    if values.num_stack_levels and values.num_bag_folds < 2:
        raise ClientError("Hyperparameter num_stack_levels needs num_bag_folds of 2 or more.")
    if values.set_best_to_refit_full and not values.refit_full:
        raise ClientError("Hyperparameter set_best_to_refit_full needs refit_full.")


def _asked(values: Any, validated: bool) -> dict[str, Any]:
    """What is asked for beside the presets; what is not asked for, they say."""
    found: dict[str, Any] = {name: True for name in _FLAGS if getattr(values, name)}
    if values.num_bag_folds:
        found |= {name: getattr(values, name) for name in ("num_bag_folds", "num_bag_sets", "num_stack_levels")}
    if validated:
        found["use_bag_holdout"] = True  # AutoGluon demands it where models are bagged beside validation data
    return found


def _frame(job: Job, table: Table) -> pd.DataFrame:
    labels = job.problem.decoded(table.labels) if job.problem.classifies else table.labels
    return named(table.features).assign(**{_LABEL: labels})


ALGORITHM = Algorithm("AutoGluon-Tabular", train, texts=True, splits=True, check=_check)
