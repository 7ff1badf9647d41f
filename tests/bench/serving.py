"""The model server beside others with the same model: one row a request, on unix sockets."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.load import drive
from tests.bench.peers import cpu
from tests.conftest import eventually

from salvia.agent.health import healthy
from salvia.images import image
from salvia.images.builder import Builder, Environment

_ROOT = Path(__file__).resolve().parents[2]
_OURS = {"salvia": _ROOT / "containers" / "xgboost"}
PEERS = {name: Path(__file__).parent / name for name in ("fastapi", "litserve")}
_ROUNDS, _ALONE, _LOADED = 3, 1500, 20_000
_ROW = ",".join(f"{0.1 * n:.17f}" for n in range(10)).encode()
_REQUEST = (
    b"POST /invocations HTTP/1.1\r\nHost: model\r\nContent-Type: text/csv\r\nAccept: text/csv\r\n"
    b"X-Amzn-SageMaker-Inference-Id: 00000000-0000-0000-0000-000000000000\r\nContent-Length: %d\r\n\r\n%b"
) % (len(_ROW), _ROW)
TRAIN = """
import sys, numpy, xgboost
rows = numpy.random.default_rng(0).normal(size=(5000, 10)).astype("f4")
xgboost.train({"nthread": 2}, xgboost.DMatrix(rows, rows.sum(axis=1)), 100).save_model(sys.argv[1])
"""


@contextmanager
def started(images: Path, *names: str) -> Iterator[dict[str, tuple[str, subprocess.Popen[bytes]]]]:
    """Servers of one model, by name: where each listens, and its process."""
    builder = Builder(images)
    known = _OURS | PEERS
    environments = {name: asyncio.run(builder.build(image.read(known[name]))) for name in {"salvia", *names}}
    with tempfile.TemporaryDirectory(prefix="salvia-bench-") as folder:
        model = Path(folder) / "model"
        model.mkdir()
        subprocess.run([environments["salvia"].python, "-c", TRAIN, str(model / "xgboost-model.ubj")], check=True)
        processes = {name: _start(environments[name], Path(folder), name) for name in names}
        try:
            yield {name: (f"unix:{folder}/{name}", process) for name, process in processes.items()}
        finally:
            for process in processes.values():
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def figures(images: Path) -> dict[str, dict[str, float]]:
    """Ours and FastAPI: requests a second at 32 connections, p50 in ms and CPU in µs a request at one and at 32."""
    best: dict[str, dict[str, float]] = {"salvia": {}, "fastapi": {}}
    with started(images, *best) as servers:
        for _ in range(_ROUNDS):
            for name, (url, process) in servers.items():
                _measure(url, process.pid, best[name])
    return best


def _start(environment: Environment, folder: Path, name: str) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        environment.argv(environment.image.serve),
        env={
            **environment.variables,
            "SAGEMAKER_BASE_DIR": str(folder),
            "PEER_MODEL": str(folder / "model" / "xgboost-model.ubj"),
            "SALVIA_BIND_TO_SOCKET": str(folder / name),
            "OMP_NUM_THREADS": str(os.cpu_count()),
        },
        stdout=subprocess.DEVNULL,
        start_new_session=True,  # some have workers
    )
    eventually(lambda: healthy(str(folder / name)), 60, f"{name} answers")
    return process


def _measure(url: str, pid: int, best: dict[str, float]) -> None:
    for connections, count in ((1, _ALONE), (32, _LOADED)):
        before = cpu([pid])
        rate, took = drive(url, [_REQUEST] * count, connections)
        figures = {
            f"c={connections}: p50 ms": sorted(took)[len(took) // 2] * 1000,
            f"c={connections}: server CPU µs a request": (cpu([pid]) - before) / count * 1e6,
        }
        for figure, value in figures.items():
            best[figure] = min(value, best.get(figure, value))
        best[f"c={connections}: requests/s"] = max(rate, best.get(f"c={connections}: requests/s", 0))
