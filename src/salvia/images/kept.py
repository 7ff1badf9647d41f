"""What stands of images' environments on this machine: how much, for whom, and what nobody will ask for again."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_NAME = re.compile(r"[a-z0-9-]+-[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Kept:
    """An environment's folder. `state` is built, building, or unfinished: of a build that was killed."""

    path: Path
    state: str
    size: int
    users: tuple[str, ...]


def kept(root: Path, instances: Path) -> list[Kept]:
    """Every environment below `root`; `instances` is where the runtime has a folder for each instance."""
    used = list(_used(instances))
    return [
        Kept(path, _state(path), size(path), tuple(name for name, spec in used if str(path) in spec))
        for path in sorted(root.glob("*"))
        if _NAME.fullmatch(path.name)
    ]


def prune(found: Iterable[Kept], wanted: Iterable[str]) -> list[Kept]:
    """Delete what no image is built to (`wanted` are their environments' names) and no instance uses."""
    names = set(wanted)
    gone = [one for one in found if one.path.name not in names and not one.users and one.state != "building"]
    for one in gone:
        (one.path / "environment.json").unlink(missing_ok=True)  # first: half an environment must not look whole
        shutil.rmtree(one.path)
        _lock(one.path).unlink(missing_ok=True)
    return gone


def size(folder: Path) -> int:
    """Bytes on disk; a file that has several names counts once."""
    seen, total = set(), 0
    for parent, _, files in os.walk(folder):
        for name in files:
            told = os.lstat(f"{parent}/{name}")
            if told.st_ino not in seen:
                seen.add(told.st_ino)
                total += told.st_blocks * 512
    return total


def _state(path: Path) -> str:
    if (path / "environment.json").is_file():
        return "built"
    try:
        with _lock(path).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return "unfinished"
    except BlockingIOError:
        return "building"
    return "unfinished"


def _lock(path: Path) -> Path:
    return path.with_name(f".{path.name}.lock")


def _used(instances: Path) -> Iterable[tuple[str, str]]:
    """The instances that live, and their SPECs, which name what is mounted."""
    for folder in sorted(instances.glob("*")):
        try:
            with (folder / "alive").open() as alive:
                fcntl.flock(alive, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            texts = [path.read_text() for name in ("SPEC.json", "next.json") if (path := folder / name).is_file()]
            yield folder.name, "".join(texts)
        except OSError:
            continue
