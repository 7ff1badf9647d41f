"""Run by the image's Python, without the image's program: models as XGBoost itself writes them, and what it predicts.

Reads {"folder": path} from standard input, writes the models there and {"rows": csv, objective: predictions, …}.
"""

import json
import pickle
import sys
from pathlib import Path

import numpy as np
import xgboost

folder = Path(json.load(sys.stdin)["folder"])
random = np.random.default_rng(4)
features = random.normal(size=(300, 5)).astype(np.float32)
features[:20, 2] = np.nan
sums = np.nan_to_num(features).sum(axis=1)
LABELS = {
    "reg:squarederror": sums,
    "binary:logistic": sums > 0,
    "binary:logitraw": sums > 0,
    "binary:hinge": sums > 0,
    "multi:softmax": np.digitize(sums, [-1, 1]),
    "multi:softprob": np.digitize(sums, [-1, 1]),
    "count:poisson": np.abs(sums),
}
told = {"rows": [",".join("" if np.isnan(v) else repr(float(v)) for v in row) for row in features[18:24]]}
test = xgboost.DMatrix(features[18:24])


def save(name, booster):
    (folder / name).write_bytes(booster.save_raw("ubj"))
    told[name] = booster.predict(test).tolist()


for objective, labels in LABELS.items():
    classes = {"num_class": 3} if objective.startswith("multi") else {}
    given = {"objective": objective, "nthread": 1, **classes}
    trained = xgboost.train(given, xgboost.DMatrix(features, labels.astype(np.float32)), 8)
    save(objective, trained)
    if objective == "reg:squarederror":
        (folder / "json").write_bytes(trained.save_raw("json"))
        (folder / "pickle").write_bytes(pickle.dumps(trained))
        stopped = xgboost.train(
            given,
            xgboost.DMatrix(features[:200], labels[:200]),
            60,
            evals=[(xgboost.DMatrix(features[200:], random.normal(size=100)), "v")],
            early_stopping_rounds=2,
            verbose_eval=False,
        )
        (folder / "stopped").write_bytes(pickle.dumps(stopped))
        told["stopped"] = stopped.predict(test, iteration_range=(0, stopped.best_iteration + 1)).tolist()
        assert stopped.best_iteration + 1 < stopped.num_boosted_rounds()
labels = LABELS["reg:squarederror"]
save(
    "gblinear",
    xgboost.train({"booster": "gblinear", "nthread": 1}, xgboost.DMatrix(np.nan_to_num(features), labels), 8),
)
save("other", xgboost.train({"seed": 1, "max_depth": 2, "nthread": 1}, xgboost.DMatrix(features, labels), 3))
(folder / "sklearn").write_bytes(pickle.dumps(xgboost.XGBRegressor(n_estimators=2).fit(features, labels)))
json.dump(told, sys.stdout)
