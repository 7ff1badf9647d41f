"""Ask an endpoint for every unseen row, through boto3: `invoke.py ENDPOINT ROWS.csv`, under `salvia exec`."""

from __future__ import annotations

import math
import sys
import time
from pathlib import Path

import boto3

_SHOWN = 5


def main(endpoint: str, rows: Path) -> None:
    runtime = boto3.client("sagemaker-runtime")
    errors, took = [], []
    for number, row in enumerate(rows.read_text().splitlines()):
        label, _, features = row.partition(",")
        began = time.perf_counter()
        answer = runtime.invoke_endpoint(EndpointName=endpoint, ContentType="text/csv", Body=features)["Body"].read()
        took.append((time.perf_counter() - began) * 1000)
        errors.append(float(answer) - float(label))
        if number < _SHOWN:
            print(f"  predicted {float(answer):7.1f}   was {float(label):5.0f}")
    took.sort()
    print(f"  RMSE {math.sqrt(sum(error**2 for error in errors) / len(errors)):8.3f}   over {len(errors)} rows")
    print(f"  latency, client's side: median {took[len(took) // 2]:.1f} ms, slowest {took[-1]:.1f} ms")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
