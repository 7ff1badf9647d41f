"""Code repositories: each is cloned once, when the volume is new to it.

They come through the server's own proxy alone, which leads to no private address: a URL is somebody else's word.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any


def folder(url: str) -> str:
    """Where a repository lands, as git itself would call it."""
    return url.rstrip("/").rpartition("/")[2].removesuffix(".git")


def clone(repository: dict[str, Any], root: Path) -> int:
    """Clone one below `root`, unless it is there; git's exit code."""
    target = root / folder(repository["url"])
    if target.exists():
        return 0
    branch = ["--branch", repository["branch"]] if repository.get("branch") else []
    environment = {name: value for name, value in os.environ.items() if name.lower() != "no_proxy"}
    environment |= {"GIT_TERMINAL_PROMPT": "0", "GIT_ALLOW_PROTOCOL": "https"}
    if bundle := os.environ.get("SSL_CERT_FILE"):
        environment["GIT_SSL_CAINFO"] = bundle
    words = ["git", "clone", "--quiet", *branch, "--", repository["url"], str(target)]
    return subprocess.run(words, env=environment, stdin=subprocess.DEVNULL, check=False).returncode
