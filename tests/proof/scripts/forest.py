"""A user's script: a random forest, by scikit-learn."""

import os
from pathlib import Path

import joblib
import numpy as np
from sklearn.ensemble import RandomForestClassifier


def train(rows, labels, seed=0):
    return RandomForestClassifier(200, random_state=seed).fit(rows, labels)


def model_fn(directory):
    return joblib.load(Path(directory, "model.joblib"))


def predict_fn(rows, model):
    return model.predict_proba(rows)[:, 1]


if __name__ == "__main__":
    parts = [np.loadtxt(path, delimiter=",") for path in sorted(Path(os.environ["SM_CHANNEL_TRAIN"]).iterdir())]
    known = np.concatenate(parts)
    joblib.dump(train(known[:, 1:], known[:, 0]), Path(os.environ["SM_MODEL_DIR"], "model.joblib"))
