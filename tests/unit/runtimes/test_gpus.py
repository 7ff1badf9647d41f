"""GPUs, on a device tree of our own: who gets which, who sees which.

Sources: README of NVIDIA's Linux driver, "The /proc Interface"; CUDA's programming guide, CUDA_VISIBLE_DEVICES.
"""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from salvia.runtimes.base import InstanceSpec
from salvia.runtimes.folder import InstanceFolder
from salvia.runtimes.gpus import Gpus
from salvia.runtimes.process import ProcessRuntime
from salvia.runtimes.sandbox import Level
from salvia.testing.runtimes import AGENT, Bench


def machine(root: Path, count: int, *, told: bool = True) -> Path:
    """The /dev and /proc of one with so many GPUs, of which its driver says what they are, or not."""
    (root / "dev").mkdir(parents=True)
    for name in [*(f"nvidia{number}" for number in range(count)), "nvidiactl", "nvidia-uvm", "nvidia-modeset", "null"]:
        (root / "dev" / name).write_text(name)
    for number in range(count if told else 0):
        facts = root / "proc" / "driver" / "nvidia" / "gpus" / f"0000:0{number}:00.0" / "information"
        facts.parent.mkdir(parents=True)
        facts.write_text(
            f"Model: \t\t NVIDIA T4\nIRQ:   \t\t 11\nGPU UUID: \t GPU-{number}\nDevice Minor: \t {number}\n"
        )
    return root


@pytest.fixture
def alive(tmp_path: Path) -> Any:
    """Makes an instance that lives; call what it returns to end it."""

    def make(name: str) -> Any:
        folder = InstanceFolder(tmp_path / "instances" / name)
        folder.make()
        lock = folder.lock()
        assert lock is not None
        return lambda: os.close(lock)

    return make


def numbers(gpus: Gpus, name: str, count: int, machine: str = "") -> list[int]:
    return [gpu.minor for gpu in gpus.claim(machine or name, name, count)]


@pytest.mark.parametrize("told", [True, False])
def test_gpus_are_found_by_their_nodes(tmp_path: Path, told: bool) -> None:
    """In the order of their numbers, with what the driver says; other nodes of NVIDIA's are none."""
    found = Gpus(tmp_path, machine(tmp_path / "root", 12, told=told)).found()
    assert [gpu.minor for gpu in found] == list(range(12))
    assert found[11] == (11, "NVIDIA T4", "GPU-11") if told else (11, "", "")


def test_each_instance_has_gpus_of_its_own(tmp_path: Path, alive: Any) -> None:
    """As many as are free; asking again changes nothing; those that an instance had are free once it ended."""
    gpus = Gpus(tmp_path, machine(tmp_path / "root", 4))
    end = {name: alive(name) for name in ("a", "b", "c", "d")}
    assert [numbers(gpus, "a", 1), numbers(gpus, "b", 2), numbers(gpus, "a", 1)] == [[0], [1, 2], [0]]
    assert [numbers(gpus, "c", 8), numbers(gpus, "d", 1)] == [[3], []]
    gpus.release("c")
    assert numbers(gpus, "d", 1) == []  # what it once had, it keeps: its program runs
    gpus.release("d")
    end["b"]()  # killed; nobody released it
    assert numbers(gpus, "d", 3) == [1, 2, 3]


def test_instances_of_one_machine_share_its_gpus(tmp_path: Path, alive: Any) -> None:
    """The containers of an inference pipeline; they are free after the last."""
    gpus = Gpus(tmp_path, machine(tmp_path / "root", 2))
    for name in ("a", "b", "c"):
        alive(name)
    assert numbers(gpus, "a", 1, "one") == numbers(gpus, "b", 1, "one") == [0]
    gpus.release("a")
    assert numbers(gpus, "c", 2) == [1]
    gpus.release("b")
    gpus.release("c")
    assert numbers(gpus, "c", 2) == [0, 1]


def test_claims_at_the_same_time_never_meet(tmp_path: Path, alive: Any) -> None:
    """Two controllers start instances at once."""
    root = machine(tmp_path / "root", 16)
    names = [f"job-{number}" for number in range(16)]
    for name in names:
        alive(name)
    with ThreadPoolExecutor(8) as pool:
        given = list(pool.map(lambda name: numbers(Gpus(tmp_path, root), name, 1), names))
    assert sorted(given) == [[number] for number in range(16)]


