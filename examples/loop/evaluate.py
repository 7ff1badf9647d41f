"""A model and rows that it has not seen in, its F1 out."""

import json
import tarfile
from pathlib import Path

import joblib
import numpy as np
from sklearn.metrics import f1_score

WORK = Path("/opt/ml/processing")

with tarfile.open(WORK / "input/model/model.tar.gz") as archive:
    model = joblib.load(archive.extractfile("model.joblib"))
rows = np.loadtxt(WORK / "input/validation/rows.csv", delimiter=",")
f1 = f1_score(rows[:, 0], model.predict(rows[:, 1:]))
report = {"binary_classification_metrics": {"f1": {"value": f1, "standard_deviation": "NaN"}}}
(WORK / "report/report.json").write_text(json.dumps(report))
print("F1", f1)
