"""A library by itself, in the environment of an image that has it: `python direct.py NAME FOLDER SEED`.

Prints, as JSON, what it makes of the unseen rows: what an endpoint is asked, and answers. Those that begin with `no_`
are baselines.
"""

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np


def _rows(folder):
    """Labels and features to train on, features that are unseen."""
    parts = [np.loadtxt(path, delimiter=",", ndmin=2) for path in sorted((folder / "train").iterdir())]
    train, unseen = np.concatenate(parts), np.loadtxt(folder / "unseen", delimiter=",", ndmin=2)
    labelled = train.shape[1] > unseen.shape[1]
    return (train[:, 0], train[:, 1:], unseen) if labelled else (None, train, unseen)


def _validation(folder):
    """Labels and features."""
    parts = [np.loadtxt(path, delimiter=",", ndmin=2) for path in sorted((folder / "validation").iterdir())]
    rows = np.concatenate(parts)
    return rows[:, 0], rows[:, 1:]


def xgboost(folder, seed):
    import xgboost

    labels, train, unseen = _rows(folder)
    options = {"objective": "binary:logistic", "eta": 0.1, "max_depth": 5, "subsample": 0.8, "seed": seed}
    return xgboost.train(options, xgboost.DMatrix(train, labels), 100).predict(xgboost.DMatrix(unseen)).tolist()


def lightgbm(folder, seed):
    """What the row does not set is as AWS's defaults have it."""
    import lightgbm

    labels, train, unseen = _rows(folder)
    judged, validation = _validation(folder)
    options = {
        "objective": "binary",
        "learning_rate": 0.1,
        "num_leaves": 31,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "feature_fraction": 0.9,
        "max_depth": 6,
        "min_data_in_leaf": 3,
    }
    options |= {"seed": seed, "verbosity": -1, "num_threads": 1}
    rows = lightgbm.Dataset(train, labels)
    judges, stop = lightgbm.Dataset(validation, judged, reference=rows), lightgbm.early_stopping(10, verbose=False)
    return lightgbm.train(options, rows, 100, valid_sets=[judges], callbacks=[stop]).predict(unseen).tolist()


def catboost(folder, seed):
    """What the row does not set is as AWS's defaults have it."""
    import catboost

    labels, train, unseen = _rows(folder)
    judged, validation = _validation(folder)
    model = catboost.CatBoostClassifier(
        iterations=300,
        learning_rate=0.1,
        eval_metric="AUC",
        early_stopping_rounds=5,
        random_seed=seed,
        verbose=False,
        allow_writing_files=False,
    )
    return model.fit(train, labels, eval_set=(validation, judged)).predict_proba(unseen)[:, 1].tolist()


def autogluon(folder, seed):
    """With the preset that is AWS's default."""
    import tempfile

    import pandas as pd
    from autogluon.tabular import TabularPredictor

    labels, train, unseen = _rows(folder)
    judged, validation = _validation(folder)
    chosen = np.random.default_rng(seed).choice(len(train), len(train))  # it has no chance of its own

    def table(rows, **more):
        return pd.DataFrame(rows, columns=[f"column_{place}" for place in range(rows.shape[1])]).assign(**more)

    with tempfile.TemporaryDirectory() as place:
        predictor = TabularPredictor("label", problem_type="binary", eval_metric="roc_auc", path=place, verbosity=0)
        predictor.fit(
            table(train[chosen], label=labels[chosen].astype(int)),
            tuning_data=table(validation, label=judged.astype(int)),
            presets="medium_quality",
        )
        return predictor.predict_proba(table(unseen))[1].tolist()


def logistic(folder, seed):
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    labels, train, unseen = _rows(folder)
    chosen = np.random.default_rng(seed).choice(len(train), len(train))  # it has no chance of its own
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(train[chosen], labels[chosen])
    return model.predict_proba(unseen)[:, 1].tolist()


def nearest(folder, seed):
    import faiss

    labels, train, unseen = _rows(folder)
    chosen = np.random.default_rng(seed).choice(len(train), 3000, replace=False)
    index = faiss.IndexFlatL2(train.shape[1])
    index.add(train[chosen].astype(np.float32))
    _, found = index.search(unseen.astype(np.float32), 5)
    return (labels[chosen][found].mean(axis=1) > 0.5).astype(int).tolist()


def kmeans(folder, seed):
    from sklearn.cluster import KMeans

    _, train, unseen = _rows(folder)
    return KMeans(8, n_init=4, random_state=seed).fit(train).transform(unseen).min(axis=1).tolist()


def pca(folder, seed):
    from sklearn.decomposition import PCA

    _, train, unseen = _rows(folder)
    chosen = np.random.default_rng(seed).choice(len(train), len(train))
    return PCA(3).fit(train[chosen]).transform(unseen).tolist()


