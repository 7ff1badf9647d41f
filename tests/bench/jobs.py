"""Jobs: how soon a program runs, what its ten seconds become, and what a server costs that does nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from tests.bench.peers import cpu, resident
from tests.conftest import Jobs, Server

_STARTS = 25
_TEN = "import time; time.sleep(10)"


def channels(jobs: Jobs) -> list[dict[str, Any]]:
    """Two channels of 1 MiB each."""
    for channel in ("train", "validation"):
        jobs.s3.put_object(Bucket=jobs.bucket, Key=f"{channel}/part", Body=os.urandom(1 << 20))
    return [
        {
            "ChannelName": name,
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{jobs.bucket}/{name}/"}},
        }
        for name in ("train", "validation")
    ]


def first_line(jobs: Jobs, instances: int) -> dict[str, float]:
    """CreateTrainingJob to the program's first line, in ms: the program prints the time at which it started."""
    inputs = channels(jobs)
    took = []
    for _ in range(_STARTS):
        began = time.time()
        name = jobs.start("import time; print(repr(time.time()))", instances=instances, InputDataConfig=inputs)
        jobs.ended(name)
        took.append((max(float(line) for line in jobs.lines(name)) - began) * 1000)
    took.sort()
    return {
        f"to the first line, {instances} instance(s), p50 ms": took[len(took) // 2],
        f"to the first line, {instances} instance(s), p99 ms": took[-1],
    }


def waited(jobs: Jobs) -> float:
    """Seconds from a job's end to the return of boto3's waiter, the most of a few."""
    late = []
    for _ in range(5):
        name = jobs.start("import time; time.sleep(2)")
        jobs.sagemaker.get_waiter("training_job_completed_or_stopped").wait(TrainingJobName=name)
        returned = time.time()
        late.append(returned - jobs.describe(name)["SecondaryStatusTransitions"][-1]["StartTime"].timestamp())
    return max(late)


def whole(jobs: Jobs, instances: int) -> float:
    """CreateTrainingJob to Completed of a program of ten seconds, over its time run directly."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", _TEN], check=True)
    directly = time.perf_counter() - began
    name = jobs.start(_TEN, instances=instances)
    jobs.ended(name)
    shown = jobs.describe(name)
    took = (shown["SecondaryStatusTransitions"][-1]["EndTime"] - shown["CreationTime"]).total_seconds()
    return float(took / directly)


def idle(make: Callable[[], Server]) -> dict[str, float]:
    """Seconds until a server is ready, then its memory and CPU when nobody asks it anything."""
    server = make()
    server.up()  # the first start migrates and bootstraps
    server.down()
    began = time.perf_counter()
    server.salvia("up", "--detach", "--port", str(server.port))
    ready = time.perf_counter() - began
    pids = [entry["pid"] for entry in server.status()["processes"]]
    time.sleep(5)
    before, began = cpu(pids), time.perf_counter()
    time.sleep(20)
    figures = {
        "up to ready, s": ready,
        "idle, MB over all processes": resident(pids),
        "idle, % of a core": (cpu(pids) - before) / (time.perf_counter() - began) * 100,
    }
    server.salvia("down")
    return figures
