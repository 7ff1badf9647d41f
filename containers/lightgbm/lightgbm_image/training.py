"""The training itself: LightGBM's, on all hosts at once where there are several; each ends with the same trees.

Source: SageMaker developer guide, "LightGBM", "LightGBM hyperparameters".
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

import lightgbm
import numpy as np
from salvia_toolkit.algorithm.failures import ClientError
from salvia_toolkit.algorithm.log import say, warn
from salvia_toolkit.algorithm.program import SEED
from salvia_toolkit.cores import usable_cores
from salvia_toolkit.tabular import problem
from salvia_toolkit.tabular.training import Algorithm, Job

from . import machines
from .model import NAME

_OBJECTIVES = {problem.BINARY: "binary", problem.MULTICLASS: "multiclass", problem.REGRESSION: "regression"}
# The first is what "auto" means.
_METRICS = {
    problem.BINARY: (
        "binary_logloss", "binary_error", "auc", "average_precision", "cross_entropy", "rmse", "l1", "l2"
    ),
    problem.MULTICLASS: ("multi_logloss", "multi_error", "auc_mu"),
    problem.REGRESSION: ("rmse", "l1", "l2", "huber", "fair"),
}  # fmt: skip
_PASSED = (
    "learning_rate", "num_leaves", "feature_fraction", "bagging_fraction", "bagging_freq", "max_depth",
    "min_data_in_leaf", "max_delta_step", "lambda_l1", "lambda_l2", "boosting", "min_gain_to_split",
    "feature_fraction_bynode", "max_bin", "tweedie_variance_power", "verbosity",
)  # fmt: skip
_OF_THIS_JOB = re.compile(r"^\[(machines|num_machines|local_listen_port|num_threads): .*\]\n", re.MULTILINE)


def train(job: Job) -> dict[str, Any]:
    """The booster of the best round, as model.txt."""
    values, group = job.values, job.group
    metric = _metric(job)
    validation = _everywhere(job)
    settings = {**_parameters(job), "metric": metric, **machines.parameters(group, values.tree_learner)}
    categorical = list(job.features.categories)
    rows = lightgbm.Dataset(
        job.features.coded(job.train.features), job.train.labels, categorical_feature=categorical, params=settings
    )
    say(f"LightGBM {lightgbm.__version__}: {settings['objective']}, by {metric}.")
    callbacks: list[Any] = [_told] if group.leads else []
    patience = values.early_stopping_rounds
    if validation is not None and patience > 0:
        if values.boosting == "dart":
            warn("early_stopping_rounds does nothing with boosting dart.")
        else:
            callbacks.append(lightgbm.early_stopping(patience, verbose=False))
    if len(group.hosts) > 1:
        group.watch(job.lost)
    try:
        booster = lightgbm.train(
            settings,
            rows,
            values.num_boost_round,
            valid_sets=[] if validation is None else [lightgbm.Dataset(*validation, reference=rows)],
            callbacks=callbacks,
        )
    except lightgbm.basic.LightGBMError as failed:
        if len(group.hosts) > 1:
            raise group.broken() from failed
        raise ClientError(f"LightGBM refuses to train: {failed}.") from failed
    text = _OF_THIS_JOB.sub("", booster.model_to_string(num_iteration=booster.best_iteration or None))
    booster.free_network()
    say(f"The model, of {booster.best_iteration or booster.current_iteration()} rounds: sha256 {_digest(text)}.")
    if group.leads:
        (job.directory / NAME).write_text(text, encoding="utf-8")
    return {"objective": settings["objective"], "metric": metric}


def _metric(job: Job) -> str:
    known, asked = _METRICS[job.problem.kind], job.values.metric
    if asked == "auto":
        return known[0]
    if asked not in known:
        raise ClientError(f"Hyperparameter metric: {asked} is not one of {job.problem.kind}: {', '.join(known)}.")
    return str(asked)


def _parameters(job: Job) -> dict[str, Any]:
    values = job.values
    found = {
        "objective": _OBJECTIVES[job.problem.kind],
        "num_threads": values.num_threads or usable_cores(),
        "seed": SEED,
        "deterministic": True,
        "force_col_wise": True,
        **{name: getattr(values, name) for name in _PASSED},
    }
    if job.problem.kind == problem.MULTICLASS:
        found["num_class"] = len(job.problem.labels)
    if job.problem.kind == problem.BINARY:
        if values.is_unbalance and values.scale_pos_weight != 1:
            raise ClientError("Hyperparameter scale_pos_weight does not go with is_unbalance. Set one of them.")
        found |= {"is_unbalance": values.is_unbalance, "scale_pos_weight": values.scale_pos_weight}
    return found


def _everywhere(job: Job) -> tuple[Any, Any] | None:
    """The rows that validate, of all hosts on each: so that all of them stop after the same round."""
    table, width = job.validation, job.features.count
    rows = np.empty((0, width)) if table is None else job.features.coded(table.features)
    labels = np.empty(0) if table is None else np.asarray(table.labels, np.float64)
    rows, labels = job.group.gather(rows), job.group.gather(labels)
    return (rows, labels) if len(labels) else None


def _told(environment: Any) -> None:
    """A round's metric; six places and no exponent, as AWS's expressions read it."""
    for data, name, value, *_ in environment.evaluation_result_list:
        say(f"[{environment.iteration + 1}]\t{data}'s {name}: {value:.6f}")


def _digest(text: str) -> str:
    """Of the trees alone."""
    return hashlib.sha256(text.partition("\nparameters:")[0].encode()).hexdigest()


ALGORITHM = Algorithm("LightGBM", train, alone=False)
