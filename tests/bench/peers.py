"""The servers under measurement: Salvia, and moto's beside it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
ROLE = "arn:aws:iam::123456789012:role/SageMakerExecutionRole"
CREATE: dict[str, Any] = {
    "AlgorithmSpecification": {
        "TrainingImage": "811284229777.dkr.ecr.us-east-1.amazonaws.com/none:latest",
        "TrainingInputMode": "File",
    },
    "RoleArn": ROLE,
    "OutputDataConfig": {"S3OutputPath": "s3://my-bucket/output/"},
    "ResourceConfig": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 2, "VolumeSizeInGB": 50},
    "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
}
# moto has no way to load many jobs but its own Python: through its API a hundred thousand take five minutes.
_MOTO = """
import sys
from moto.sagemaker.models import FakeTrainingJob, sagemaker_backends
from moto.server import main
jobs = sagemaker_backends["123456789012"]["us-east-1"].training_jobs
empty = ("hyper_parameters", "vpc_config", "stopping_condition", "checkpoint_config", "debug_hook_config",
    "tensor_board_output_config", "experiment_config")
none = ("input_data_config", "tags", "debug_rule_configurations")
no = ("enable_network_isolation", "enable_inter_container_traffic_encryption", "enable_managed_spot_training")
kinds = {**{name: {} for name in empty}, **{name: [] for name in none}, **dict.fromkeys(no, False), "role_arn": "r",
    "algorithm_specification": {"TrainingInputMode": "File"}, "resource_config": {"InstanceType": "ml.m5.xlarge"},
    "output_data_config": {"S3OutputPath": "s3://my-bucket/output/"}}
for n in range(int(sys.argv[2])):
    jobs[f"row-{n}"] = FakeTrainingJob("123456789012", "us-east-1", training_job_name=f"row-{n}", **kinds)
main(["-p", sys.argv[1]])
"""


class Peer:
    """A server, its processes, and its best figures so far."""

    def __init__(self, name: str, url: str, pids: Callable[[], list[int]], keys: tuple[str, str]) -> None:
        self.name, self.url, self.pids, self.keys = name, url, pids, keys
        self.best: dict[str, float] = {}

    def client(self, service: str) -> Any:
        """A boto3 client with default settings."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=self.keys[0],
            aws_secret_access_key=self.keys[1],
            config=Config(s3={"addressing_style": "path"}),
        )

    def keep(self, figure: str, value: float) -> None:
        """Note a figure; the smallest counts."""
        self.best[figure] = min(value, self.best.get(figure, value))


def cpu(pids: list[int]) -> float:
    """Seconds of CPU that processes have burned."""
    total = 0.0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / _TICK
    return total


def resident(pids: list[int]) -> float:
    """MB of memory that processes hold, shared pages counted once each."""
    total = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total / 1024


def moto(port: int, rows: int) -> subprocess.Popen[bytes]:
    """moto's server with so many training jobs."""
    command = [sys.executable, "-c", _MOTO, str(port), str(rows)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def listens(port: int) -> bool:
    """Whether somebody answers on a port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
