"""A million rows of CSV through a transform job, beside predicting them in one local process a core.

The local processes read with the image's own decoder, which is the fastest here, and write what they predict to files.
"""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import time
from pathlib import Path
from typing import Any

from tests.bench.serving import TRAIN
from tests.conftest import ROLE, Server, eventually
from tests.endpoints import archive

from salvia.images import image
from salvia.images.builder import Builder

_ROWS, _COLUMNS, _ROUNDS = 1_000_000, 10, 2
_ROOT = Path(__file__).resolve().parents[2]
_IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
_PREDICT = """
import sys, xgboost
from salvia_toolkit import formats
rows = formats.DECODERS[formats.CSV](open(sys.argv[2], "rb").read())
booster = xgboost.Booster({"nthread": 1}, model_file=sys.argv[1])
with open(sys.argv[2] + ".out", "w") as file:
    file.writelines(f"{score}\\n" for score in booster.inplace_predict(rows).tolist())
"""


def figures(server: Server, images: Path, folder: Path) -> dict[str, float]:
    """The best of each."""
    xgboost = asyncio.run(Builder(images).build(image.read(_ROOT / "containers" / "xgboost")))
    model = folder / "xgboost-model.ubj"
    subprocess.run([xgboost.python, "-c", TRAIN, str(model)], check=True)
    shares = _shares(folder)
    sagemaker, s3 = server.client("sagemaker"), server.client("s3")
    s3.create_bucket(Bucket="rows")
    s3.put_object(Bucket="rows", Key="model.tar.gz", Body=archive(**{"xgboost-model.ubj": model.read_bytes()}))
    s3.put_object(Bucket="rows", Key="in/rows.csv", Body=b"".join(share.read_bytes() for share in shares))
    container = {"Image": _IMAGE, "ModelDataUrl": "s3://rows/model.tar.gz"}
    sagemaker.create_model(ModelName="rows", PrimaryContainer=container, ExecutionRoleArn=ROLE)
    local, ours = [], []
    for number in range(_ROUNDS):
        began = time.perf_counter()
        command = [str(xgboost.python), "-c", _PREDICT, str(model)]
        for process in [subprocess.Popen([*command, str(share)], env={**xgboost.variables}) for share in shares]:
            assert process.wait() == 0
        local.append(time.perf_counter() - began)
        began = time.perf_counter()
        _transform(sagemaker, f"rows-{number}")
        ours.append(time.perf_counter() - began)
        stored = s3.get_object(Bucket="rows", Key=f"out/rows-{number}/rows.csv.out")["Body"].read()
        assert stored == b"".join(Path(f"{share}.out").read_bytes() for share in shares)
    return {
        "batch transform of 1 M rows, rows/s": _ROWS / min(ours),
        "  of one local process a core": min(local) / min(ours),
    }


def _shares(folder: Path) -> list[Path]:
    chance = random.Random(7)
    rows = [",".join(f"{chance.gauss(0, 1):.6f}" for _ in range(_COLUMNS)) + "\n" for _ in range(_ROWS // 100)]
    text = "".join(rows) * 100
    count = os.cpu_count() or 1
    lines = text.splitlines(keepends=True)
    shares = [folder / f"share-{number}.csv" for number in range(count)]
    for number, share in enumerate(shares):
        share.write_text("".join(lines[_ROWS * number // count : _ROWS * (number + 1) // count]))
    return shares


def _transform(sagemaker: Any, name: str) -> None:
    """From CreateTransformJob to Completed."""
    source = {"S3DataType": "S3Prefix", "S3Uri": "s3://rows/in/"}
    sagemaker.create_transform_job(
        TransformJobName=name,
        ModelName="rows",
        TransformInput={"DataSource": {"S3DataSource": source}, "ContentType": "text/csv", "SplitType": "Line"},
        TransformOutput={"S3OutputPath": f"s3://rows/out/{name}", "Accept": "text/csv", "AssembleWith": "Line"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
    )

    def ended() -> bool:
        job = sagemaker.describe_transform_job(TransformJobName=name)
        assert job["TransformJobStatus"] in ("InProgress", "Completed"), job.get("FailureReason")
        return bool(job["TransformJobStatus"] == "Completed")

    eventually(ended, 300, f"{name} completes")
