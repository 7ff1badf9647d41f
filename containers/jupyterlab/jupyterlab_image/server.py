"""The command line of JupyterLab, on the socket that it is given, behind a proxy that has checked who comes."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any


def command(config: dict[str, Any], home: Path) -> list[str]:
    """Its token is in JUPYTER_TOKEN: whoever comes through the proxy shows it."""
    settings = {
        "sock": os.environ["SALVIA_BIND_TO_SOCKET"],
        "base_url": config["base"],
        "root_dir": home / config["root"],
        "preferred_dir": home / config["root"] / config.get("begin", ""),
        # The host's name is the proxy's affair, and so is where a request may come from.
        "allow_remote_access": True,
        "allow_root": True,  # of the sandbox, which is nobody outside
        "trust_xheaders": True,
        "open_browser": False,
        "quit_button": False,
    }
    words = [f"--ServerApp.{name}={value}" for name, value in settings.items()]
    words += [
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--MappingKernelManager.kernel_info_timeout=600",  # an image may have to be built
    ]
    return [sys.executable, "-m", "jupyterlab", *words]
