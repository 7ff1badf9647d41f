"""Control groups, of both versions, and rlimits."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from salvia.runtimes.limits import ControlGroups, Limits, delete_folders, entering, find, kill_members

UNIFIED = [Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup")]


def read(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_version_2_is_given_its_figures(tmp_path: Path) -> None:
    """Files and notation: the kernel's Documentation/admin-guide/cgroup-v2.rst. The kernel's part is a folder."""
    groups = ControlGroups(dict.fromkeys(("memory", "cpu", "pids"), tmp_path), 2)
    (tmp_path / "job").mkdir()
    (tmp_path / "job" / "memory.oom.group").write_text("0")
    folders = groups.create("job", Limits(memory=1 << 30, cpus=1.5, processes=99))
    assert folders == [tmp_path / "job"]
    assert read(tmp_path / "job") == {
        "memory.max": "1073741824", "memory.oom.group": "1", "cpu.max": "150000 100000", "pids.max": "99",
    }  # fmt: skip
    assert groups.events("job") == [tmp_path / "job" / "memory.events"]


def test_version_1_is_given_its_figures(tmp_path: Path) -> None:
    """Documentation/admin-guide/cgroup-v1: one hierarchy a controller."""
    for name in ("memory", "cpu"):
        (tmp_path / name).mkdir()
    groups = ControlGroups({"memory": tmp_path / "memory", "cpu": tmp_path / "cpu"}, 1)
    groups.create("job", Limits(memory=1 << 20, cpus=0.25))
    assert read(tmp_path / "memory" / "job") == {"memory.limit_in_bytes": "1048576"}
    assert read(tmp_path / "cpu" / "job") == {"cpu.cfs_period_us": "100000", "cpu.cfs_quota_us": "25000"}
    assert groups.events("job") == [tmp_path / "memory" / "job" / "memory.oom_control"]


def test_all_cores_need_no_quota(tmp_path: Path) -> None:
    """A quota that is never reached still costs."""
    ControlGroups({"memory": tmp_path, "cpu": tmp_path}, 2).create("job", Limits(1 << 20, None))
    assert not (tmp_path / "job" / "cpu.max").exists()


@pytest.fixture
def unified() -> Path:
    """A control group of version 2, whatever controllers it has."""
    for point in UNIFIED:
        folder = point / f"salvia-test-{os.getpid()}"
        if (point / "cgroup.controllers").exists() and os.access(point, os.W_OK):
            folder.mkdir()
            return folder
    pytest.skip("No control group of version 2 can be made here.")


def test_version_2_kills_everything_in_a_group(unified: Path) -> None:
    """cgroup.kill, or one by one where the kernel lacks it."""
    script = "setsid sleep 600 & setsid sleep 600 & echo up; sleep 600"
    process = subprocess.Popen(
        entering([unified], Limits(1 << 30, None), ["/bin/sh", "-c", script]), stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == b"up\n"
        assert len((unified / "cgroup.procs").read_text().split()) >= 2
        kill_members([unified])
        assert (unified / "cgroup.procs").read_text() == ""
        assert process.wait(10) == -signal.SIGKILL
    delete_folders([unified])
    delete_folders([unified])
    assert not unified.exists()


def test_who_enters_after_the_killing_is_killed_by_the_removal(tmp_path: Path) -> None:
    """A program that was being born while its agent was killed neither lives on nor keeps its folders."""
    groups = find(tmp_path)
    if groups.version == 0:
        pytest.skip("No control group can be made here.")
    folders = groups.create("job", Limits(1 << 28, None))
    kill_members(folders)
    with subprocess.Popen(
        entering(folders, Limits(1 << 28, None), ["/bin/sh", "-c", "echo up; exec sleep 600"]), stdout=subprocess.PIPE
    ) as latecomer:
        assert latecomer.stdout is not None
        assert latecomer.stdout.readline() == b"up\n"
        delete_folders(folders)
        assert latecomer.wait(10) == -signal.SIGKILL
    assert not any(folder.exists() for folder in folders)


def test_what_is_found_works(tmp_path: Path) -> None:
    """`find` tries it out: a process that enters one is in it."""
    groups = find(tmp_path)
    if groups.version == 0:
        pytest.skip("No control group can be made here.")
    limits = Limits(1 << 28, 1.0)
    folders = groups.create("job", limits)
    said = subprocess.run(
        entering(folders, limits, ["cat", "/proc/self/cgroup"]), capture_output=True, text=True, check=True
    ).stdout
    delete_folders(folders)
    assert said.count("/job\n") == len(folders)
    assert not any(base.exists() for base in groups.bases.values()), "the last one out removes their folder"
    assert groups.create("job", limits) == folders, "and the next one makes it again"
    delete_folders(folders)


def test_without_control_groups_there_are_rlimits() -> None:
    """Memory by process, the number of processes, and no core dumps."""
    line = entering([], Limits(memory=1 << 30, cpus=None, processes=512), ["/bin/sh", "-c", "ulimit -d; ulimit -c"])
    said = subprocess.run(line, capture_output=True, text=True, check=True).stdout
    assert said.split() == [str(1 << 20), "0"]


def test_a_group_that_cannot_be_entered_stops_the_program(tmp_path: Path) -> None:
    """It never runs without its limits."""
    line = entering([tmp_path / "gone"], Limits(1, None), ["echo", "ran"])
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert done.stdout == ""
