"""The training itself: rounds, metric lines, early stopping, checkpoints, and being told to stop."""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xgboost
from salvia_toolkit.algorithm.log import say
from salvia_toolkit.cores import usable_cores
from xgboost import collective

from . import metrics, model
from .checkpoints import Checkpoints
from .data.table import Array, Sparse, Table
from .settings import Settings

_PRECAUTION = 10.0  # s between models kept in case that the last round is not finished in time


@dataclass(slots=True)
class Termination:
    """Whether this program was sent SIGTERM."""

    requested: bool = False

    def install(self) -> None:
        """From now on finish the round and stop in order, instead of dying of the signal."""
        signal.signal(signal.SIGTERM, self._request)

    def _request(self, *_: object) -> None:
        self.requested = True


def train(
    settings: Settings,
    tables: dict[str, Table],
    columns: int,
    directory: Path,
    checkpoints: Checkpoints | None,
    termination: Termination,
) -> Any:
    """The trained booster, the best round's where early stopping applies. All hosts call it at once.

    `tables` has the same keys on all hosts: train, and validation if there is one.
    """
    threads = usable_cores() if "nthread" not in settings.parameters else int(settings.parameters["nthread"])
    matrices = {name: matrix(table, columns, threads) for name, table in tables.items()}
    parameters: dict[str, Any] = {"nthread": threads, **settings.parameters}
    native = [metric for metric in settings.metrics if not metrics.is_ours(metric)]
    ours = [metric for metric in settings.metrics if metrics.is_ours(metric)]
    if native:
        parameters["eval_metric"] = native
    elif ours:
        parameters["disable_default_eval_metric"] = 1
    earlier, done = _resumed(checkpoints)
    if done:
        say(f"Going on from a checkpoint of {done} rounds.")
    if done >= settings.rounds:
        return earlier
    rounds = _Rounds(settings, done, directory, checkpoints, termination)
    return xgboost.train(
        parameters,
        matrices["train"],
        num_boost_round=settings.rounds - done,
        evals=[(one, name) for name, one in matrices.items()],
        custom_metric=metrics.evaluator(ours, settings.objective, settings.classes, _over_hosts) if ours else None,
        verbose_eval=False,
        xgb_model=earlier,
        callbacks=[rounds, *_early_stopping(settings, "validation" if "validation" in tables else "train")],
    )


def matrix(table: Table, columns: int, threads: int) -> Any:
    """XGBoost's form of a table; `columns` is what all hosts agreed on."""
    features: Any = table.features
    if isinstance(features, Sparse):
        from scipy.sparse import csr_matrix  # type: ignore[import-untyped]

        features = csr_matrix((features.values, features.indices, features.starts), shape=(len(table), columns))
    return xgboost.DMatrix(features, table.labels, weight=table.weights, qid=table.queries, nthread=threads)


class _Rounds(xgboost.callback.TrainingCallback):
    """After each round: the metric line, a checkpoint or a precautionary model if due, whether to stop."""

    def __init__(
        self,
        settings: Settings,
        done: int,
        directory: Path,
        checkpoints: Checkpoints | None,
        termination: Termination,
    ) -> None:
        self._settings = settings
        self._done = done
        self._file = directory / model.NAME
        self._checkpoints = checkpoints
        self._termination = termination
        self._stoppable = settings.save_on_termination or checkpoints is not None
        self._precaution = time.monotonic() + _PRECAUTION

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        number = self._done + epoch
        stop = self._stoppable and _anywhere(self._termination.requested)
        self._termination.requested |= stop
        if collective.get_rank() == 0:
            say(metric_line(number, evals_log))
            self._keep(model, number, last=stop or number + 1 == self._settings.rounds)
        return stop

    def _keep(self, booster: Any, number: int, last: bool) -> None:
        if self._checkpoints is not None and (last or self._checkpoints.due()):
            self._checkpoints.save(booster, number)
        if self._settings.save_on_termination and time.monotonic() >= self._precaution:
            model.write(booster, self._file)
            self._precaution = time.monotonic() + _PRECAUTION


def metric_line(number: int, log: dict[str, dict[str, list[float]]]) -> str:
    """One round's metrics, as AWS's published expressions want them: `.*\\[[0-9]+\\].*#011train-rmse:(…)`.

    XGBoost puts tabs between them, which AWS's log pipeline turns into '#011'; that is what the documented
    expressions look for, and those that users wrote after looking at their logs.
    """
    values = [f"{data}-{metric}:{history[-1]:.7g}" for data, each in log.items() for metric, history in each.items()]
    return "#011".join([f"[{number}]", *values])


def _early_stopping(settings: Settings, data: str) -> list[Any]:
    if settings.early_stopping_rounds is None:
        return []
    metric = settings.stopping_metric
    return [
        xgboost.callback.EarlyStopping(
            settings.early_stopping_rounds,
            metric_name=metric,
            data_name=data,
            maximize=None if metric is None else metrics.is_maximized(metric),
            # A linear booster cannot be cut back to an earlier round.
            save_best=settings.parameters.get("booster") != "gblinear",
        )
    ]


def _resumed(checkpoints: Checkpoints | None) -> tuple[Any, int]:
    """The booster to go on from, and its rounds: the leader's newest checkpoint, on every host."""
    if checkpoints is None:
        return None, 0
    content, done = checkpoints.newest() if collective.get_rank() == 0 else (b"", 0)
    if collective.is_distributed():
        content, done = collective.broadcast((content, done), 0)
    return (model.loaded(content), done) if done else (None, 0)


def _over_hosts(values: Array) -> Array:
    if not collective.is_distributed():
        return values
    total: Array = collective.allreduce(np.ascontiguousarray(values).ravel(), collective.Op.SUM)
    return total.reshape(values.shape)


def _anywhere(mine: bool) -> bool:
    """Whether any host was told to stop; all must stop after the same round."""
    return bool(_over_hosts(np.array([float(mine)]))[0])
