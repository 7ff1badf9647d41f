"""Where overlays are kept, whose they are, and what prunes them."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from salvia.runtimes import overlays
from salvia.runtimes.folder import InstanceFolder

ROLES = ("arn:aws:iam::123456789012:role/one", "arn:aws:iam::123456789012:role/two")
DAY = 86_400


def overlay(root: Path, role: str = ROLES[0], packages: str = "packages-a", name: str = "a", age: float = 0) -> Path:
    """One that was last used so many days ago."""
    path = overlays.place(root, role, packages) / (name * 64)
    path.mkdir()
    (path / "module.py").write_bytes(b"x" * 10_000)
    used = time.time() - age * DAY
    os.utime(path, (used, used))
    return path


def test_a_place_is_one_roles_above_one_set_of_packages(tmp_path: Path) -> None:
    """The same whoever asks, also when it stands; no other role's, no other packages'."""
    places = [overlays.place(tmp_path, role, packages) for role in ROLES for packages in ("packages-a", "packages-b")]
    assert len(set(places)) == 4
    assert overlays.place(tmp_path, ROLES[0], "packages-a") == places[0]


def test_what_is_kept_is_told_with_its_role_and_size(tmp_path: Path) -> None:
    """A link that a program put where an overlay is expected is not followed, nor is one inside."""
    path = overlay(tmp_path)
    (path / "away").symlink_to("/usr")
    os.utime(path, (time.time() - 3 * DAY,) * 2)
    (overlays.place(tmp_path, ROLES[1], "packages-a") / ("b" * 64)).symlink_to("/usr")
    found = {one.role: one for one in overlays.kept(tmp_path, tmp_path / "instances")}
    assert 10_000 < found[ROLES[0]].size < 100_000
    assert (found[ROLES[0]].packages, found[ROLES[0]].users) == ("packages-a", ())
    assert time.time() - found[ROLES[0]].used_at == pytest.approx(3 * DAY, abs=60)
    assert found[ROLES[1]].size == 0


def test_pruning_leaves_what_is_used_or_will_be(tmp_path: Path) -> None:
    """It goes when its packages go, or when nobody used it for long; not below an instance that lives."""
    recent, old = overlay(tmp_path, name="a"), overlay(tmp_path, name="b", age=40)
    orphaned, mounted = overlay(tmp_path, packages="packages-gone"), overlay(tmp_path, ROLES[1], age=40)
    instance = InstanceFolder(tmp_path / "instances" / "job-algo-1")
    instance.make()
    lock = instance.lock()
    assert lock is not None
    instance.write("SPEC.json", {"argv": ["--ro-bind", str(mounted.parent), overlays.INSIDE]})

    found = overlays.kept(tmp_path, tmp_path / "instances")
    gone = overlays.prune(found, {"packages-a"}, days=30)

    assert {one.path for one in gone} == {old, orphaned}
    assert [path.exists() for path in (recent, old, orphaned, mounted)] == [True, False, False, True]
    os.close(lock)
    found = overlays.kept(tmp_path, tmp_path / "instances")
    assert [one.path for one in overlays.prune(found, {"packages-a"}, days=30)] == [mounted]


def test_pruning_deletes_whatever_a_program_left(tmp_path: Path) -> None:
    """Nested too deep for a path, locked, or a link, whose target stays."""
    deep = overlay(tmp_path)
    here = os.open(deep, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d" * 20, dir_fd=here)
        below = os.open("d" * 20, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    (deep / "locked").mkdir(mode=0)
    target = tmp_path / "target"
    target.mkdir()
    link = deep.with_name("c" * 64)
    link.symlink_to(target)
    found = overlays.kept(tmp_path, tmp_path / "instances")
    overlays.prune(found, set(), days=30)
    assert not deep.exists() and not link.is_symlink() and target.is_dir()
    assert not overlays.kept(tmp_path, tmp_path / "instances")
