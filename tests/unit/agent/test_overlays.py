"""What an agent does with packages that its program has built."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from salvia.agent.overlays import BUILT, Overlays

NAME = "a" * 64


@pytest.fixture
def host(tmp_path: Path) -> Path:
    path = tmp_path / "kept"
    path.mkdir()
    return path


def agent(host: Path, folder: Path) -> tuple[Overlays, Path]:
    """One whose program builds in `folder`, and where it does."""
    built = folder.joinpath(*BUILT)
    built.parent.mkdir(parents=True, exist_ok=True)
    return Overlays({"host": str(host), "inside": "/opt/overlays"}, str(folder)), built


def test_what_is_built_is_kept_whole(host: Path, tmp_path: Path) -> None:
    """GET finds nothing before PUT; after it, what was built is there and no longer in the job's hands."""
    overlays, built = agent(host, tmp_path / "job")
    assert overlays.answer("GET", NAME)[0] == "404 Not Found"
    assert overlays.answer("PUT", NAME)[0] == "409 Conflict"
    built.mkdir()
    (built / "module.py").write_text("x = 1")
    assert overlays.answer("GET", NAME)[0] == "404 Not Found"
    for verb in ("PUT", "GET"):
        assert overlays.answer(verb, NAME) == ("200 OK", {"path": f"/opt/overlays/{NAME}"})
    assert (host / NAME / "module.py").read_text() == "x = 1"
    assert not built.exists()


def test_two_that_build_the_same_keep_one(host: Path, tmp_path: Path) -> None:
    """The first one's, whole; nothing is half the one and half the other."""
    made = [agent(host, tmp_path / f"job-{number}") for number in range(8)]
    for number, (_, built) in enumerate(made):
        built.mkdir()
        for part in range(20):
            (built / f"{part}-of-{number}").touch()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda one: one[0].answer("PUT", NAME)[0], made))
    assert answers == ["200 OK"] * 8
    assert len({name.rpartition("-")[2] for name in os.listdir(host / NAME)}) == 1
    assert os.listdir(host) == [NAME] and len(os.listdir(host / NAME)) == 20


def test_the_use_of_an_overlay_is_remembered(host: Path, tmp_path: Path) -> None:
    """`salvia images` says when it was."""
    overlays, _ = agent(host, tmp_path)
    (host / NAME).mkdir()
    os.utime(host / NAME, (0, 0))
    overlays.answer("GET", NAME)
    assert (host / NAME).stat().st_mtime > 0


@pytest.mark.parametrize("name", ["", "..", "role", "A" * 64, f"{'a' * 61}/..", f"{'a' * 64}/x"])
def test_a_name_is_a_hash(host: Path, tmp_path: Path, name: str) -> None:
    """Whatever else a program asks for leads nowhere."""
    overlays, built = agent(host, tmp_path / "job")
    built.mkdir()
    assert [overlays.answer(verb, name)[0] for verb in ("GET", "PUT")] == ["400 Bad Request"] * 2
    assert built.is_dir() and not os.listdir(host)


def test_a_link_is_no_overlay(host: Path, tmp_path: Path) -> None:
    """Neither kept nor found: the agent would tell which folders the machine has."""
    overlays, built = agent(host, tmp_path / "job")
    built.symlink_to("/usr")
    assert overlays.answer("PUT", NAME)[0] == "409 Conflict"
    (host / NAME).symlink_to("/usr")
    assert overlays.answer("GET", NAME)[0] == "404 Not Found"
