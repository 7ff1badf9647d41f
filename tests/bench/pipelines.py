"""Pipelines beside Prefect and Dagster, which run the same graphs in the process that asks.

Theirs do nothing durable that ours does: a step here is a row on the disk, a callback is a message that somebody else
takes from a queue and answers over HTTP.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from tests.conftest import Server
from tests.pipelines import ENDED, Pipelines, callback, conditions, defined

from salvia.images import image
from salvia.images.builder import Builder

_PEERS = ("prefect", "dagster")
_FLOWS = Path(__file__).parent / "flows"
_ROUNDS, _CHAIN, _FAN, _LARGE, _READERS = 3, 50, 1000, (100, 100), 4
_QUIET = {
    "DAGSTER_DISABLE_TELEMETRY": "yes",
    "DO_NOT_TRACK": "1",
    "PREFECT_LOGGING_LEVEL": "ERROR",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
}


def figures(server: Server, images: Path) -> dict[str, float]:
    """Seconds, and what they are beside the peers'."""
    peers = _peers(images)
    pipelines = Pipelines(server)
    pipelines.may_have(_LARGE[0] * _LARGE[1])
    found = {f"{name}: {figure}, s": value for name, one in peers.items() for figure, value in one.items()}
    chain = pipelines.create(conditions(1, _CHAIN))
    found["chain of 50 conditions, s"] = min(_run(pipelines, chain) for _ in range(_ROUNDS))
    found["chain of 50 conditions, over the faster peer's"] = found["chain of 50 conditions, s"] / min(
        one["chain"] for one in peers.values()
    )
    steps = [pipelines.processing("P0", "")]
    for number in range(1, _CHAIN):
        steps.append({**steps[0], "Name": f"P{number}", "DependsOn": [f"P{number - 1}"]})
    for step in steps:
        step["Arguments"] = {**step["Arguments"], "ProcessingInputs": []}
        step["Arguments"]["AppSpecification"] = {
            **step["Arguments"]["AppSpecification"],
            "ContainerEntrypoint": ["true"],
        }
    _run(pipelines, pipelines.create(defined(steps[:1])))  # builds the image's environment
    found["chain of 50 processing jobs, s a step"] = _run(pipelines, pipelines.create(defined(steps))) / _CHAIN
    speed = _FAN / _called(pipelines)
    found["1,000 callbacks at once, steps/s"] = speed
    found["1,000 callbacks at once, steps/s over the faster peer's"] = (
        speed * min(one["fan"] for one in peers.values()) / _FAN
    )
    began = time.perf_counter()
    large = pipelines.create_from_s3(conditions(*_LARGE))
    found["10,000 steps from S3 accepted, s"] = time.perf_counter() - began
    found["10,000 steps run, s"] = _run(pipelines, large)
    return found


def _peers(images: Path) -> dict[str, dict[str, float]]:
    environment = asyncio.run(Builder(images).build(image.read(_FLOWS)))
    found = {}
    with tempfile.TemporaryDirectory(prefix="salvia-bench-") as folder:
        for name in _PEERS:
            printed = subprocess.run(
                [environment.python, "-m", f"peer.with_{name}"],
                cwd=_FLOWS,
                env={**os.environ, **_QUIET, "PREFECT_HOME": folder, "HOME": folder},
                check=True,
                capture_output=True,
                text=True,
            ).stdout
            found[name] = json.loads(printed.splitlines()[-1])
    return found


def _run(pipelines: Pipelines, pipeline: str) -> float:
    """Seconds from StartPipelineExecution until it is seen to have succeeded."""
    began = time.perf_counter()
    _succeeded(pipelines, pipelines.start(pipeline))
    return time.perf_counter() - began


def _succeeded(pipelines: Pipelines, execution: str) -> None:
    while (described := pipelines.describe(execution))["PipelineExecutionStatus"] not in ENDED:
        time.sleep(0.005)
    assert described["PipelineExecutionStatus"] == "Succeeded", described


def _called(pipelines: Pipelines) -> float:
    """Seconds that a thousand Callback steps take, answered by a few readers of their queue."""
    url = pipelines.server.client("sqs").create_queue(QueueName="bench")["QueueUrl"]
    pipelines.may_send("bench")
    pipeline = pipelines.create_from_s3(defined([callback(f"C{number}", url) for number in range(_FAN)]))
    over = threading.Event()
    readers = [threading.Thread(target=_answer, args=(pipelines.server, url, over)) for _ in range(_READERS)]
    for reader in readers:
        reader.start()
    try:
        return _run(pipelines, pipeline)
    finally:
        over.set()
        for reader in readers:
            reader.join()


def _answer(server: Server, url: str, over: threading.Event) -> None:
    sqs, sagemaker = server.client("sqs"), server.client("sagemaker")
    while not over.is_set():
        received: list[Any] = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get(
            "Messages", []
        )
        for message in received:
            token = json.loads(message["Body"])["token"]
            sagemaker.send_pipeline_execution_step_success(CallbackToken=token)
        if received:
            entries = [{"Id": one["MessageId"], "ReceiptHandle": one["ReceiptHandle"]} for one in received]
            sqs.delete_message_batch(QueueUrl=url, Entries=entries)
