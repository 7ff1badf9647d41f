"""A thousand models on one instance: each asked for, in memory that holds a part of them; and what a loaded one costs
beyond a model that has its endpoint for itself."""

from __future__ import annotations

import asyncio
import io
import random
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.bench import serving
from tests.bench.load import drive, invocation
from tests.bench.peers import ROLE, Peer
from tests.conftest import Server
from tests.endpoints import Endpoints

from salvia.images import image
from salvia.images.builder import Builder

_IMAGE = "811284229777.dkr.ecr.us-east-1.amazonaws.com/xgboost:latest"
_DATA = Path(__file__).resolve().parents[1] / "data" / "diabetes.csv"
_LIMIT = 96 << 20  # bytes that the model server may have: for fewer than half of them
_AT_ONCE, _ONE, _MANY, _ROUNDS = 8, 500, 5_000, 3
# Model N predicts about N, so that each is known by its answer.
_TRAIN = """
import sys, numpy, xgboost
rows = numpy.loadtxt(sys.argv[1], delimiter=",", dtype=numpy.float32)
labels = (rows[:, 0] - rows[:, 0].mean()) / rows[:, 0].std() / 10
data = xgboost.DMatrix(rows[:, 1:], labels)
for number in range(int(sys.argv[3])):
    data.set_label(labels + number)
    xgboost.train({"base_score": number, "nthread": 1}, data, 20).save_model(f"{sys.argv[2]}/{number}.ubj")
"""


def figures(server: Server, peer: Peer, images: Path, count: int) -> dict[str, float]:
    """Raises AssertionError when an answer is another model's, or none. `images` is where its environment is."""
    made = Endpoints(server)
    container = {"Image": _IMAGE, "Environment": {"SALVIA_MEMORY_LIMIT": str(_LIMIT)}}
    alone = {**container, "ModelDataUrl": f"s3://{made.bucket}/models/0.tar.gz"}
    many = {**container, "Mode": "MultiModel", "ModelDataUrl": f"s3://{made.bucket}/models/"}
    row = _DATA.read_bytes().splitlines()[0].partition(b",")[2]  # less its label
    size = _upload(server, made, images, count)
    shared, single = _endpoint(made, many), _endpoint(made, alone)
    before = _most_memory("SAGEMAKER_MULTI_MODEL=true")
    runtime = server.client("sagemaker-runtime", max_pool_connections=_AT_ONCE)

    def ask(number: int) -> float:
        began = time.monotonic()
        answer = runtime.invoke_endpoint(
            EndpointName=shared, TargetModel=f"{number}.tar.gz", ContentType="text/csv", Body=row
        )
        said = float(answer["Body"].read())
        assert abs(said - number) < 0.5, f"model {number} answered {said}"
        return time.monotonic() - began

    passes = []
    for numbers in (range(count), random.Random(0).sample(range(count), count)):
        began = time.monotonic()
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            took = sorted(pool.map(ask, numbers))
        passes.append((count / (time.monotonic() - began), took[count // 2] * 1000, took[count * 99 // 100] * 1000))
    most = _most_memory("SAGEMAKER_MULTI_MODEL=true")
    ask(0)
    ways = {
        "many": invocation(peer.url, peer.keys, shared, row, "0.tar.gz"),
        "single": invocation(peer.url, peer.keys, single, row),
    }
    rates = dict.fromkeys(ways, 0.0)
    p50 = dict.fromkeys(ways, 1000000000.0)
    for _ in range(_ROUNDS):
        for way, request in ways.items():
            rates[way] = max(rates[way], drive(peer.url, [request] * _MANY, 32)[0])
            p50[way] = min(p50[way], sorted(drive(peer.url, [request] * _ONE, 1)[1])[_ONE // 2] * 1000)
    for name in (shared, single):
        made.delete(name)
    return {
        f"{count} models of {size >> 10} KiB, each asked for once: requests/s": passes[0][0],
        "  p50 ms": passes[0][1],
        "  p99 ms": passes[0][2],
        "  again, in another order: requests/s": passes[1][0],
        "  memory of the server at most, of its limit": most / _LIMIT,
        "  memory of the server before, of its limit": before / _LIMIT,
        "a loaded model, 32 connections: requests/s": rates["many"],
        "  of a single model's": rates["many"] / rates["single"],
        "  one connection, p50 ms": p50["many"],
        "  more than a single model's, p50 ms": p50["many"] - p50["single"],
    }


def _upload(server: Server, made: Endpoints, images: Path, count: int) -> int:
    """Put the models below models/; returns the size of one."""
    python = asyncio.run(Builder(images).build(image.read(serving.IMAGES["salvia"]))).python
    with tempfile.TemporaryDirectory(prefix="salvia-bench-") as folder:
        subprocess.run([str(python), "-c", _TRAIN, str(_DATA), folder, str(count)], check=True)

        def put(number: int) -> int:
            model = Path(folder) / f"{number}.ubj"
            packed = io.BytesIO()
            with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=1) as tar:
                tar.add(model, "xgboost-model")
            made.s3.put_object(Bucket=made.bucket, Key=f"models/{number}.tar.gz", Body=packed.getvalue())
            return model.stat().st_size

        return max(map(put, range(count)))


def _endpoint(made: Endpoints, container: dict[str, Any]) -> str:
    name = made.name("model")
    made.sagemaker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=ROLE)
    return made.create(made.config(made.variant(name)))


def _most_memory(variable: str) -> int:
    """Bytes that the model server with a variable in its environment had in memory at once, at most."""
    return max(_peaks(variable))


def _peaks(variable: str) -> Iterator[int]:
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if variable.encode() in (process / "environ").read_bytes().split(b"\0"):
                status = (process / "status").read_text()
                yield int(status.partition("VmHWM:")[2].split()[0]) << 10
        except (OSError, IndexError):
            continue  # it ended meanwhile
