"""kill -9 of whoever runs a pipeline, again and again: each step has one job, and the execution succeeds."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable

from tests.conftest import Server, eventually
from tests.pipelines import ENDED, Pipelines, compare, condition, defined

YES = compare("Equals", 1, 1)


def test_no_step_is_begun_twice(make_server: Callable[..., Server]) -> None:
    """Six jobs in two rows, conditions between them, eight kills of controller and gateway at random moments."""
    server = make_server()
    pipelines, chance = Pipelines(server), random.Random(7)
    steps = []
    for number in range(6):
        needs = [f"C{number - 2}"] if number >= 2 else []
        steps.append(pipelines.processing(f"P{number}", "import time; time.sleep(0.3)", DependsOn=needs))
        steps.append(condition(f"C{number}", YES, DependsOn=[f"P{number}"]))
    execution = pipelines.start(pipelines.create(defined(steps)))
    for _ in range(8):
        time.sleep(chance.uniform(0.1, 0.8))
        for role in ("controller", "gateway"):
            for pid in server.pids(role):
                os.kill(pid, signal.SIGKILL)

    def ended() -> bool:
        try:
            return pipelines.describe(execution)["PipelineExecutionStatus"] in ENDED
        except Exception:  # the gateway is just coming up again
            return False

    eventually(ended, 180)
    shown = pipelines.steps(execution)
    assert pipelines.describe(execution)["PipelineExecutionStatus"] == "Succeeded", shown
    pages = pipelines.sagemaker.get_paginator("list_processing_jobs").paginate(NameContains=execution.rsplit("/", 1)[1])
    jobs = [job["ProcessingJobArn"] for page in pages for job in page["ProcessingJobSummaries"]]
    noted = [step["Metadata"]["ProcessingJob"]["Arn"] for name, step in shown.items() if name.startswith("P")]
    assert sorted(jobs) == sorted(noted)
    assert len(jobs) == 6
    assert {step["AttemptCount"] for step in shown.values()} == {1}
