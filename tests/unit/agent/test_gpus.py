"""What an agent tells of its instance's GPUs: beside a program called nvidia-smi, which is found as NVIDIA's is.

Sources: `nvidia-smi --help-query-gpu`; developer guide, "Monitor Amazon SageMaker with Amazon CloudWatch", jobs' and
endpoints' instance metrics: GPUUtilization and GPUMemoryUtilization are sums over GPUs, 0 to 100 each.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from salvia.agent.gpus import Gpus, understood

from .test_serving import SERVER, serving
from .world import eventually, shell


@pytest.fixture
def nvidia_smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Puts one on PATH that does what a shell script says; returns where it writes its arguments, a line a call."""
    calls = tmp_path / "calls"

    def make(script: str) -> Path:
        program = tmp_path / "bin" / "nvidia-smi"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\necho "$*" >>{calls}\n{script}\n')
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
        return calls

    return make


def test_what_nvidia_smi_says_is_added_up() -> None:
    """Of two: 30 and 100 percent busy; a quarter and a half of their memory."""
    assert understood("30, 20000, 80000\n100, 8000, 16000\n") == {"GPUUtilization": 130, "GPUMemoryUtilization": 75}


@pytest.mark.parametrize(
    ("said", "known"),
    [
        ("", {}),
        ("[N/A], [N/A], [N/A]\n", {}),
        ("[Not Supported], 1, 4\n", {"GPUMemoryUtilization": 25}),
        ("5, 1, 4\n[N/A], 1, 4\n", {"GPUMemoryUtilization": 50}),
        ("7, 0, 0\n", {"GPUUtilization": 7}),
        ("No devices were found\n", {}),
        ("NVIDIA-SMI has failed because it couldn't communicate, with, the driver\n", {}),
    ],
)
def test_what_is_not_known_is_not_told(said: str, known: dict[str, float]) -> None:
    assert understood(said) == known


def test_nobody_waits_for_a_slow_driver(nvidia_smi: Callable[[str], Path], tmp_path: Path) -> None:
    """It is asked once at a time; its answer is told when it is there, once."""
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    calls = nvidia_smi(f"read line <{gate}; echo 40, 1, 2")
    gpus = Gpus(("GPU-a", "GPU-b"))
    for _ in range(3):
        gpus.ask()
        assert gpus.told() == {}
    gate.write_text("go\n")
    answers: list[dict[str, float]] = []
    eventually(lambda: answers.append(gpus.told()) or answers[-1])
    assert answers[-1] == {"GPUUtilization": 40, "GPUMemoryUtilization": 50}
    assert gpus.told() == {}
    query = "--query-gpu=utilization.gpu,memory.used,memory.total --format=csv,noheader,nounits"
    assert calls.read_text() == f"--id=GPU-a,GPU-b {query}\n"


def test_without_nvidia_smi_nothing_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    gpus = Gpus(("0",))
    gpus.ask()
    assert not gpus.asked and gpus.told() == {}


def test_a_jobs_reports_tell_how_busy_its_gpus_are(world, instance, nvidia_smi: Callable[[str], Path]) -> None:
    """With the others of the instance, as often as they are."""
    calls = nvidia_smi("echo 55, 10, 40")
    job = instance(shell("sleep 60"), gpus=["GPU-7"], stop_grace=1).start()

    def told() -> list[dict[str, float]]:
        busy = [report.get("utilization", {}) for report in world.reports]
        return [one for one in busy if "GPUUtilization" in one]

    eventually(lambda: len(told()) >= 3)
    job.terminate()
    job.wait()
    assert {(one["GPUUtilization"], one["GPUMemoryUtilization"]) for one in told()} == {(55, 25)}
    assert all({"CPUUtilization", "MemoryUtilization", "DiskUtilization"} < set(one) for one in told())
    assert all(line.startswith("--id=GPU-7 ") for line in calls.read_text().splitlines())


def test_an_instance_without_gpus_asks_nobody(world, instance, nvidia_smi: Callable[[str], Path]) -> None:
    calls = nvidia_smi("echo 55, 10, 40")
    job = instance(shell("sleep 60"), stop_grace=1).start()
    eventually(lambda: sum("utilization" in report for report in world.reports) >= 3)
    job.terminate()
    job.wait()
    assert not calls.exists()


def test_a_model_servers_gpus_are_in_cloudwatch(world, instance, nvidia_smi: Callable[[str], Path]) -> None:
    """Beside its CPU and memory, of the same moment."""
    nvidia_smi("echo 80, 30, 40")
    job = instance(**serving(SERVER), gpus=["0", "1"]).start()
    eventually(lambda: len(world.metrics) >= 8)
    job.terminate()
    job.wait()
    values = {datum["MetricName"]: datum["Value"] for datum in world.metrics}
    assert set(values) == {"CPUUtilization", "MemoryUtilization", "GPUUtilization", "GPUMemoryUtilization"}
    assert (values["GPUUtilization"], values["GPUMemoryUtilization"]) == (80, 75)
