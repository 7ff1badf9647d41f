"""Who has what of this machine: a file of claims for each kind of thing.

It is changed under a lock that the kernel releases when its holder dies, and replaced atomically.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def changing(path: Path) -> Iterator[dict[str, Any]]:
    """The claims of the file at `path`, to be changed; written when they were. Blocks for microseconds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        before = path.read_text() if path.exists() else "{}"
        claims: dict[str, Any] = json.loads(before)
        yield claims
        after = json.dumps(claims)
        if after != before:
            fresh = path.with_suffix(".new")
            fresh.write_text(after)
            fresh.replace(path)