def variables(tmp_path: Path, level: Level, root: Path, *specs: InstanceSpec) -> list[dict[str, str]]:
    """What the environments of instances say."""
    programs = [one["program"] for one in specifications(tmp_path, level, root, *specs)]
    return [{**program["environment"], "argv": " ".join(program["argv"])} for program in programs]


def specifications(tmp_path: Path, level: Level, root: Path, *specs: InstanceSpec) -> list[dict[str, Any]]:
    """What the agents of instances are told, started one after the other, all of them alive."""
    tmp_path.mkdir(exist_ok=True)
    bench = Bench(
        lambda: ProcessRuntime(tmp_path / "home" / "runtime", agent_command=AGENT, force_level=level, root=root),
        tmp_path / "record",
    )
    try:
        handles = [bench.start(spec) for spec in specs]
        return [json.loads(Path(handle["directory"], "SPEC.json").read_bytes()) for handle in handles]
    finally:
        bench.close()


def instance(name: str, gpus: int) -> InstanceSpec:
    return InstanceSpec(
        name=name, group=name, index=0, count=1, argv=("/bin/sleep", "60"), environment={}, gpus=gpus,
        agent={"record": os.devnull, "token": name},
    )  # fmt: skip


def test_an_agent_is_told_which_gpus_are_its_instances(tmp_path: Path) -> None:
    """By UUID, as `nvidia-smi --id` takes it; by number where the driver does not say."""
    for told, names in ((True, [["GPU-0"], ["GPU-1", "GPU-2"], []]), (False, [["0"], ["1", "2"], []])):
        root = machine(tmp_path / f"root-{told}", 3, told=told)
        specs = [instance("a", 1), instance("b", 4), instance("c", 0)]
        given = specifications(tmp_path / str(told), Level.NONE, root, *specs)
        assert [one["gpus"] for one in given] == names


@pytest.mark.parametrize("level", [Level.BUBBLEWRAP, Level.UNSHARE])
def test_a_program_sees_its_own_gpus_alone(tmp_path: Path, level: Level) -> None:
    """Their nodes in its /dev, and no others'; CUDA is told which."""
    root = machine(tmp_path / "root", 2)
    bench = Bench(
        lambda: ProcessRuntime(tmp_path / "home" / "runtime", agent_command=AGENT, force_level=level, root=root),
        tmp_path / "record",
    )
    if bench.runtime.report()["isolation"] is None:
        pytest.skip(f"This machine has no isolation level '{level}'; `salvia doctor` says why.")
    script = "cd /dev; echo $(ls -d nvidia*) $CUDA_VISIBLE_DEVICES; cat nvidia[0-9]* </dev/null; sleep 60"
    try:
        for name, gpus, lines in (
            ("a", 1, ["nvidia-uvm nvidia0 nvidiactl GPU-0", "nvidia0"]),
            ("b", 4, ["nvidia-uvm nvidia1 nvidiactl GPU-1", "nvidia1"]),
        ):
            bench.record = tmp_path / f"record-{name}"
            agent = {"record": str(bench.record), "token": name}
            bench.start(bench.spec(script, name=name, group=name, gpus=gpus, agent=agent))
            for line in lines:
                bench.prints(line)
    finally:
        bench.close()


def test_the_log_says_what_the_machine_lacks(tmp_path: Path) -> None:
    """ml.g4dn.xlarge on a machine without GPUs runs on CPUs, and says so; nothing else is told anything."""
    lacks, plain = variables(tmp_path, Level.NONE, tmp_path / "none", instance("a", 1), instance("b", 0))
    assert lacks["SALVIA_NOTICE"] == ("The instance type has 1 GPU; none is free on this machine: it runs on CPUs.")
    assert "SALVIA_NOTICE" not in plain and "CUDA_VISIBLE_DEVICES" not in lacks | plain


def test_without_a_sandbox_cuda_is_told_the_machines_numbers(tmp_path: Path) -> None:
    """Every node is to be seen there; whoever has no GPU is told that it has none."""
    root = machine(tmp_path / "root", 3, told=False)
    specs = [instance("a", 1), instance("b", 4), instance("c", 0)]
    first, second, third = variables(tmp_path, Level.NONE, root, *specs)
    assert [one["CUDA_VISIBLE_DEVICES"] for one in (first, second, third)] == ["0", "1,2", ""]
    assert second["SALVIA_NOTICE"] == "The instance type has 4 GPUs; 2 of them are free on this machine."
