"""Kernels: the server's own Python, by the names that AWS's instances give it, and the environments of other images."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

_OWN = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]


def write(others: list[dict[str, Any]], home: Path) -> None:
    """Write their specifications where Jupyter looks for a user's own."""
    found = [{"name": "conda_python3", "display_name": "conda_python3", "argv": _OWN, "env": {}}, *others]
    for kernel in found:
        place = home / ".local/share/jupyter/kernels" / kernel["name"]
        place.mkdir(parents=True, exist_ok=True)
        spec = {**kernel, "language": "python", "metadata": {"debugger": True}}
        (place / "kernel.json").write_text(json.dumps(spec))
