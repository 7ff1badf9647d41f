"""Run by the image's Python, without the image's program: what XGBoost itself makes of data and models.

Reads {"train": csv, "test": csv, "parameters": {…}, "rounds": n, "models": [file, …], "parquet": file} from standard
input; writes {"direct": rmse of a model trained directly, "models": rmse of each model, "apart": largest difference
between predictions of the direct model and each model, "rounds": of each model}. With "parquet", only copies the CSV
`train` there.
"""

import json
import sys

import numpy as np

sys.modules["sklearn"] = sys.modules["pandas"] = None  # three quarters of the time that `import xgboost` takes
import xgboost  # noqa: E402

request = json.load(sys.stdin)
if "parquet" in request:
    import duckdb

    duckdb.sql(f"COPY (FROM read_csv('{request['train']}', header = false)) TO '{request['parquet']}'")
    json.dump({}, sys.stdout)
    sys.exit()
train = np.loadtxt(request["train"], delimiter=",", dtype=np.float32, ndmin=2)
test = np.loadtxt(request["test"], delimiter=",", dtype=np.float32, ndmin=2)
direct = xgboost.train(
    request.get("parameters", {}),
    xgboost.DMatrix(train[:, 1:], train[:, 0]),
    num_boost_round=request.get("rounds", 10),
)
unseen = xgboost.DMatrix(test[:, 1:])
expected = direct.predict(unseen)


def rmse(predicted):
    return float(np.sqrt(np.mean((predicted - test[:, 0]) ** 2)))


answer = {"direct": rmse(expected), "models": [], "apart": [], "rounds": []}
for file in request.get("models", ()):
    booster = xgboost.Booster()
    booster.load_model(file)
    predicted = booster.predict(unseen)
    answer["models"].append(rmse(predicted))
    answer["apart"].append(float(np.abs(predicted - expected).max()))
    answer["rounds"].append(booster.num_boosted_rounds())
json.dump(answer, sys.stdout)
