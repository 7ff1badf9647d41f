"""What a script's requirements.txt asks for, installed above the image's packages.

The image's environment is shared by jobs and cannot be written. So the script gets a virtual environment of its
own, which sees the image's packages behind those that it installs. With a setup.py, the source is a package itself,
and another one after each change of the script: only what requirements.txt alone asks for is kept for later jobs.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tempfile
import venv
from pathlib import Path

from . import overlay
from .told import ScriptError

_WANTS = {"setup.py": ["."], "requirements.txt": ["-r", "requirements.txt"]}
_PIP = ["-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--no-cache-dir"]  # HOME is memory
_LAST = 600  # characters of pip's output that a failure repeats


def python_for(code: Path) -> Path:
    """The interpreter for the script in `code`. Raises ScriptError when its requirements cannot be installed."""
    files = [file for file in _WANTS if (code / file).is_file()]
    if not files:
        return Path(sys.executable)
    if os.environ.get("SALVIA_NETWORK_ISOLATION"):
        raise ScriptError(
            f"ClientError: The source has a {files[-1]}, but EnableNetworkIsolation is true: pip reaches no package "
            f"index. Remove {files[-1]}, put the packages into the source itself, or set EnableNetworkIsolation to "
            "false."
        )
    name = overlay.name(code) if files == ["requirements.txt"] else None
    if name is None:
        return _install(code, files, Path(tempfile.mkdtemp(prefix="packages-")))
    found = overlay.find(name)
    if found is not None:
        print("The packages of requirements.txt are those that an earlier job of this role installed.", flush=True)
        return found
    overlay.clear()
    _install(code, files, overlay.PLACE)
    return overlay.keep(name)


def _install(code: Path, files: list[str], place: Path) -> Path:
    venv.EnvBuilder(symlinks=True).create(place)
    python = place / "bin" / "python"
    packages = sysconfig.get_path("purelib", vars={"base": str(place), "platbase": str(place)})
    Path(packages, "image.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    command = [str(python), *_PIP, *(word for file in files for word in _WANTS[file])]
    environment = {name: value for name, value in os.environ.items() if name != "PIP_PREFIX"}  # `place` is the place
    done = subprocess.run(
        command, cwd=code, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    print(done.stdout, end="", flush=True)
    if done.returncode:
        raise ScriptError(
            f'InstallRequirementsError:\nExitCode {done.returncode}\nErrorMessage "{done.stdout.strip()[-_LAST:]}"\n'
            f'Command "{" ".join(command)}"',
            done.returncode,
        )
    return python
