"""Customers in, rows to train on and rows to judge by out: the label first, no header."""

from pathlib import Path

import pandas as pd

WORK = Path("/opt/ml/processing")

customers = pd.read_csv(WORK / "input/customers/customers.csv").sample(frac=1, random_state=2)
for name, rows in {"train": customers[:3000], "validation": customers[3000:]}.items():
    rows.to_csv(WORK / name / "rows.csv", index=False, header=False)
    print(name, len(rows))
