"""Boosted trees of scikit-learn; and, on an endpoint, how they are loaded and asked."""

import argparse
import os
from pathlib import Path

import joblib
import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier


def model_fn(folder):
    return joblib.load(Path(folder) / "model.joblib")


def predict_fn(rows, model):
    """How likely each is to leave."""
    return model.predict_proba(np.atleast_2d(rows))[:, 1]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=100)
    rounds = parser.parse_args().rounds
    rows = np.loadtxt(Path(os.environ["SM_CHANNEL_TRAIN"]) / "rows.csv", delimiter=",")
    model = HistGradientBoostingClassifier(max_iter=rounds, max_depth=5, random_state=1)
    joblib.dump(model.fit(rows[:, 1:], rows[:, 0]), Path(os.environ["SM_MODEL_DIR"]) / "model.joblib")
