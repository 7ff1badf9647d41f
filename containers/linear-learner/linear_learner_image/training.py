"""Several linear models at once, by mini-batches of all hosts; the best of them is kept.

Source: SageMaker developer guide, "How linear learner works": preprocess, train many models with close parameters,
validate and choose. The slopes of a mini-batch are summed over the hosts, so that all have the same models at any time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from salvia_toolkit.algorithm.artefact import Artefact
from salvia_toolkit.algorithm.failures import ClientError
from salvia_toolkit.algorithm.log import say
from salvia_toolkit.algorithm.table import Table
from salvia_toolkit.algorithm.training import SEED, Algorithm, Job
from salvia_toolkit.formats.matrix import Array

from . import losses, selection
from .optimizers import Optimizer
from .quality import metrics
from .scaling import Scaling
from .settings import Models, check, loss_name, models

_CALIBRATION = 1 << 24  # scores of all models together, where AWS leaves the number of samples to the algorithm


@dataclass(slots=True)
class Parameters:
    """Weights (features × models × outputs) and biases (models × outputs), for scaled rows."""

    weights: Array
    bias: Array

    def scores(self, rows: Any) -> Array:
        """Rows × models × outputs."""
        features, count, outputs = self.weights.shape
        product = np.asarray(rows @ self.weights.reshape(features, -1))
        return product.reshape(-1, count, outputs) + self.bias


def train(job: Job) -> Artefact:
    """The best model, in the scale of rows and labels as they came."""
    values = job.values
    outputs = values.num_classes if values.predictor_type == "multiclass_classifier" else 1
    for name, table in job.tables.items():
        _check_labels(values, name, table)
    counted = _counted(job, outputs)
    positive, negative = (counted[1], counted[0]) if len(counted) == 2 else (1.0, 1.0)
    tried = models(values, job.columns, outputs, positive, negative)
    say(f"Training {len(tried)} models with {loss_name(values)}.")
    scaling = Scaling(job)
    weights = _class_weights(values, counted)
    parameters = _fitted(job, tried, outputs, scaling, weights)
    measure = losses.loss(loss_name(values), values)
    chosen, threshold = _chosen(job, parameters, scaling, measure)
    settled = f"learning_rate={tried.rate[chosen]:g}, wd={tried.wd[chosen]:g}"
    say(f"Model {chosen + 1} of {len(tried)} is the best: {settled}.")
    kept, bias = scaling.restored(parameters.weights[:, chosen], parameters.bias[chosen])
    for channel in ("validation", "test"):
        if channel in job.tables:
            table = job.tables[channel]
            scores = job.group.gather(np.asarray(table.features @ kept) + bias)
            labels = job.group.gather(np.asarray(table.labels, np.float64))
            job.measured(channel, "objective_loss", float(measure(scores[:, None], labels)[0].mean()))
            for name, value, kind in metrics(values, scores, labels, threshold):
                job.measured(channel, name, value, kind)
    settings = {"predictor_type": values.predictor_type, "loss": loss_name(values), "threshold": threshold}
    return Artefact({"weights": kept.astype(np.float32), "bias": bias.astype(np.float32)}, settings)


def _check_labels(values: Any, channel: str, table: Table) -> None:
    labels = table.labels
    classes = {"binary_classifier": 2, "multiclass_classifier": values.num_classes}.get(values.predictor_type)
    if classes is None or labels is None:
        return
    wrong = labels[(labels < 0) | (labels >= classes) | (labels != np.floor(labels))]
    if len(wrong):
        raise ClientError(
            f"Channel {channel!r} has the label {wrong[0]:g}; {values.predictor_type} needs labels 0 to {classes - 1}."
        )


def _counted(job: Job, outputs: int) -> Array:
    """How many rows there are of each class. Raises ClientError where there is only one."""
    if job.values.predictor_type == "regressor":
        return np.zeros(0)
    labels = np.asarray(job.train.labels).astype(np.int64)
    counted = job.group.total(np.bincount(labels, minlength=max(2, outputs)))
    if np.count_nonzero(counted) < 2:
        raise ClientError(
            f"All labels of channel 'train' are {int(counted.argmax())}; "
            "a classifier needs rows of two classes at least."
        )
    return counted


def _class_weights(values: Any, counted: Array) -> Array | None:
    if values.predictor_type == "multiclass_classifier" and values.balance_multiclass_weights:
        return counted.sum() / np.maximum(counted * np.count_nonzero(counted), 1)
    return None


def _begun(job: Job, count: int, outputs: int) -> Parameters:
    values, random = job.values, np.random.default_rng(SEED)
    shape = (job.columns, 1, outputs)
    if values.init_method == "uniform":
        weights = random.uniform(-values.init_scale, values.init_scale, shape)
    else:
        weights = random.normal(0, values.init_sigma, shape)
    bias = np.full((count, outputs), float(values.init_bias if values.use_bias else 0))
    return Parameters(np.repeat(weights, count, axis=1), bias)


def _fitted(job: Job, tried: Models, outputs: int, scaling: Scaling, class_weights: Array | None) -> Parameters:
    """The models after all epochs, or after those that still made the best of them better."""
    values = job.values
    measure = losses.loss(loss_name(values), values)
    now = _begun(job, len(tried), outputs)
    own, bias = Optimizer(values, now.weights.shape), Optimizer(values, now.bias.shape)
    rows = scaling.features(job.train.features)
    rows = rows if isinstance(rows, np.ndarray) else rows.tocsr()
    raw = np.asarray(job.train.labels, np.float64)
    labels = scaling.labels(raw)
    binary = values.predictor_type == "binary_classifier"
    bias_rate = 1.0 if values.bias_lr_mult == "auto" else values.bias_lr_mult
    bias_decay = 0.0 if values.bias_wd_mult == "auto" else values.bias_wd_mult
    total = -(-job.most // values.mini_batch_size) * values.epochs
    best, waited, done = np.inf, 0, 0
    for epoch in range(values.epochs):
        losses_of_epoch = np.zeros(len(tried) + 1)
        for chosen in job.batches(values.mini_batch_size, epoch):
            batch = rows[chosen]
            value, slope = measure(now.scores(batch), labels[chosen])
            if binary:
                slope = slope * np.where(raw[chosen, None] > 0.5, tried.positive, 1.0)[:, :, None]
            elif class_weights is not None:
                slope = slope * class_weights[raw[chosen].astype(np.int64)][:, None, None]
            steep = np.asarray(batch.T @ slope.reshape(len(chosen), now.bias.size))
            sums = job.group.total(
                np.concatenate([steep.ravel(), slope.sum(axis=0).ravel(), value.sum(axis=0), [len(chosen)]])
            )
            losses_of_epoch += sums[-len(tried) - 1 :]
            sums, count = sums[: -len(tried) - 1] / sums[-1], now.weights.size
            rate = tried.rate * _schedule(values, done, total)
            down = sums[:count].reshape(now.weights.shape) + tried.wd[:, None] * now.weights
            down += tried.l1[:, None] * np.sign(now.weights)
            now.weights += own.step(down, rate[:, None])
            if values.use_bias:
                fall = sums[count:].reshape(now.bias.shape) + bias_decay * tried.wd[:, None] * now.bias
                now.bias += bias.step(fall, bias_rate * rate[:, None])
            done += 1
        trained = losses_of_epoch[:-1] / losses_of_epoch[-1]
        job.measured("train", "objective_loss", float(trained.min()), epoch=epoch)
        watched = trained
        if "validation" in job.tables:
            watched = _validated(job, now, scaling)
            job.measured("validation", "objective_loss", float(watched.min()), epoch=epoch)
        job.progress((epoch + 1) / values.epochs)
        if not np.isfinite(trained).any():
            raise ClientError("The loss of every model is infinite: learning_rate is too high. Lower it.")
        waited = (
            0
            if best - np.nanmin(watched) > values.early_stopping_tolerance * abs(best) or best == np.inf
            else waited + 1
        )
        best = min(best, float(np.nanmin(watched)))
        if waited >= values.early_stopping_patience:
            say(f"No improvement in {waited} epochs: training ends early.")
            break
    return now


def _schedule(values: Any, step: int, total: int) -> float:
    """The share of the learning rate that is left: auto is 0.7 after each tenth of the training, 1 % at least."""
    if not values.use_lr_scheduler:
        return 1.0
    every = max(1, total // 10) if values.lr_scheduler_step == "auto" else values.lr_scheduler_step
    factor = 0.7 if values.lr_scheduler_factor == "auto" else values.lr_scheduler_factor
    least = 0.01
    if values.lr_scheduler_minimum_lr != "auto":
        given = 0.1 if values.learning_rate == "auto" else values.learning_rate
        least = min(1.0, values.lr_scheduler_minimum_lr / given)
    return max(least, float(factor ** (step // every)))


def _validated(job: Job, now: Parameters, scaling: Scaling) -> Array:
    """Each model's mean loss on the validation channel, in the scale of training."""
    table = job.tables["validation"]
    measure = losses.loss(loss_name(job.values), job.values)
    labels = scaling.labels(np.asarray(table.labels, np.float64))
    value, _ = measure(now.scores(scaling.features(table.features)), labels)
    return job.group.total(value.sum(axis=0)) / job.rows["validation"]


def _chosen(job: Job, parameters: Parameters, scaling: Scaling, measure: losses.Loss) -> tuple[int, float | None]:
    """The best model, by rows of the validation channel; of the training channel where there is none."""
    table = job.tables.get("validation", job.train)
    count = job.values.num_calibration_samples
    if count == "auto":
        count = max(1000, _CALIBRATION // parameters.bias.size)
    own = -(-count // len(job.group.hosts))
    if len(table) > own:
        table = table.rows(np.sort(np.random.default_rng(SEED).choice(len(table), own, replace=False)))
    scores = job.group.gather(parameters.scores(scaling.features(table.features)))
    labels = job.group.gather(scaling.labels(np.asarray(table.labels, np.float64)))
    means = np.nan_to_num(measure(scores, labels)[0].mean(axis=0), nan=np.inf)
    return selection.best(job.values, scores, means, labels)


ALGORITHM = Algorithm("Linear Learner", train, {"train": True, "validation": True, "test": True}, check, sparse=True)
