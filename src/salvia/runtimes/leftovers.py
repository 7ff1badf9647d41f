"""What starters left behind that were killed in the middle, or were frozen and went on when all was over.

Whoever starts an instance writes down that it will, with the hash of its token, before it makes anything; whoever
forgets one has removed it. So a folder whose agent is not there and whose token nobody knows is nobody's, and one
without a token was never started: who starts it makes it anew.
"""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path

from .folder import delete_removed, instances
from .limits import ControlGroups


def ended(parent: Path, age: float) -> dict[str, str]:
    """The instances below `parent` whose agents are not there, untouched for `age` seconds, and their tokens; empty
    where there is none. What interrupted removals left is removed at once."""
    before = time.time() - age
    delete_removed(parent, before)
    found = {}
    for folder in instances(parent):
        with contextlib.suppress(FileNotFoundError):
            if folder.path.stat().st_mtime < before and not folder.alive():
                found[folder.path.name] = folder.token()
    return found


def delete_groups(groups: ControlGroups, parent: Path, age: float) -> None:
    """Delete control groups that are as old, in which nothing runs, and of which no instance below `parent` knows."""
    before = time.time() - age
    known = set()
    for folder in instances(parent):
        with contextlib.suppress(FileNotFoundError, json.JSONDecodeError):
            known.update(folder.read_handle()["cgroups"])
    for base in set(groups.bases.values()):
        with contextlib.suppress(OSError):
            for path in [path for path in base.iterdir() if path.is_dir() and str(path) not in known]:
                with contextlib.suppress(OSError):  # something runs in it, or it is gone
                    if path.stat().st_mtime < before:
                        path.rmdir()
