"""What scripts' requirements.txt asked for, kept for later jobs: `ROOT/KEY/NAME/`.

KEY is the hash of a role and of the image's packages that lie below. Every instance of that role sees `ROOT/KEY`
read-only, at `INSIDE`; `role` in it says whose it is. NAME is the hash of what was asked for. A program builds an
overlay in its own sandbox, and its agent moves it here, whole (`agent.overlays`). Source distributions run code when
they are built, which may have hidden something in it: so no other role's programs ever see it.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..core import files
from .folder import NEXT, SPEC, delete_tree, instances

INSIDE = "/opt/overlays"
_NAME = re.compile(r"[0-9a-f]{64}")
_ROLE, _PACKAGES = "role", "packages"
_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Overlay:
    """One that is kept: whose it is, the name of the packages below it, who may be using it now."""

    path: Path
    role: str
    packages: str
    size: int
    used_at: float
    users: tuple[str, ...]


def place(root: Path, role: str, packages: str) -> Path:
    """The folder for the overlays of a role above some packages; blocks for file operations of microseconds."""
    folder = root.resolve() / hashlib.sha256(f"{role}\0{packages}".encode()).hexdigest()[:32]
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in ((_ROLE, role), (_PACKAGES, packages)):
        files.create_once(folder / name, content.encode)
    return folder


def kept(root: Path, parent: Path) -> list[Overlay]:
    """Every overlay below `root`; `parent` is where instances have their folders."""
    told = list(_told(parent))
    found = []
    for folder in sorted(root.resolve().glob("*/")):
        if not (folder / _PACKAGES).is_file():
            continue
        role, packages = (folder / _ROLE).read_text(), (folder / _PACKAGES).read_text()
        users = tuple(name for name, spec in told if str(folder) in spec)
        for path in sorted(folder.iterdir()):
            if _NAME.fullmatch(path.name):
                used_at = path.lstat().st_mtime
                found.append(Overlay(path, role, packages, _size(path), used_at, users))
    return found


def prune(found: Iterable[Overlay], wanted: Iterable[str], days: float) -> list[Overlay]:
    """Delete what no instance may be using, of packages that are not `wanted`, or unused for so many days."""
    names, before = set(wanted), time.time() - days * _DAY
    gone = [one for one in found if not one.users and (one.packages not in names or one.used_at <= before)]
    for one in gone:
        # Half an overlay must not be found. A program may have put a link where a folder is expected.
        doomed = one.path.rename(one.path.with_name(f".removed-{one.path.name}"))
        if doomed.is_symlink() or not doomed.is_dir():
            doomed.unlink()
        else:
            delete_tree(doomed)
    return gone


def _told(parent: Path) -> Iterator[tuple[str, str]]:
    """The instances that live, and what their agents were told, which names all that is mounted."""
    for folder in instances(parent):
        if folder.alive():
            specs = [path.read_text() for name in (SPEC, NEXT) if (path := folder.path / name).is_file()]
            yield folder.path.name, "".join(specs)


def _size(path: Path) -> int:
    """Bytes on disk. A program made it: no link is followed, and what is too deep to be named is not counted."""
    seen, total, left = set(), 0, [] if path.is_symlink() else [str(path)]
    while left:
        try:
            with os.scandir(left.pop()) as entries:
                for entry in entries:
                    status = entry.stat(follow_symlinks=False)
                    if entry.is_dir(follow_symlinks=False):
                        left.append(entry.path)
                    elif status.st_ino not in seen:
                        seen.add(status.st_ino)
                        total += status.st_blocks * 512
        except OSError:
            continue
    return total
