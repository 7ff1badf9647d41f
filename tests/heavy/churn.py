"""Real customers, some of whom left; and what libraries make of them without Salvia. Run in an image's environment.

churn.py rows FOLDER          train.csv and test.csv: the label first, then numbers and categories; categories.json
churn.py LIBRARY FOLDER       the area under the ROC curve of three seeds, as JSON
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

_TRAIN = 4000
_SEEDS = (1, 2, 3)


def rows(folder: Path) -> None:
    """Write the files."""
    sys.path.insert(0, str(Path(__file__).parents[2] / "examples"))
    import data

    found = data.churn().replace({"churn": {1: "yes", 0: "no"}}).sample(frac=1, random_state=7)
    found[:_TRAIN].to_csv(folder / "train.csv", header=False, index=False)
    found[_TRAIN:].to_csv(folder / "test.csv", header=False, index=False)
    words = [place for place, name in enumerate(found.columns) if place and found[name].dtype == object]
    (folder / "categories.json").write_text(json.dumps({"cat_index_list": words}))


def auc(scores: Any, left: Any) -> float:
    """The share of pairs, of one who left and one who did not, that are in the right order."""
    ranks = pd.Series(scores).rank().to_numpy()
    positive = int(left.sum())
    return float((ranks[left].sum() - positive * (positive + 1) / 2) / (positive * (len(left) - positive)))


def lightgbm(train: pd.DataFrame, other: pd.DataFrame, test: pd.DataFrame, seed: int) -> Any:
    """With the defaults of AWS's algorithm."""
    import lightgbm as library

    def data(table: pd.DataFrame) -> Any:
        return library.Dataset(table.drop(columns=0), table[0] == "yes", params={"verbosity": -1})

    settings = {
        "objective": "binary",
        "num_leaves": 64,
        "feature_fraction": 0.9,
        "bagging_fraction": 0.9,
        "bagging_freq": 1,
        "max_depth": 6,
        "min_data_in_leaf": 3,
        "seed": seed,
        "verbosity": -1,
    }
    first = data(train)
    booster = library.train(
        settings,
        first,
        100,
        [first.create_valid(other.drop(columns=0), other[0] == "yes")],
        callbacks=[library.early_stopping(10, verbose=False)],
    )
    return booster.predict(test.drop(columns=0))


def catboost(train: pd.DataFrame, other: pd.DataFrame, test: pd.DataFrame, seed: int) -> Any:
    """With the defaults of AWS's algorithm, but for the learning rate."""
    import catboost as library

    words = [name - 1 for name in train.columns if isinstance(train[name].dtype, pd.CategoricalDtype)]  # places
    model = library.CatBoostClassifier(
        iterations=500, learning_rate=0.1, depth=6, l2_leaf_reg=3, eval_metric="AUC", early_stopping_rounds=20,
        random_seed=seed, allow_writing_files=False, verbose=False, cat_features=words,
    )  # fmt: skip
    model.fit(train.drop(columns=0), train[0] == "yes", eval_set=(other.drop(columns=0), other[0] == "yes"))
    return model.predict_proba(test.drop(columns=0))[:, 1]


def autogluon(train: pd.DataFrame, other: pd.DataFrame, test: pd.DataFrame, seed: int) -> Any:
    """With the preset that is AWS's default."""
    from autogluon.tabular import TabularPredictor

    with tempfile.TemporaryDirectory() as place:
        predictor = TabularPredictor("left", eval_metric="roc_auc", path=place, verbosity=0)
        predictor.fit(
            train.rename(columns=str).rename(columns={"0": "left"}),
            tuning_data=other.rename(columns=str).rename(columns={"0": "left"}),
            time_limit=8,
            excluded_model_types=["NN_TORCH"],
        )
        return predictor.predict_proba(test.rename(columns=str).drop(columns="0"))["yes"]


def logistic(train: pd.DataFrame, other: pd.DataFrame, test: pd.DataFrame, seed: int) -> Any:
    """What a network has to beat: a line through scaled numbers and categories in columns of their own."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    known, asked = (pd.get_dummies(table.drop(columns=0)).to_numpy(float) for table in (train, test))
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000, random_state=seed))
    return model.fit(known, train[0] == "yes").predict_proba(asked)[:, 1]


def directly(library: Callable[..., Any], folder: Path) -> list[float]:
    """The area of three seeds; a fifth of the rows validates, another one for each."""
    train, test = (pd.read_csv(folder / name, header=None) for name in ("train.csv", "test.csv"))
    for place in json.loads((folder / "categories.json").read_text())["cat_index_list"]:
        kinds = pd.CategoricalDtype(sorted(train[place].unique()))
        train[place], test[place] = train[place].astype(kinds), test[place].astype(kinds)
    found = []
    for seed in _SEEDS:
        order = np.random.default_rng(seed).permutation(len(train))
        fifth = len(train) // 5
        scores = library(train.iloc[order[fifth:]], train.iloc[order[:fifth]], test, seed)
        found.append(auc(scores, (test[0] == "yes").to_numpy()))
    return found


if __name__ == "__main__":
    what, folder = sys.argv[1], Path(sys.argv[2])
    if what == "rows":
        rows(folder)
    else:
        print(json.dumps(directly(globals()[what], folder)))
