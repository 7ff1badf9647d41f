"""From checked hyperparameters to what xgboost.train takes: the rules that join several of them.

Source: SageMaker developer guide, "XGBoost hyperparameters"; XGBoost documentation, "XGBoost Parameters".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from salvia_toolkit.algorithm.failures import ClientError
from salvia_toolkit.algorithm.hyperparameters import Schema
from salvia_toolkit.algorithm.log import say, warn

from . import metrics
from .data.table import Array

# Hyperparameters of the image, not of XGBoost.
_OURS = frozenset(
    {"num_round", "csv_weights", "early_stopping_rounds", "eval_metric", "save_model_on_termination"}
    | {"_tuning_objective_metric"}
)


@dataclass(frozen=True, slots=True)
class Settings:
    """`parameters` goes to XGBoost as it is; the rest steers the training around it."""

    parameters: dict[str, str]
    rounds: int
    objective: str
    classes: int
    metrics: tuple[str, ...]
    early_stopping_rounds: int | None
    stopping_metric: str | None
    csv_weights: bool
    save_on_termination: bool

    def check_labels(self, labels: Array) -> str | None:
        """What the objective cannot do with these labels, as a sentence; None when nothing."""
        for prefix, allowed, what in (
            ("binary:", _between(0, 1), "labels from 0 to 1"),
            ("reg:logistic", _between(0, 1), "labels from 0 to 1"),
            (
                "multi:",
                _class_of(self.classes),
                f"labels 0, 1, … {self.classes - 1} (num_class is {self.classes})",
            ),
            ("count:", _between(0), "labels of 0 or more"),
            ("reg:tweedie", _between(0), "labels of 0 or more"),
            ("reg:gamma", _positive, "labels above 0"),
            ("reg:squaredlogerror", _between(-1), "labels of -1 or more"),
        ):
            if not self.objective.startswith(prefix):
                continue
            wrong = labels[~allowed(labels)]
            if len(wrong):
                return f"objective {self.objective} needs {what}; the data has {wrong[0]:g}."
        return None


def settled(given: Mapping[str, str], schema: Schema, hosts: int) -> Settings:
    """Decide defaults, drop what XGBoost no longer knows (saying so), check what depends on another.

    `given` has passed `schema.check`. Raises ClientError for combinations that cannot work.
    """
    values = {name: value for name, value in given.items() if schema.obsolete(name) is None}
    for name in sorted(given.keys() - values.keys()):
        warn(f"Hyperparameter {name} is ignored: {schema.obsolete(name)}")
    if "num_round" not in values:
        values["num_round"] = schema.default("num_round")
        warn(
            f"Hyperparameter num_round is not given, which AWS requires. Training {values['num_round']} rounds, "
            "XGBoost's own default; that is seldom enough."
        )
    objective = _objective(values, schema)
    classes = _classes(values, objective)
    _trees(values, hosts)
    chosen, stopping = _metrics(values, objective)
    return Settings(
        parameters={name: value for name, value in values.items() if name not in _OURS},
        rounds=int(values["num_round"]),
        objective=objective,
        classes=classes,
        metrics=chosen,
        early_stopping_rounds=int(values["early_stopping_rounds"]) if "early_stopping_rounds" in values else None,
        stopping_metric=stopping,
        csv_weights=values.get("csv_weights") == "1",
        save_on_termination=values.get("save_model_on_termination") == "true",
    )


def _objective(values: dict[str, str], schema: Schema) -> str:
    if "objective" not in values:
        say(f"Hyperparameter objective is not given: using {schema.default('objective')}.")
    objective = values.setdefault("objective", schema.default("objective"))
    if objective == "reg:linear":
        warn("objective reg:linear is the former name of reg:squarederror, which is used.")
        objective = values["objective"] = "reg:squarederror"
    return objective


def _classes(values: Mapping[str, str], objective: str) -> int:
    multiclass = objective.startswith("multi:")
    if multiclass and "num_class" not in values:
        raise ClientError(f"Hyperparameter num_class is required with objective {objective}: the number of classes.")
    if not multiclass and "num_class" in values:
        raise ClientError(
            f"Hyperparameter num_class does not go with objective {objective}. "
            "Remove it, or use objective multi:softmax or multi:softprob."
        )
    return int(values["num_class"]) if multiclass else 2


def _trees(values: dict[str, str], hosts: int) -> None:
    if values.get("tree_method") == "gpu_hist":
        warn("tree_method gpu_hist: this image trains on CPUs; hist, the same algorithm there, is used.")
        values["tree_method"] = "hist"
    if hosts > 1 and (values.get("tree_method") == "exact" or "grow_colmaker" in values.get("updater", "")):
        raise ClientError("tree_method exact (updater grow_colmaker) trains on one instance only. Use hist or approx.")
    if hosts > 1 and values.get("booster") == "gblinear":
        raise ClientError(
            "booster gblinear trains on one instance only. Set InstanceCount to 1, or use gbtree or dart."
        )


def _metrics(values: Mapping[str, str], objective: str) -> tuple[tuple[str, ...], str | None]:
    """The metrics to compute, and the one that early stopping watches: the tuner's, else the last given."""
    chosen = [metric.strip() for metric in values.get("eval_metric", "").split(",") if metric.strip()]
    tuned = values.get("_tuning_objective_metric", "").rpartition(":")[2]
    if tuned:
        chosen = [*(metric for metric in chosen if metric != tuned), tuned]
    classification = objective.startswith(("binary:", "multi:")) or objective == "reg:logistic"
    for metric in chosen:
        name = metric.partition("@")[0]
        if metrics.needs_classes(metric) and not classification:
            raise ClientError(f"eval_metric {metric} is for classification; objective {objective} is not.")
        if name == "auc" and not (classification or objective.startswith("rank:")):
            raise ClientError(f"eval_metric auc is for classification and ranking; objective {objective} is neither.")
        if name in ("mlogloss", "merror") and not objective.startswith("multi:"):
            raise ClientError(f"eval_metric {metric} is for objectives multi:…; objective {objective} is not.")
        if name == "aft-nloglik" and objective != "survival:aft":
            raise ClientError(f"eval_metric aft-nloglik is for objective survival:aft; objective {objective} is not.")
        if metrics.is_ours(metric) and not metrics.needs_classes(metric) and objective.startswith("multi:"):
            raise ClientError(f"eval_metric {metric} is for single numbers; objective {objective} predicts classes.")
    return tuple(dict.fromkeys(chosen)), tuned or (chosen[-1] if chosen else None)


def _between(low: float, high: float = float("inf")) -> Callable[[Array], Array]:
    return lambda labels: (labels >= low) & (labels <= high)


def _positive(labels: Array) -> Array:
    return labels > 0


def _class_of(classes: int) -> Callable[[Array], Array]:
    return lambda labels: (labels >= 0) & (labels < classes) & (labels == np.floor(labels))