def lda(folder, seed):
    """How likely a word is, by the mixture of its document, as the metric has it."""
    from sklearn.decomposition import LatentDirichletAllocation

    _, train, unseen = _rows(folder)
    model = LatentDirichletAllocation(5, doc_topic_prior=0.2, max_iter=30, random_state=seed).fit(train)
    topics = model.components_ / model.components_.sum(axis=1, keepdims=True)
    return float((unseen * np.log(model.transform(unseen) @ topics)).sum() / unseen.sum())


def fasttext(folder, seed):
    import fasttext

    joined = folder / "joined.txt"
    joined.write_text("".join(path.read_text() for path in sorted((folder / "train").iterdir())))
    options = {"lr": 0.25, "epoch": 10, "wordNgrams": 2, "dim": 50, "minCount": 2, "thread": 2, "seed": seed}
    model = fasttext.train_supervised(str(joined), verbose=0, **options)
    texts = [json.loads(line)["source"] for line in (folder / "unseen").read_text().splitlines()]
    return [model.f.predict(text + "\n", 1, 0.0, "strict")[0][1].removeprefix("__label__") for text in texts]


def tfidf(folder, seed):
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    lines = "".join(path.read_text() for path in sorted((folder / "train").iterdir())).splitlines()
    lines = np.random.default_rng(seed).choice(lines, len(lines))
    labels, texts = zip(*(line.split(" ", 1) for line in lines), strict=True)
    features = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    model = LogisticRegression(C=10).fit(features.fit_transform(texts), labels)
    asked = [json.loads(line)["source"] for line in (folder / "unseen").read_text().splitlines()]
    return [label.removeprefix("__label__") for label in model.predict(features.transform(asked))]


def no_features(folder, seed):
    """Chance."""
    _, _, unseen = _rows(folder)
    return [0.0] * len(unseen)


def no_forest(folder, seed):
    """How far from the mean."""
    _, train, unseen = _rows(folder)
    return np.linalg.norm((unseen - train.mean(axis=0)) / train.std(axis=0), axis=1).tolist()


def no_clusters(folder, seed):
    """The distance from the mean, which is one cluster."""
    _, train, unseen = _rows(folder)
    return np.linalg.norm(unseen - train.mean(axis=0), axis=1).tolist()


def no_projection(folder, seed):
    """Three of the columns as they are."""
    _, train, unseen = _rows(folder)
    return (unseen - train.mean(axis=0))[:, :3].tolist()


def no_topics(folder, seed):
    """How likely a word is by how frequent it is."""
    _, train, unseen = _rows(folder)
    share = (train.sum(axis=0) + 1) / (train.sum() + train.shape[1])
    return float((unseen * np.log(share)).sum() / unseen.sum())


def no_mixture(folder, seed):
    """The same, as a loss."""
    return -no_topics(folder, seed)


def no_network(folder, seed):
    """Whether the user had the address before."""
    known = {line for path in (folder / "train").iterdir() for line in path.read_text().splitlines()}
    return [float(line in known) for line in (folder / "unseen").read_text().splitlines()]


def no_model(folder, seed):
    """What was a year before, as each of the nine quantiles."""
    lines = (folder / "unseen").read_text().splitlines()
    return [[json.loads(line)["target"][-12:]] * 9 for line in lines]


def no_factors(folder, seed):
    """The biases of films, and then of users."""
    import csv

    known, asked = (list(csv.DictReader((folder / name).open())) for name in ("known.csv", "asked.csv"))
    mean = float(np.mean([float(row["rating"]) for row in known]))
    bias = {"item": {}, "user": {}}

    def said(row):
        return mean + sum(bias[who].get(row[who], 0.0) for who in bias)

    for who, found in bias.items():
        left = {}
        for row in known:
            left.setdefault(row[who], []).append(float(row["rating"]) - said(row))
        found.update({name: sum(own) / (len(own) + 5) for name, own in left.items()})
    return [said(row) for row in asked]


def no_words(folder, seed):
    """The more frequent label."""
    return ["1"] * len(json.loads((folder / "labels.json").read_text()))


def no_series(folder, seed):
    """The label of the series that is least far away."""
    labels, train, unseen = _rows(folder)
    return [str(int(labels[np.linalg.norm(train - one, axis=1).argmin()])) for one in unseen]


def script(folder, seed, path):
    """The functions of a script, called one after another."""
    spec = importlib.util.spec_from_file_location("script", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if hasattr(module, "directly"):
        return module.directly(folder, seed)
    labels, train, unseen = _rows(folder)
    return np.asarray(module.predict_fn(unseen, module.train(train, labels, seed))).tolist()


if __name__ == "__main__":
    given = sys.argv[1]
    more = [given] if given.endswith(".py") else []
    function = script if more else globals()[given]
    print(json.dumps(function(Path(sys.argv[2]), int(sys.argv[3]), *more)))
