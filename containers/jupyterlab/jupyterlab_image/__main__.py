"""Clone repositories, run the scripts of a lifecycle configuration, become JupyterLab.

Each step is announced in the output, so that its lines go to its own log. Source: AWS's guide, "Customization of a
SageMaker notebook instance using an LCC script": scripts run as root, at `/`; what they leave running goes on.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from . import kernels, repositories
from .server import command

_ML = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))


def main() -> int:
    """The exit code of the first step that failed; else this process is the server from now on, and nothing returns."""
    word = os.environ.pop("SALVIA_STEPS")
    config: dict[str, Any] = json.loads((_ML / "input/config/notebookconfig.json").read_bytes())
    home = Path(os.environ["HOME"])
    if config["repositories"]:
        _enter(word, "Cloning")
        for repository in config["repositories"]:
            code = repositories.clone(repository, home / config["root"])
            if code:
                return code
    for step, script in config["scripts"].items():
        _enter(word, step)
        code = _script(step, script)
        if code:
            return code
    _enter(word, "Loading")
    kernels.write(config["kernels"], home)
    words = command(config, home)
    os.chdir(home / config["root"])
    return os.execv(words[0], words)


def _enter(word: str, step: str) -> None:
    sys.stdout.write(f"\x1e{word} {step}\x1e")
    sys.stdout.flush()


def _script(step: str, script: str) -> int:
    """Run a script, as a program of its own."""
    path = Path(os.environ.get("TMPDIR", "/tmp"), f"LifecycleConfig{step}.sh")  # noqa: S108
    path.write_bytes(base64.b64decode(script))
    path.chmod(0o755)
    try:
        code = subprocess.run([path], cwd="/", stdin=subprocess.DEVNULL, check=False).returncode
    except OSError:  # it does not say what runs it
        code = subprocess.run(["/bin/sh", path], cwd="/", stdin=subprocess.DEVNULL, check=False).returncode
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
