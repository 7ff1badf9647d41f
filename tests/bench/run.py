"""`make bench`: what Salvia costs, beside moto's server on the same calls, in one run.

Best of interleaved runs; ratios are what counts, since machines differ. Times are as a boto3 client sees
them, CPU is what the server process itself burned.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tests.conftest import Jobs, Server, eventually, free_port

_ROUNDS = 3
_CALLS = 200
_ROWS = 500
_TICK = os.sysconf("SC_CLK_TCK")
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


class Peer:
    """A server under measurement."""

    def __init__(self, name: str, url: str, pids: Callable[[], list[int]], keys: tuple[str, str]) -> None:
        self.name, self.url, self.pids, self.keys = name, url, pids, keys
        self.best: dict[str, float] = {}

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=self.keys[0],
            aws_secret_access_key=self.keys[1],
            config=Config(s3={"addressing_style": "path"}),
        )

    def cpu(self) -> float:
        total = 0.0
        for pid in self.pids():
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += (int(fields[11]) + int(fields[12])) / _TICK
        return total

    def keep(self, figure: str, value: float) -> None:
        self.best[figure] = min(value, self.best.get(figure, value))


def api(peer: Peer, round_: int) -> None:
    """Server CPU a request, in ms, on one kept-alive connection."""
    sagemaker = peer.client("sagemaker")
    names = [f"bench-{round_}-{n}" for n in range(_CALLS)]

    def each(figure: str, call: Callable[[str], Any]) -> None:
        before, began = peer.cpu(), time.perf_counter()
        for name in names:
            call(name)
        peer.keep(f"{figure}, server CPU ms", (peer.cpu() - before) / _CALLS * 1000)
        peer.keep(f"{figure}, client ms", (time.perf_counter() - began) / _CALLS * 1000)

    each("create", lambda name: sagemaker.create_training_job(TrainingJobName=name, **CREATE))
    each("describe", lambda name: sagemaker.describe_training_job(TrainingJobName=name))
    each("list 10", lambda name: sagemaker.list_training_jobs(MaxResults=10))
    each("list 100", lambda name: sagemaker.list_training_jobs(MaxResults=100))


def objects(peer: Peer, round_: int) -> None:
    """S3: 256 MiB and 1 KiB."""
    s3 = peer.client("s3")
    large, small = os.urandom(1 << 20) * 256, os.urandom(1024)
    began = time.perf_counter()
    s3.put_object(Bucket="bench", Key="large", Body=large)
    peer.keep("put 256 MiB, s", time.perf_counter() - began)
    began = time.perf_counter()
    size = sum(len(chunk) for chunk in s3.get_object(Bucket="bench", Key="large")["Body"].iter_chunks(1 << 20))
    peer.keep("get 256 MiB, s", time.perf_counter() - began)
    if size != len(large):
        raise SystemExit(f"{peer.name} returned {size} bytes")
    for figure, call in (
        ("put 1 KiB, ms", lambda n: s3.put_object(Bucket="bench", Key=f"small/{n}", Body=small)),
        ("get 1 KiB, ms", lambda n: s3.get_object(Bucket="bench", Key=f"small/{n}")["Body"].read()),
    ):
        began = time.perf_counter()
        for n in range(_CALLS):
            call(n)
        peer.keep(figure, (time.perf_counter() - began) / _CALLS * 1000)


def first_line(server: Server) -> dict[str, float]:
    """CreateTrainingJob to the program's first line, in ms: the program prints the time at which it started."""
    jobs = Jobs(server)
    for channel in ("train", "validation"):
        jobs.s3.put_object(Bucket=jobs.bucket, Key=f"{channel}/part", Body=os.urandom(1 << 20))
    channels = [
        {
            "ChannelName": name,
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{jobs.bucket}/{name}/"}},
        }
        for name in ("train", "validation")
    ]
    jobs.run("print(1)")  # builds the image's environment
    figures = {}
    for instances in (1, 2):
        took = []
        for _ in range(8):
            began = time.time()
            name = jobs.start("import time; print(repr(time.time()))", instances=instances, InputDataConfig=channels)
            jobs.ended(name)
            took.append((max(float(line) for line in jobs.lines(name)) - began) * 1000)
        figures[f"CreateTrainingJob to first line, {instances} instance(s), ms: best"] = min(took)
        figures[f"CreateTrainingJob to first line, {instances} instance(s), ms: median"] = sorted(took)[len(took) // 2]
    return figures


def main() -> None:
    home = Path(tempfile.mkdtemp(prefix="salvia-bench-"))
    shutil.copytree(Path(__file__).resolve().parents[1] / "images", home / "containers")
    server = Server(home, free_port())
    server.up()
    moto_port = free_port()
    moto = subprocess.Popen(
        [str(Path(sys.executable).parent / "moto_server"), "-p", str(moto_port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        figures = first_line(server)
        keys = (server.environment["AWS_ACCESS_KEY_ID"], server.environment["AWS_SECRET_ACCESS_KEY"])
        gateways = server.pids("gateway")
        peers = [
            Peer("salvia", server.url, lambda: gateways, keys),
            Peer("moto", f"http://127.0.0.1:{moto_port}", lambda: [moto.pid], ("test", "test")),
        ]
        eventually(lambda: _listens(moto_port), 30, "moto's server listens")
        for peer in peers:
            peer.client("s3").create_bucket(Bucket="bench")
            sagemaker = peer.client("sagemaker")
            for n in range(_ROWS):
                sagemaker.create_training_job(TrainingJobName=f"row-{n}", **CREATE)
        for round_ in range(_ROUNDS):
            for peer in peers:
                api(peer, round_)
                objects(peer, round_)
        ours, theirs = peers
        print(f"{'best of ' + str(_ROUNDS):28} {'salvia':>10} {'moto':>10} {'ratio':>7}")
        for figure, value in ours.best.items():
            print(f"{figure:28} {value:10.3f} {theirs.best[figure]:10.3f} {value / theirs.best[figure]:7.2f}")
        for figure, value in figures.items():
            print(f"{figure:60} {value:8.1f}")
    finally:
        moto.terminate()
        server.down()
        shutil.rmtree(home, ignore_errors=True)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


if __name__ == "__main__":
    main()
