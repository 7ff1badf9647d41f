"""Run by a Python that has scikit-learn: real data as CSV files, and what scikit-learn itself makes of them.

Its argument is the folder for the files; what it found goes to baselines.json there.
"""

import json
import sys
from pathlib import Path

import numpy as np
from sklearn import datasets
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import accuracy_score, mean_squared_error, roc_auc_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

folder = Path(sys.argv[1])
found = {}


def split(name, loaded):
    """Four fifths to train on, the rest to test; in an order of its own, since some are sorted."""
    order = np.random.default_rng(0).permutation(len(loaded.data))
    rows = np.column_stack((loaded.target, loaded.data)).astype(np.float32)[order]
    cut = len(rows) * 4 // 5
    for part, own in (("train", rows[:cut]), ("test", rows[cut:])):
        np.savetxt(folder / f"{name}-{part}.csv", own, delimiter=",", fmt="%.9g")
        np.savetxt(folder / f"{name}-{part}-features.csv", own[:, 1:], delimiter=",", fmt="%.9g")
    return rows[:cut, 1:], rows[:cut, 0], rows[cut:, 1:], rows[cut:, 0]


train, labels, test, truth = split("digits", datasets.load_digits())
fitted = [KMeans(10, n_init=1, random_state=seed).fit(train) for seed in range(3)]
found["kmeans"] = [-one.score(test) / len(test) for one in fitted]
pca = PCA(8).fit(train)
kept = pca.inverse_transform(pca.transform(test))
found["pca"] = {
    "mse": float(((test - kept) ** 2).mean()),
    "values": pca.singular_values_[::-1].tolist(),
    "first": np.abs(pca.transform(test[:1]))[0, ::-1].tolist(),
}
words = np.maximum(train.sum(axis=0), 1e-9) / train.sum()
found["one topic"] = float((test * np.log(words)).sum() / test.sum())
found["knn"] = KNeighborsClassifier(5).fit(train, labels).score(test, truth)
scaler = StandardScaler().fit(train)
multi = LogisticRegression(max_iter=1000).fit(scaler.transform(train), labels)
found["multiclass"] = accuracy_score(truth, multi.predict(scaler.transform(test)))

linear = LogisticRegression(max_iter=2000).fit(train / 16, labels > 4)
found["above four"] = linear.score(test / 16, truth > 4)
straight = LinearRegression().fit(train, labels).predict(test)
found["digits rmse"] = mean_squared_error(truth, straight) ** 0.5

# Digits 0 to 4 are what is usual; of the others, every fifth that is unseen.
usual, odd = train[labels < 5], truth >= 5
kept = ~odd | (np.cumsum(odd) % 5 == 0)
np.savetxt(folder / "odd-train-features.csv", usual, delimiter=",", fmt="%.9g")
np.savetxt(folder / "odd-test-features.csv", test[kept], delimiter=",", fmt="%.9g")
np.savetxt(folder / "odd-test.csv", np.column_stack((odd, test))[kept], delimiter=",", fmt="%.9g")
isolated = [IsolationForest(random_state=seed).fit(usual) for seed in range(3)]
found["odd"] = min(roc_auc_score(odd[kept], -one.score_samples(test[kept])) for one in isolated)

train, labels, test, truth = split("cancer", datasets.load_breast_cancer())
scaler = StandardScaler().fit(train)
binary = LogisticRegression(max_iter=1000).fit(scaler.transform(train), labels)
found["binary"] = accuracy_score(truth, binary.predict(scaler.transform(test)))

train, labels, test, truth = split("diabetes", datasets.load_diabetes(scaled=False))
found["regression"] = mean_squared_error(truth, LinearRegression().fit(train, labels).predict(test))
found["constant"] = mean_squared_error(truth, np.full(len(truth), labels.mean()))

(folder / "baselines.json").write_text(json.dumps(found))
