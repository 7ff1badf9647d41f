"""A sample of the rows in an index of faiss.

Source: SageMaker developer guide, "How the k-NN Algorithm Works": sample, reduce dimensions, build the index. Each host
contributes its share of the sample; the leader builds.
"""

from __future__ import annotations

from types import SimpleNamespace

import faiss
import numpy as np
from salvia_toolkit.algorithm.artefact import Artefact
from salvia_toolkit.algorithm.failures import ClientError
from salvia_toolkit.algorithm.log import say
from salvia_toolkit.algorithm.training import SEED, Algorithm, Job
from salvia_toolkit.formats.matrix import Array

from . import reduction
from .model import Neighbors

_LEAST_FOR_PQ = 256  # faiss's product quantizer has so many centroids of 8 bits


def check(values: SimpleNamespace) -> None:
    """Raise ClientError for hyperparameters that do not go together."""
    target, ivfpq = values.dimension_reduction_target, values.index_type == "faiss.IVFPQ"
    if values.dimension_reduction_type and not target:
        raise ClientError("Hyperparameter dimension_reduction_target is required with dimension_reduction_type.")
    if target and not values.dimension_reduction_type:
        raise ClientError("Hyperparameter dimension_reduction_type is required with dimension_reduction_target.")
    if target and target >= values.feature_dim:
        raise ClientError(
            f"Hyperparameter dimension_reduction_target is {target}; it must be less than feature_dim, "
            f"{values.feature_dim}."
        )
    if ivfpq and values.faiss_index_pq_m is None:
        raise ClientError("Hyperparameter faiss_index_pq_m is required with index_type faiss.IVFPQ.")
    if ivfpq and values.index_metric != "L2":
        raise ClientError(f"Hyperparameter index_metric: {values.index_metric} does not go with faiss.IVFPQ. Use L2.")


def train(job: Job) -> Artefact:
    """The index, and the label of each of its rows."""
    values = job.values
    rows, labels = _sample(job)
    if len(rows) < values.k:
        raise ClientError(f"Hyperparameter k is {values.k}, but only {len(rows)} rows are sampled.")
    settings = {
        name: getattr(values, name) for name in ("k", "predictor_type", "index_type", "index_metric", "feature_dim")
    }
    arrays: dict[str, Array] = {"labels": labels.astype(np.float32)}
    multiple = int(values.faiss_index_pq_m or 1) if values.index_type == "faiss.IVFPQ" else 1
    if values.dimension_reduction_type:
        target = -(-values.dimension_reduction_target // multiple) * multiple
        arrays["reduction"] = reduction.matrix(values.dimension_reduction_type, job.columns, target)
    elif job.columns % multiple:
        arrays["reduction"] = np.eye(job.columns, -(-job.columns // multiple) * multiple, dtype=np.float32)
    # Every host builds it: faiss is the same everywhere, and each scores its share of the test channel.
    arrays["index"] = faiss.serialize_index(_index(values, Neighbors.prepared(rows, arrays, settings)))
    job.progress(1.0)
    artefact = Artefact(arrays, settings)
    if "test" in job.tables:
        _score(job, Neighbors(artefact))
    return artefact


def _sample(job: Job) -> tuple[Array, Array]:
    """Rows and labels: all, or a random sample_size of them; a host gives in proportion to what it has."""
    own, wanted = job.train, job.values.sample_size
    if job.rows["train"] > wanted:
        random = np.random.default_rng([SEED, job.group.rank])
        share = -(-len(own) * wanted // job.rows["train"])
        own = own.rows(np.sort(random.choice(len(own), min(share, len(own)), replace=False)))
    rows = job.group.gather(own.features)[:wanted]
    return rows, job.group.gather(np.asarray(own.labels))[:wanted]


def _index(values: SimpleNamespace, rows: Array) -> faiss.Index:
    columns = rows.shape[1]
    metric = faiss.METRIC_L2 if values.index_metric == "L2" else faiss.METRIC_INNER_PRODUCT
    if values.index_type == "faiss.Flat":
        index = faiss.IndexFlat(columns, metric)
    else:
        lists = values.faiss_index_ivf_nlists
        lists = max(1, round(np.sqrt(values.sample_size))) if lists == "auto" else lists
        lists = min(lists, len(rows))
        coarse = faiss.IndexFlat(columns, metric)
        if values.index_type == "faiss.IVFPQ":
            if len(rows) < _LEAST_FOR_PQ:
                raise ClientError(f"index_type faiss.IVFPQ needs {_LEAST_FOR_PQ} sampled rows; there are {len(rows)}.")
            index = faiss.IndexIVFPQ(coarse, columns, lists, int(values.faiss_index_pq_m), 8)
        else:
            index = faiss.IndexIVFFlat(coarse, columns, lists, metric)
        index.nprobe = max(1, lists // 8)
        index.train(rows)
    index.add(rows)
    return index


def _score(job: Job, model: Neighbors) -> None:
    """A line for each mini-batch, as AWS's, and the metric of all."""
    table, size = job.tables["test"], job.values.mini_batch_size
    name = "accuracy" if job.values.predictor_type == "classifier" else "mse"
    right = 0.0
    for start in range(0, len(table), size):
        batch = table.rows(slice(start, start + size))
        predicted, labels = model.predict(batch.features, False)["predicted_label"], np.asarray(batch.labels)
        own = float((predicted == labels).sum() if name == "accuracy" else ((predicted - labels) ** 2).sum())
        say(f"#test_score ({job.host}) : ('{name}', {own / len(labels):.12g})")
        right += own
    value = float(job.group.total(np.array(right))) / job.rows["test"]
    job.measured("test", name, value, "score" if name == "accuracy" else "loss")


ALGORITHM = Algorithm("k-NN", train, {"train": True, "test": True}, check)
