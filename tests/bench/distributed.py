"""What training on several instances costs: the same rows by 1, 2 and 4 of them, XGBoost's algorithm and PyTorch's DDP.

All instances are on one machine, so what is said is work for each second of CPU that the programs burn, their starts
left out, and whether the model is as good. A program's CPU is looked at while it runs.
"""

from __future__ import annotations

import random
import threading
from pathlib import Path
from typing import Any

from tests.bench.peers import cpu
from tests.conftest import Jobs, Server
from tests.contract.test_script_mode import start
from tests.contract.test_training_input import channel, put

_ROWS, _COLUMNS, _ROUNDS, _EPOCHS = 100_000, 20, 60, 6
_XGBOOST = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
_PYTORCH = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.6.0-cpu-py312"
_COUNTS = (1, 2, 4)
_SCRIPT = """
import argparse, os
from pathlib import Path

import numpy as np
import torch
from torch import distributed, nn

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int)
epochs = parser.parse_args().epochs
distributed.init_process_group("gloo")
torch.manual_seed(1)
torch.set_num_threads(1)
hosts, rank = distributed.get_world_size(), distributed.get_rank()
files = sorted(Path(os.environ["SM_CHANNEL_TRAIN"]).iterdir())
known = torch.tensor(np.concatenate([np.loadtxt(path, delimiter=",", dtype=np.float32) for path in files]))
labels, rows = known[:, 0], known[:, 1:]
layers = nn.Sequential(nn.Linear(rows.shape[1], 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 1))
model = nn.parallel.DistributedDataParallel(layers)
optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
loss = nn.functional.binary_cross_entropy_with_logits
for epoch in range(epochs):
    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(epoch))
    for batch in order.split(1024):
        own = batch[rank::hosts]
        optimizer.zero_grad()
        loss(model(rows[own])[:, 0], labels[own]).backward()
        optimizer.step()
with torch.no_grad():
    print(f"loss={loss(layers(rows)[:, 0], labels).item():.5f}")
"""


def figures(server: Server) -> dict[str, float]:
    """Rows for each second of CPU, and the loss, by the number of instances."""
    jobs = Jobs(server)
    uri = put(jobs, **{f"parts/{part}.csv": text for part, text in enumerate(_parts())})
    found = {}
    for name, many, few in (("XGBoost", _ROUNDS, 2), ("DDP", _EPOCHS, 1)):
        for count in _COUNTS:
            started, _ = _run(jobs, name, uri, few, count)
            burned, loss = _run(jobs, name, uri, many, count)
            found[f"{name} on {count}: thousand rows a CPU second"] = _ROWS * (many - few) / 1000 / (burned - started)
            found[f"{name} on {count}: loss"] = loss
    return found


def _parts() -> list[str]:
    """A file for each of four instances; labels that a line cannot tell."""
    chance = random.Random(7)
    lines = []
    for _ in range(_ROWS):
        row = [chance.gauss(0, 1) for _ in range(_COLUMNS)]
        label = row[0] * row[1] + row[2] + abs(row[3]) - 0.8 + chance.gauss(0, 0.5) > 0
        lines.append(f"{label:d}," + ",".join(f"{value:.4f}" for value in row) + "\n")
    return ["".join(lines[part::4]) for part in range(4)]


def _run(jobs: Jobs, name: str, uri: str, rounds: int, count: int) -> tuple[float, float]:
    """The CPU seconds of a job's programs, and the loss that it ended with."""
    job = (_xgboost if name == "XGBoost" else _ddp)(jobs, uri, rounds, count)
    with _Watch(job) as watch:
        described = jobs.ended(job, 900)
    assert described["TrainingJobStatus"] == "Completed", described.get("FailureReason")
    (loss,) = [
        one["Value"] for one in described["FinalMetricDataList"] if one["MetricName"] in ("train:logloss", "loss")
    ]
    return watch.burned, float(loss)


def _xgboost(jobs: Jobs, uri: str, rounds: int, count: int) -> str:
    told = {"objective": "binary:logistic", "num_round": rounds, "eval_metric": "logloss", "nthread": 1}
    spread: dict[str, Any] = {"S3DataDistributionType": "ShardedByS3Key"}
    return jobs.start(
        "",
        instances=count,
        AlgorithmSpecification={"TrainingImage": _XGBOOST, "TrainingInputMode": "File"},
        HyperParameters={key: str(value) for key, value in told.items()},
        InputDataConfig=[channel("train", f"{uri}/parts/", ContentType="text/csv", **spread)],
    )


def _ddp(jobs: Jobs, uri: str, epochs: int, count: int) -> str:
    metric = {"Name": "loss", "Regex": "loss=([0-9.]+)"}
    return start(
        jobs,
        _SCRIPT,
        {"sagemaker_torch_distributed_enabled": True, "sagemaker_instance_type": "ml.m5.large", "epochs": epochs},
        instances=count,
        AlgorithmSpecification={
            "TrainingImage": _PYTORCH,
            "TrainingInputMode": "File",
            "MetricDefinitions": [metric],
        },
        InputDataConfig=[channel("train", f"{uri}/parts/")],
    )


class _Watch:
    """Looks ten times a second at what each of a job's processes has burned; the last look at each counts."""

    def __init__(self, job: str) -> None:
        self._job = f"TRAINING_JOB_NAME={job}\0".encode()
        self._seen: dict[int, float] = {}
        self._over = threading.Event()
        self._looks = threading.Thread(target=self._look)

    @property
    def burned(self) -> float:
        """Seconds."""
        return sum(self._seen.values())

    def __enter__(self) -> _Watch:
        self._looks.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._looks.join()

    def _look(self) -> None:
        while not self._over.wait(0.1):
            for folder in Path("/proc").iterdir():
                if folder.name.isdecimal():
                    try:
                        if self._job in (folder / "environ").read_bytes():
                            self._seen[int(folder.name)] = cpu([int(folder.name)])
                    except (OSError, IndexError):
                        continue
