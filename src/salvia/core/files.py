"""Small files that must be whole, whoever else writes them and whatever dies meanwhile."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from pathlib import Path


def create_once(path: Path, content: Callable[[], bytes]) -> bytes:
    """What is in the file at `path`; `content()`, for its owner alone, where there is none yet."""
    if not path.exists():
        fresh = _write(path, content(), 0o600)
        # A link appears whole or not at all, and takes nobody's place: an empty key would be one that all can guess.
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(fresh)
        fresh.unlink()
    return path.read_bytes()


def replace(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write the file at `path` whole, or leave the one that is there."""
    _write(path, content, mode).replace(path)


def _write(path: Path, content: bytes, mode: int) -> Path:
    # Also threads of one process may write it at once.
    fresh = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_native_id()}.new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return fresh
