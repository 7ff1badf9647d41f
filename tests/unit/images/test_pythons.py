"""Which Python an image gets."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from salvia.images import pythons


@pytest.mark.parametrize(
    ("requirement", "allowed"),
    [
        (">=3.11", {(3, 11), (3, 12), (4, 0)}),
        (">=3.11,<3.13", {(3, 11), (3, 12)}),
        ("3.11", {(3, 11)}),
        ("==3.11.*", {(3, 11)}),
        ("~=3.11", {(3, 11), (3, 12)}),
        (">3.11, !=3.12", {(4, 0)}),
        ("3", {(3, 10), (3, 11), (3, 12)}),
        ("<=3.11", {(3, 10), (3, 11)}),
    ],
)
def test_a_requirement_allows_versions(requirement: str, allowed: set[tuple[int, int]]) -> None:
    """Version specifiers, by their first two numbers."""
    versions = [(3, 10), (3, 11), (3, 12), (4, 0)]
    assert {version for version in versions if pythons.allows(requirement, version)} == allowed


def test_a_requirement_that_is_none_is_said_so() -> None:
    """An author of an image reads it."""
    with pytest.raises(ValueError, match="'three' is no Python requirement"):
        pythons.allows("three", (3, 11))


def test_the_running_python_is_taken_if_it_will_do() -> None:
    """Its real path: a virtual environment's own would vanish with it."""
    found = pythons.find(f">={sys.version_info[0]}.{sys.version_info[1]}")
    assert found.version == sys.version_info[:2]
    assert found.home == Path(sys.base_prefix).resolve()
    said = subprocess.run(
        [found.executable, "-c", "import sys; print(sys.prefix == sys.base_prefix)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == "True\n"


def test_another_is_looked_for_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest that is allowed; one that lies about its version or does not run is passed over."""
    base = pythons.running().executable
    (tmp_path / "python3.19").symlink_to("/bin/false")
    (tmp_path / "python3.18").write_text(f"#!/bin/sh\necho 3 18\necho {base}\necho {sys.base_prefix}\n")
    (tmp_path / "python3.18").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert pythons.find(">=3.18").version == (3, 18)


def test_none_at_all_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """An old framework's Python is on few machines."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("HOME", "/nonexistent")
    with pytest.raises(pythons.NoPythonError, match=r"uv python install 3\.99"):
        pythons.find("3.99")
