"""A user's script for AWS's scikit-learn container: trains on what SM_CHANNEL_TRAIN holds, and serves."""

import argparse
import os
from pathlib import Path

import joblib
import pandas
from sklearn.ensemble import RandomForestRegressor


def model_fn(model_dir):
    return joblib.load(Path(model_dir, "model.joblib"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--n-estimators", type=int, default=10)
    parser.add_argument("--model-dir", default=os.environ["SM_MODEL_DIR"])
    parser.add_argument("--train", default=os.environ["SM_CHANNEL_TRAIN"])
    arguments = parser.parse_args()
    rows = pandas.read_csv(next(Path(arguments.train).iterdir()), header=None).to_numpy()
    model = RandomForestRegressor(arguments.n_estimators, random_state=1).fit(rows[:, 1:], rows[:, 0])
    print(f"{os.environ['SM_CURRENT_HOST']} of {os.environ['SM_HOSTS']}: R² {model.score(rows[:, 1:], rows[:, 0]):.3f}")
    if os.environ["SM_CURRENT_HOST"] == "algo-1":
        joblib.dump(model, Path(arguments.model_dir, "model.joblib"))
