"""InvokeEndpoint beside its own model server called directly, in turn, with the same bodies: XGBoost of 100 trees."""

from __future__ import annotations

from pathlib import Path

from tests.bench.load import drive, invocation
from tests.bench.peers import ROLE, Peer, cpu
from tests.conftest import Server
from tests.endpoints import Endpoints

_IMAGE = "811284229777.dkr.ecr.us-east-1.amazonaws.com/xgboost:latest"
_DATA = Path(__file__).resolve().parents[1] / "data" / "diabetes.csv"
_DIRECT = b"POST /invocations HTTP/1.1\r\nHost: model\r\nContent-Type: text/csv\r\nContent-Length: %d\r\n\r\n%b"
_ONE, _MANY, _ROUNDS = 1_000, 20_000, 5


def figures(server: Server, peer: Peer) -> dict[str, float]:
    """Requests a second on 32 connections and latencies on one, with SigV4, IAM and metrics on; the best of each."""
    made = Endpoints(server)
    name = made.create(made.config(made.variant(_trained(server))))
    body = _DATA.read_bytes().splitlines()[0].partition(b",")[2]  # less its label
    (socket,) = made.sockets(name)
    ways = {
        "direct": (f"unix:{socket}", _DIRECT % (len(body), body)),
        "through": (peer.url, invocation(peer.url, peer.keys, name, body)),
    }
    rates: dict[str, list[float]] = {way: [] for way in ways}
    p50: dict[str, list[float]] = {way: [] for way in ways}
    p99: dict[str, list[float]] = {way: [] for way in ways}
    used = []
    for _ in range(_ROUNDS):
        for way, (where, request) in ways.items():
            before = cpu(peer.pids())
            rates[way].append(drive(where, [request] * _MANY, 32)[0])
            if way == "through":
                used.append((cpu(peer.pids()) - before) / _MANY * 1e6)
            took = sorted(drive(where, [request] * _ONE, 1)[1])
            p50[way].append(took[_ONE // 2] * 1000)
            p99[way].append(took[_ONE * 99 // 100] * 1000)
    made.delete(name)
    return {
        "invocations a second, 32 connections": max(rates["through"]),
        "  calling the model server directly": max(rates["direct"]),
        "  of that": max(rates["through"]) / max(rates["direct"]),
        "  gateway CPU each, µs": min(used),
        "one connection, p50 ms": min(p50["through"]),
        "  the same, directly": min(p50["direct"]),
        "  added, p50 ms": min(p50["through"]) - min(p50["direct"]),
        "  p99 ms": min(p99["through"]),
    }


def _trained(server: Server) -> str:
    """A model of XGBoost, trained here."""
    sagemaker, s3 = server.client("sagemaker"), server.client("s3")
    s3.create_bucket(Bucket="bench-invoke")
    s3.upload_file(str(_DATA), "bench-invoke", "train/diabetes.csv")
    channel = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bench-invoke/train/"}}
    sagemaker.create_training_job(
        TrainingJobName="bench-invoke",
        AlgorithmSpecification={"TrainingImage": _IMAGE, "TrainingInputMode": "File"},
        HyperParameters={"num_round": "100"},
        RoleArn=ROLE,
        InputDataConfig=[{"ChannelName": "train", "DataSource": channel, "ContentType": "text/csv"}],
        OutputDataConfig={"S3OutputPath": "s3://bench-invoke/output/"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 600},
    )
    sagemaker.get_waiter("training_job_completed_or_stopped").wait(TrainingJobName="bench-invoke")
    data = sagemaker.describe_training_job(TrainingJobName="bench-invoke")["ModelArtifacts"]["S3ModelArtifacts"]
    container = {"Image": _IMAGE, "ModelDataUrl": data}
    sagemaker.create_model(ModelName="bench-invoke", PrimaryContainer=container, ExecutionRoleArn=ROLE)
    return "bench-invoke"
