"""A forest of random cut trees, each of a random sample.

Source: SageMaker developer guide, "How RCF Works"; Guha, Mishra, Roy, Schrijvers, "Robust Random Cut Forest Based
Anomaly Detection on Streams" (2016): a cut's dimension is chosen in proportion to the sample's extent in it, its place
evenly between the ends. Each host grows its share of the trees on its own rows.
"""

from __future__ import annotations

import numpy as np
from salvia_toolkit.algorithm.artefact import Artefact
from salvia_toolkit.algorithm.failures import ClientError
from salvia_toolkit.algorithm.measures import counts
from salvia_toolkit.algorithm.training import SEED, Algorithm, Job
from salvia_toolkit.formats.matrix import Array

from .model import Forest

_SIGMAS = 3.0  # "beyond three standard deviations from the mean score are considered anomalous": "Tune an RCF Model"


def train(job: Job) -> Artefact:
    """The forest: of all hosts, as many trees as were asked for."""
    group, values = job.group, job.values
    random = np.random.default_rng([SEED, group.rank])
    having = [rank for rank, told in enumerate(group.exchange({"rows": len(job.train)})) if told["rows"]]
    share = 0
    if group.rank in having:
        turn = having.index(group.rank)
        share = values.num_trees // len(having) + (turn < values.num_trees % len(having))
    size = min(values.num_samples_per_tree, -(-job.rows["train"] // len(having)))
    shape = (2 * size - 1, job.columns)
    trees = [_tree(job.train.features, size, shape, random) for _ in range(share)]
    arrays = {
        name: group.gather(_stacked([tree[name] for tree in trees], like, shape))
        for name, like in (("cut", 0.0), ("dimension", 0), ("left", 0), ("mass", 0), ("low", shape), ("high", shape))
    }
    job.progress(1.0)
    artefact = Artefact(arrays)
    if "test" in job.tables:
        _score(job, Forest(artefact))
    return artefact


def _tree(rows: Array, size: int, shape: tuple[int, int], random: np.random.Generator) -> dict[str, Array]:
    """Nodes of a tree, the root first; the right child of a node follows its left one, a leaf has none (0)."""
    sample = rows[random.choice(len(rows), min(size, len(rows)), replace=False)].astype(np.float32)
    tree = {
        "cut": np.zeros(shape[0], np.float32),
        "dimension": np.zeros(shape[0], np.int32),
        "left": np.zeros(shape[0], np.int32),
        "mass": np.zeros(shape[0], np.int32),
        "low": np.zeros(shape, np.float32),
        "high": np.zeros(shape, np.float32),
    }
    made, waiting = 1, [(0, sample)]
    while waiting:
        node, own = waiting.pop()
        low, high = own.min(axis=0), own.max(axis=0)
        tree["mass"][node], tree["low"][node], tree["high"][node] = len(own), low, high
        extent = high.astype(np.float64) - low
        if not extent.any():  # one point, or several that are the same
            continue
        ends = extent.cumsum()
        dimension = int(np.searchsorted(ends[:-1], random.random() * ends[-1], side="right"))
        below = np.nextafter(high[dimension], np.float32(-np.inf))  # so that something is to the right of the cut
        cut = min(np.float32(low[dimension] + random.random() * extent[dimension]), below)
        goes_left = own[:, dimension] <= cut
        tree["dimension"][node], tree["left"][node] = dimension, made
        tree["cut"][node] = cut
        waiting += [(made, own[goes_left]), (made + 1, own[~goes_left])]
        made += 2
    return tree


def _stacked(trees: list[Array], like: object, shape: tuple[int, int]) -> Array:
    if trees:
        return np.stack(trees)
    if isinstance(like, tuple):
        return np.empty((0, *shape), np.float32)
    return np.empty((0, shape[0]), np.float32 if isinstance(like, float) else np.int32)


def _score(job: Job, forest: Forest) -> None:
    """Accuracy, precision, recall and F1 of "more than three deviations above the mean", on a labelled channel."""
    table, size = job.tables["test"], job.values.mini_batch_size
    labels = np.asarray(table.labels)
    if ((labels != 0) & (labels != 1)).any():
        raise ClientError("Channel 'test' must have the label 1 for an anomaly and 0 for anything else.")
    parts = [forest.scores(table.features[start : start + size]) for start in range(0, len(table), size)]
    scores = job.group.gather(np.concatenate([np.empty(0), *parts]))
    found = counts(scores > scores.mean() + _SIGMAS * scores.std(), job.group.gather(labels))
    if "accuracy" in job.values.eval_metrics:
        job.measured("test", "accuracy", float(found.accuracy), "score")
    if "precision_recall_fscore" in job.values.eval_metrics:
        job.measured("test", "precision", float(found.precision), "score")
        job.measured("test", "recall", float(found.recall), "score")
        job.measured("test", "f1", float(found.f_beta()), "score")


ALGORITHM = Algorithm("Random Cut Forest", train, {"train": False, "test": True})
