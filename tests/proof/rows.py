"""The table's rows: an image each, on real data, beside its library by itself or a baseline."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

_ALGORITHMS = "382416733822.dkr.ecr.us-east-1.amazonaws.com"
_OURS = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
_ALONE = "— (AWS's neither)"
_OWN_ALONE = "— (refused)"
ROWLESS = ("base-python",)  # it has no library to be compared with
_CHURN: dict[str, Any] = {"data": "churn", "measure": "AUC", "baseline": "no_features"}


@dataclass(frozen=True)
class Row:
    """What is trained, on what, and what it is compared with."""

    image: str  # its folder
    uri: str  # the name that a request gives it
    data: str  # a function of data.py
    measure: str  # one of measures.py, or a metric of the job
    baseline: str  # a function of direct.py, that it has to beat
    member: str = "score"  # of an answer
    direct: str = ""  # a function of direct.py, or a script; none: the code is Salvia's own
    where: str = ""  # the image whose environment has that library; its own, if nothing is said
    hyperparameters: dict[str, Any] = field(default_factory=dict)
    content: str = "text/csv"  # of the training data
    asked: str = "text/csv"  # of the unseen rows
    accept: str = "application/jsonlines"
    script: str = ""
    served_alone: bool = False  # the model needs no script
    serves: str = ""  # the name that serves, if it is another
    channels: tuple[str, ...] = ("train",)
    alone: str = ""  # why it does not train on two instances


def _tabular(name: str, **more: Any) -> Row:
    given = {**_CHURN, "data": "customers", "channels": ("train", "validation"), **more}
    return Row(name, f"{_OURS}/{name}:latest", member="probabilities", **given)


ROWS = (
    Row(
        "xgboost",
        "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1",
        direct="xgboost",
        hyperparameters={
            "objective": "binary:logistic",
            "eta": 0.1,
            "max_depth": 5,
            "subsample": 0.8,
            "num_round": 100,
            "seed": 4,  # none of the library's
        },
        **_CHURN,
    ),
    Row(
        "scikit-learn",
        "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3",
        direct="forest.py",
        script="forest.py",
        alone="— (the script runs on each by itself)",
        **_CHURN,
    ),
    Row(
        "pytorch",
        "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.6.0-cpu-py312",
        direct="network.py",
        script="network.py",
        serves="763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.6.0-cpu-py312",
        hyperparameters={"sagemaker_torch_distributed_enabled": True, "sagemaker_instance_type": "ml.m5.large"},
        **_CHURN,
    ),
    Row(
        "tensorflow",
        "763104351884.dkr.ecr.us-east-1.amazonaws.com/tensorflow-training:2.18.0-cpu-py310",
        direct="mirrored.py",
        script="mirrored.py",
        serves="763104351884.dkr.ecr.us-east-1.amazonaws.com/tensorflow-inference:2.18.0-cpu",
        served_alone=True,
        accept="application/json",
        hyperparameters={"sagemaker_multi_worker_mirrored_strategy_enabled": True},
        **_CHURN,
    ),
    Row(
        "huggingface",
        "763104351884.dkr.ecr.us-east-1.amazonaws.com/"
        "huggingface-pytorch-training:2.8.0-transformers4.56.2-cpu-py312-ubuntu22.04",
        "remarks",
        "accuracy",
        "no_words",
        member="label",
        direct="transformer.py",
        script="transformer.py",
        serves="763104351884.dkr.ecr.us-east-1.amazonaws.com/"
        "huggingface-pytorch-inference:2.6.0-transformers4.51.3-cpu-py312-ubuntu22.04",
        served_alone=True,
        hyperparameters={"sagemaker_torch_distributed_enabled": True, "sagemaker_instance_type": "ml.m5.large"},
    ),
    Row(
        "distribution",
        "885854791233.dkr.ecr.us-east-1.amazonaws.com/sagemaker-distribution-prod:3.2.0-cpu",
        direct="forest.py",
        script="forest.py",
        alone="— (the script runs on each by itself)",
        **_CHURN,
    ),
    Row(
        "linear-learner",
        f"{_ALGORITHMS}/linear-learner:1",
        direct="logistic",
        where="scikit-learn",
        hyperparameters={"predictor_type": "binary_classifier", "epochs": 15, "mini_batch_size": 100},
        **_CHURN,
    ),
    Row(
        "knn",
        f"{_ALGORITHMS}/knn:1",
        "churn",
        "accuracy",
        "no_features",
        member="predicted_label",
        direct="nearest",
        hyperparameters={"k": 5, "sample_size": 3000, "predictor_type": "classifier", "feature_dim": 19},
    ),
    Row(
        "kmeans",
        f"{_ALGORITHMS}/kmeans:1",
        "shuttle",
        "mean square distance",
        "no_clusters",
        member="distance_to_cluster",
        direct="kmeans",
        where="scikit-learn",
        hyperparameters={"k": 8, "feature_dim": 9, "epochs": 5, "mini_batch_size": 500},
        content="text/csv;label_size=0",
    ),
    Row(
        "pca",
        f"{_ALGORITHMS}/pca:1",
        "shuttle",
        "variance",
        "no_projection",
        member="projection",
        direct="pca",
        where="scikit-learn",
        hyperparameters={"num_components": 3, "feature_dim": 9, "subtract_mean": True, "mini_batch_size": 500},
        content="text/csv;label_size=0",
    ),
    Row(
        "randomcutforest",
        f"{_ALGORITHMS}/randomcutforest:1",
        "shuttle",
        "AUC",
        "no_forest",
        hyperparameters={"num_samples_per_tree": 14, "num_trees": 100, "feature_dim": 9},
        content="text/csv;label_size=0",
    ),
    Row(
        "factorization-machines",
        f"{_ALGORITHMS}/factorization-machines:1",
        "ratings",
        "RMSE",
        "no_factors",
        hyperparameters={
            "feature_dim": 2625,
            "num_factors": 16,
            "predictor_type": "regressor",
            "epochs": 10,
            "bias_init_method": "constant",
            "bias_init_value": 3.5,
            "bias_lr": 0.001,
            "linear_lr": 0.01,
            "linear_wd": 0.0002,
            "factors_lr": 0.005,
            "factors_wd": 0.0003,
            "factors_init_sigma": 0.05,
            "mini_batch_size": 500,
        },
        content="application/x-recordio-protobuf",
        asked="application/x-recordio-protobuf",
    ),
    Row(
        "lda",
        "766337827248.dkr.ecr.us-east-1.amazonaws.com/lda:1",
        "words",
        "test:pwll",
        "no_topics",
        member="topic_mixture",
        direct="lda",
        where="scikit-learn",
        hyperparameters={"num_topics": 5, "feature_dim": 1000, "mini_batch_size": 2000},
        content="text/csv;label_size=0",
        channels=("train", "test"),
        alone=_ALONE,
    ),
    Row(
        "ntm",
        f"{_ALGORITHMS}/ntm:1",
        "words",
        "test:total_loss",
        "no_mixture",
        member="topic_weights",
        hyperparameters={
            "num_topics": 20,
            "feature_dim": 1000,
            "epochs": 60,
            "optimizer": "adam",
            "learning_rate": 0.01,
            "mini_batch_size": 200,
            "tolerance": 1e-6,
            "num_patience_epochs": 10,
        },
        content="text/csv;label_size=0",
        channels=("train", "test"),
    ),
    Row(
        "ipinsights",
        f"{_ALGORITHMS}/ipinsights:1",
        "logins",
        "AUC",
        "no_network",
        member="dot_product",
        hyperparameters={
            "num_entity_vectors": 1000,
            "vector_dim": 32,
            "epochs": 15,
            "learning_rate": 0.01,
            "mini_batch_size": 500,
        },
    ),
    Row(
        "forecasting-deepar",
        "522234722520.dkr.ecr.us-east-1.amazonaws.com/forecasting-deepar:1",
        "employment",
        "quantile loss",
        "no_model",
        member="quantiles",
        hyperparameters={
            "time_freq": "M",
            "context_length": 24,
            "prediction_length": 12,
            "epochs": 20,
            "learning_rate": 0.005,
            "likelihood": "student-T",
            "mini_batch_size": 64,
        },
        content="application/jsonlines",
        asked="application/jsonlines",
    ),
    _tabular(
        "lightgbm",
        direct="lightgbm",
        hyperparameters={
            "num_boost_round": 100,
            "learning_rate": 0.1,
            "num_leaves": 31,
            "bagging_fraction": 0.8,
            "bagging_freq": 1,
        },
    ),
    _tabular("catboost", direct="catboost", hyperparameters={"iterations": 300, "learning_rate": 0.1}, alone=_ALONE),
    _tabular("tabtransformer", hyperparameters={"n_epochs": 10}, alone=_ALONE, direct="logistic", where="scikit-learn"),
    _tabular("autogluon-tabular", direct="autogluon", alone=_ALONE),
    Row(
        "blazingtext",
        "811284229777.dkr.ecr.us-east-1.amazonaws.com/blazingtext:1",
        "reviews",
        "accuracy",
        "no_words",
        member="label",
        direct="fasttext",
        hyperparameters={
            "mode": "supervised",
            "epochs": 10,
            "word_ngrams": 2,
            "vector_dim": 50,
            "learning_rate": 0.25,
            "min_count": 2,
        },
        content="text/plain",
        asked="application/jsonlines",
        alone=_ALONE,
    ),
    Row(
        "text-classification",
        f"{_OURS}/text-classification:latest",
        "reviews",
        "accuracy",
        "no_words",
        member="predicted_label",
        direct="tfidf",
        hyperparameters={"word_ngrams": 2},
        content="text/plain",
        asked="application/jsonlines",
        alone=_OWN_ALONE,
    ),
    Row(
        "time-series-classification",
        f"{_OURS}/time-series-classification:latest",
        "leaves",
        "accuracy",
        "no_series",
        member="predicted_label",
        alone=_OWN_ALONE,
    ),
)
