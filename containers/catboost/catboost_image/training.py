"""The training itself: CatBoost's. Source: SageMaker developer guide, "CatBoost", "CatBoost hyperparameters"."""

from __future__ import annotations

from typing import Any

import catboost
from salvia_toolkit.algorithm.failures import ClientError
from salvia_toolkit.algorithm.log import say
from salvia_toolkit.algorithm.program import SEED
from salvia_toolkit.cores import usable_cores
from salvia_toolkit.tabular import problem
from salvia_toolkit.tabular.training import Algorithm, Job

from .model import NAME, pool

# Loss and evaluation metric, as the guide has them.
_AIMS = {
    problem.BINARY: ("Logloss", "AUC"),
    problem.MULTICLASS: ("MultiClass", "MultiClass"),
    problem.REGRESSION: ("RMSE", "RMSE"),
}
_PASSED = ("iterations", "learning_rate", "depth", "l2_leaf_reg", "random_strength")


def train(job: Job) -> dict[str, Any]:
    """The trees of the best round, as model.cbm."""
    values = job.values
    loss, metric = _AIMS[job.problem.kind]
    validation = None
    if job.validation is not None:
        validation = pool(job.validation.features, job.features, job.validation.labels)
    trees = catboost.CatBoost(
        {
            "loss_function": loss,
            "eval_metric": metric,
            "random_seed": SEED,
            "thread_count": usable_cores(),
            "allow_writing_files": False,
            **{name: getattr(values, name) for name in _PASSED},
        }
    )
    say(f"CatBoost {catboost.__version__}: {loss}, by {metric}.")
    patience = values.early_stopping_rounds
    try:
        trees.fit(
            pool(job.train.features, job.features, job.train.labels),
            eval_set=validation,
            early_stopping_rounds=patience if validation is not None and patience > 0 else None,
            verbose=False,
            callbacks=[_Rounds(metric)],
        )
    except catboost.CatBoostError as failed:
        raise ClientError(f"CatBoost refuses to train: {failed}.") from failed
    best = trees.get_best_score().get("validation", {}).get(metric)
    if best is not None:
        say(f"{metric}: bestTest = {best:.10f}")
    trees.save_model(str(job.directory / NAME))
    return {"loss": loss, "metric": metric, "rounds": trees.tree_count_}


class _Rounds:
    """A line for each round."""

    def __init__(self, metric: str) -> None:
        self._metric = metric

    def after_iteration(self, info: Any) -> bool:
        """Tell its metrics, and go on."""
        told = {"learn": "learn", "validation": "test"}
        found = [
            f"{told[name]}: {metrics[self._metric][-1]:.7f}"
            for name, metrics in info.metrics.items()
            if name in told and self._metric in metrics
        ]
        say(f"{info.iteration - 1}:\t" + "\t".join(found))
        return True


ALGORITHM = Algorithm("CatBoost", train)
