"""Finding a Python that an image allows, also where version managers keep theirs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

_CLAUSE = re.compile(r"\s*(>=|<=|==|!=|~=|>|<)?\s*(\d+)(?:\.(\d+))?(?:\.(?:\*|\d+))?\s*")
_ASK = "import sys; print(*sys.version_info[:2]); print(sys.executable); print(sys.base_prefix)"
_INSTALLS = (
    "~/.local/share/uv/python/*/bin",
    "~/.pyenv/versions/*/bin",
    "~/.asdf/installs/python/*/bin",
    "~/.local/share/mise/installs/python/*/bin",
    "/opt/python/*/bin",
)


class Python(NamedTuple):
    """An interpreter: its version, its real path, and the folder that holds its standard library's home."""

    version: tuple[int, int]
    executable: Path
    home: Path


class NoPythonError(Exception):
    """No interpreter at hand satisfies a requirement; the message says what to install."""


def allows(requirement: str, version: tuple[int, int]) -> bool:
    """Whether `>=3.11,<3.14` (or a bare `3.11`, meaning just that) allows a version of two numbers.

    Raises ValueError when the requirement cannot be read.
    """
    return all(_holds(clause, version) for clause in requirement.split(","))


def _holds(clause: str, version: tuple[int, int]) -> bool:
    found = _CLAUSE.fullmatch(clause)
    if found is None:
        raise ValueError(f"'{clause}' is no Python requirement; write for instance >=3.11")
    operator, wanted = found[1] or "==", (int(found[2]), int(found[3] or 0))
    if found[3] is None and operator in ("==", "!="):
        return (version[0] == wanted[0]) == (operator == "==")
    if operator == "~=":
        return version[0] == wanted[0] and version >= wanted
    return {
        "==": version == wanted,
        "!=": version != wanted,
        ">=": version >= wanted,
        "<=": version <= wanted,
        ">": version > wanted,
        "<": version < wanted,
    }[operator]


def find(requirement: str) -> Python:
    """The interpreter running this if it will do (at no cost), else the newest on this machine that does.

    Starts processes only in the second case, once for each interpreter. Raises NoPythonError.
    """
    if allows(requirement, sys.version_info[:2]):
        return running()
    found = [python for python in map(ask, _candidates()) if python and allows(requirement, python.version)]
    if not found:
        raise NoPythonError(
            f"No Python {requirement} was found on PATH, nor where uv, pyenv, asdf and mise install theirs. "
            f"Install one, for instance: uv python install {requirement.strip('>=~ ')}"
        )
    return max(found, key=lambda python: python.version)


def running() -> Python:
    """The interpreter that this process runs on, outside of any virtual environment."""
    base = getattr(sys, "_base_executable", None) or sys.executable
    return Python(sys.version_info[:2], Path(base).resolve(), Path(sys.base_prefix).resolve())


@lru_cache(maxsize=256)
def ask(executable: Path) -> Python | None:
    """What an interpreter says of itself; None when it does not run, or is but a virtual environment's."""
    try:
        said = subprocess.run(
            [executable, "-I", "-S", "-c", _ASK], capture_output=True, text=True, check=True, timeout=10
        ).stdout.splitlines()
        major, minor = said[0].split()
        return Python((int(major), int(minor)), Path(said[1]).resolve(), Path(said[2]).resolve())
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return None


def _candidates() -> Iterator[Path]:
    seen = set()
    folders = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    for pattern in _INSTALLS:
        full = Path(pattern).expanduser()
        folders += sorted(Path(full.anchor).glob(str(full.relative_to(full.anchor))), reverse=True)
    for folder in folders:
        for minor in range(8, 20):
            found = shutil.which(f"python3.{minor}", path=str(folder))
            if found and (real := Path(found).resolve()) not in seen:
                seen.add(real)
                yield real
