"""The customers that every form of the loop is about: those that it knows, and those on whom its model is judged."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

import data


def customers():
    """Known and unseen, the label (`churn`) first."""
    rows = pd.get_dummies(data.churn(), dtype=int).sample(frac=1, random_state=1)
    return rows[:4000], rows[4000:]


def f1(predicted, actual):
    """The harmonic mean of precision and recall."""
    return 2 * (predicted & actual).sum() / (predicted.sum() + actual.sum())


def judge(scores, unseen):
    """Print how good an endpoint's answer is, and how good a rule is."""
    leaves, complains = unseen.churn.to_numpy() == 1, unseen.number_customer_service_calls.to_numpy() >= 4
    print()
    print(f"F1 of the registered model on {len(unseen):,} customers that it never saw: {f1(scores > 0.5, leaves):.3f}")
    print(f"F1 of the rule 'whoever has called the service four times leaves': {f1(complains, leaves):.3f}")


if __name__ == "__main__":  # for a shell: `make FOLDER` writes the tables, `judge FOLDER` reads the answer
    known, unseen = customers()
    folder = Path(sys.argv[2])
    if sys.argv[1] == "make":
        known.to_csv(folder / "customers.csv", index=False)
        unseen.iloc[:, 1:].to_csv(folder / "unseen.csv", index=False, header=False)
    else:
        judge(np.array(json.loads((folder / "scores.json").read_text())), unseen)
