"""The API: CPU a request, lists of a million, many connections at once."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.bench.load import drive, signed
from tests.bench.peers import CREATE, Peer, cpu
from tests.conftest import Server

_CALLS = 200
_LOADED = 8000


def calls(peer: Peer, round_: int) -> None:
    """Server CPU a request, in ms, on one kept-alive connection, as boto3 sends them."""
    sagemaker = peer.client("sagemaker")
    names = [f"bench-{round_}-{n}" for n in range(_CALLS)]

    def each(figure: str, call: Callable[[str], Any]) -> None:
        pids = peer.pids()
        before = cpu(pids)
        for name in names:
            call(name)
        peer.keep(figure, (cpu(pids) - before) / _CALLS * 1000)

    each("create, server CPU ms", lambda name: sagemaker.create_training_job(TrainingJobName=name, **CREATE))
    each("describe, server CPU ms", lambda name: sagemaker.describe_training_job(TrainingJobName=name))
    each("list 10, server CPU ms", lambda name: sagemaker.list_training_jobs(MaxResults=10))
    each("list 100, server CPU ms", lambda name: sagemaker.list_training_jobs(MaxResults=100))


def lists(peer: Peer, calls: int = 60) -> dict[str, float]:
    """p50 of lists in ms."""
    figures = {}
    for figure, request in (
        ("list 10, p50 ms", {"MaxResults": 10}),
        ("list 100, p50 ms", {"MaxResults": 100}),
        ("NameContains without a match, p50 ms", {"NameContains": "no-such-name", "MaxResults": 10}),
    ):
        one = signed(peer.url, peer.keys, "SageMaker.ListTrainingJobs", request)
        _, took = drive(peer.url, [one] * calls, 1)
        figures[figure] = sorted(took)[len(took) // 2] * 1000
    return figures


def many_at_once(server: Server, peer: Peer) -> dict[str, float]:
    """32 connections create jobs, which queue; each is durable before its reply."""
    requests = [
        signed(peer.url, peer.keys, "SageMaker.CreateTrainingJob", {"TrainingJobName": f"many-{n}", **CREATE})
        for n in range(_LOADED)
    ]
    pids = [entry["pid"] for entry in server.status()["processes"]]
    before, began = cpu(pids), time.perf_counter()
    rate, took = drive(peer.url, requests, 32)
    seconds = time.perf_counter() - began
    return {
        "creates a second, 32 connections": rate,
        "  p50 ms": sorted(took)[len(took) // 2] * 1000,
        "  CPU of all processes, cores": (cpu(pids) - before) / seconds,
        "  fsync of 4 KiB on this disk, ms": fsync_ms(server.home),
    }


def fsync_ms(folder: Path) -> float:
    """The median time of a small durable write."""
    took = []
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        for _ in range(50):
            file.write(b"x" * 4096)
            file.flush()
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            took.append(time.perf_counter() - began)
    return sorted(took)[len(took) // 2] * 1000
