"""InvokeEndpoint beside its own model server called directly, and beside others, in turn: XGBoost of 100 trees.

The peers' servers ask nobody who they are.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.bench import serving
from tests.bench.load import drive, invocation
from tests.bench.peers import ROLE, Peer, cpu
from tests.conftest import Server
from tests.endpoints import Endpoints

_IMAGE = "811284229777.dkr.ecr.us-east-1.amazonaws.com/xgboost:latest"
DATA = Path(__file__).resolve().parents[1] / "data" / "diabetes.csv"
_DIRECT = b"POST /invocations HTTP/1.1\r\nHost: model\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n%b"
_ONE, _MANY, _ROUNDS = 1_000, 20_000, 5


def figures(server: Server, peer: Peer, images: Path) -> dict[str, float]:
    """Requests a second on 32 connections and latencies, with SigV4, IAM and metrics on; the best of each."""
    with serving.started(images, *serving.PEERS) as others:
        return _figures(server, peer, {name: url for name, (url, _) in others.items()})


def _figures(server: Server, peer: Peer, others: dict[str, str]) -> dict[str, float]:
    made = Endpoints(server)
    model = trained(server)
    name = made.create(made.config(made.variant(model)))
    captured = made.create(made.config(made.variant(model), DataCaptureConfig=_capture(made.bucket)))
    body = DATA.read_bytes().splitlines()[0].partition(b",")[2]  # less its label
    (socket,) = made.sockets(name)
    row = json.dumps({"input": [float(number) for number in body.split(b",")]}).encode()
    direct, in_json = (
        _DIRECT % (kind, len(one), one) for kind, one in ((b"text/csv", body), (b"application/json", row))
    )
    ways = {
        "direct": (f"unix:{socket}", direct),
        "fastapi": (others["fastapi"], direct),
        "litserve": (others["litserve"], in_json),
        "through": (peer.url, invocation(peer.url, peer.keys, name, body)),
        "captured": (peer.url, invocation(peer.url, peer.keys, captured, body)),
    }
    rates: dict[str, list[float]] = {way: [] for way in ways}
    used = []
    for _ in range(_ROUNDS):
        for way in ("direct", *others, "through"):
            where, request = ways[way]
            before = cpu(peer.pids())
            rates[way].append(drive(where, [request] * _MANY, 32)[0])
            if way == "through":
                used.append((cpu(peer.pids()) - before) / _MANY * 1e6)
    peak = max(rates["through"])
    ways = {way: ways[way] for way in ("direct", "through", "captured")}
    alone, half = _latencies(ways, 1, 0.0), _latencies(ways, 32, peak / 2)
    for one in (name, captured):
        made.delete(one)
    return {
        "invocations a second, 32 connections": peak,
        "  calling the model server directly": max(rates["direct"]),
        "  of that": peak / max(rates["direct"]),
        "  FastAPI's": max(rates["fastapi"]),
        "  over FastAPI's": peak / max(rates["fastapi"]),
        "  LitServe's": max(rates["litserve"]),
        "  over LitServe's": peak / max(rates["litserve"]),
        "  gateway CPU each, µs": min(used),
        "one connection, p50 ms": alone["through"][0],
        "  the same, directly": alone["direct"][0],
        "  added, p50 ms": alone["through"][0] - alone["direct"][0],
        "  p99 ms": alone["through"][1],
        "  p50 with data capture over without": alone["captured"][0] / alone["through"][0],
        "half of peak load, p50 ms": half["through"][0],
        "  p99 ms, at half of peak load": half["through"][1],
        "  added, p99 ms": half["through"][1] - half["direct"][1],
        "  p50 with data capture over without, half load": half["captured"][0] / half["through"][0],
    }


def _latencies(ways: dict[str, tuple[str, bytes]], connections: int, rate: float) -> dict[str, tuple[float, float]]:
    """p50 and p99 in ms of each way, taken in turn; the best of each."""
    count = int(rate) * 2 or _ONE
    seen: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
    for _ in range(_ROUNDS):
        for way, (where, request) in ways.items():
            took = sorted(drive(where, [request] * count, connections, rate)[1])
            seen[way].append((took[count // 2] * 1000, took[count * 99 // 100] * 1000))
    return {way: (min(p50 for p50, _ in each), min(p99 for _, p99 in each)) for way, each in seen.items()}


def _capture(bucket: str) -> dict[str, Any]:
    """Everything, in and out."""
    return {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{bucket}/captured",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]},
    }


def trained(server: Server) -> str:
    """A model of XGBoost, trained here."""
    sagemaker, s3 = server.client("sagemaker"), server.client("s3")
    s3.create_bucket(Bucket="bench-invoke")
    s3.upload_file(str(DATA), "bench-invoke", "train/diabetes.csv")
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
