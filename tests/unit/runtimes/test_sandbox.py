"""What a view shows, and where paths lead without one."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from salvia.runtimes.base import Mount
from salvia.runtimes.sandbox import Step, View, relocate, within


def view(folder: Path, *mounts: Mount) -> View:
    return View(folder / "job", folder, "algo-1", mounts, shm=1 << 20, network=True)


def test_nothing_of_the_data_directory_is_in_a_view(tmp_path: Path) -> None:
    """But the folders that are made for the program, and those under the program's names."""
    shown = [step for step in view(tmp_path).steps() if step.source.startswith(str(tmp_path))]
    assert {step.inside for step in shown} == {
        "/opt/ml", "/run/salvia", "/run/salvia/serve", "/tmp",
        "/etc/hosts", "/etc/hostname", "/etc/passwd", "/etc/group",
    }  # fmt: skip
    assert {step.inside for step in shown if step.kind == "bind-rw"} == {
        "/opt/ml", "/run/salvia/serve", "/tmp",
    }  # fmt: skip


def test_the_python_home_is_in_a_view() -> None:
    """Also when it lies below a home of mode 0700."""
    steps = view(Path("/data")).steps()
    assert within(Path(sys.base_prefix).resolve(), [step.inside for step in steps if step.kind == "bind"])


def test_a_data_directory_below_what_is_shown_is_covered() -> None:
    """Somebody keeps it below /usr: bound with it, it is hidden again."""
    steps = View(Path("/usr/salvia/job"), Path("/usr/salvia"), "algo-1", (), 1, True).steps()
    assert steps.index(Step("tmpfs", "", "/usr/salvia")) > steps.index(Step("bind", "/usr", "/usr"))


def test_mounts_come_after_what_they_may_lie_in(tmp_path: Path) -> None:
    """Later steps cover earlier ones."""
    (tmp_path / "env").mkdir()
    mount = Mount(tmp_path / "env", str(tmp_path / "env"))
    steps = view(tmp_path, mount).steps()
    assert steps.index(Step("bind", str(mount.host), mount.inside)) > steps.index(
        Step("bind-rw", str(tmp_path / "job" / "tmp"), "/tmp")
    )


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("/opt/ml/model", "{ml}/model"),
        ("--dir=/opt/ml", "--dir={ml}"),
        ("/opt/ml:/usr/lib:/opt/ml/code", "{ml}:/usr/lib:{ml}/code"),
        ("/opt/mlx", "/opt/mlx"),
        ("/srv/opt/ml", "/srv/opt/ml"),
        ("file:///opt/ml/model", "file:///opt/ml/model"),
        ("cat /opt/ml/a > /opt/ml/b", "cat {ml}/a > {ml}/b"),
        ("open('/opt/ml')", "open('{ml}')"),
        ("/opt/ml.old /opt/ml-old", "/opt/ml.old /opt/ml-old"),
        ("/image/bin/train", "/host/image/bin/train"),
        ("/run/salvia/token", "{run}/token"),
    ],
)
def test_without_a_sandbox_paths_are_relocated(tmp_path: Path, text: str, becomes: str) -> None:
    """Whole components only; what merely looks alike is left alone."""
    seen = relocate(view(tmp_path, Mount(Path("/host/image"), "/image")), text)
    assert seen == becomes.format(ml=tmp_path / "job" / "ml", run=tmp_path / "job" / "run")


def test_peers_have_names(tmp_path: Path) -> None:
    """/etc/hosts of the container contract: algo-1 … algo-N."""
    seen = view(tmp_path)
    seen.folder.mkdir()
    seen.prepare({"algo-1": "127.1.2.10", "algo-2": "127.1.2.11"})
    lines = (seen.folder / "etc" / "hosts").read_text().splitlines()
    assert "127.1.2.11 algo-2" in lines
    assert "127.0.0.1 localhost" in lines
