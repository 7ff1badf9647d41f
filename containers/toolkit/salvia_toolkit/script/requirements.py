"""What a script's requirements.txt asks for, installed above the image's packages.

The image's environment is shared by jobs and cannot be written. So the script gets a virtual environment of its
own, which sees the image's packages behind those that it installs.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import tempfile
import venv
from pathlib import Path

from .told import ScriptError

_WANTS = {"setup.py": ["."], "requirements.txt": ["-r", "requirements.txt"]}
_LAST = 600  # characters of pip's output that a failure repeats


def python_for(code: Path) -> Path:
    """The interpreter for the script in `code`. Raises ScriptError when its requirements cannot be installed."""
    wants = [words for file, words in _WANTS.items() if (code / file).is_file()]
    if not wants:
        return Path(sys.executable)
    overlay = Path(tempfile.mkdtemp(prefix="packages-"))
    venv.EnvBuilder(symlinks=True).create(overlay)
    python = overlay / "bin" / "python"
    packages = sysconfig.get_path("purelib", vars={"base": str(overlay), "platbase": str(overlay)})
    Path(packages, "image.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    command = [str(python), "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
    command += [word for words in wants for word in words]
    done = subprocess.run(command, cwd=code, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    print(done.stdout, end="", flush=True)
    if done.returncode:
        raise ScriptError(
            f'InstallRequirementsError:\nExitCode {done.returncode}\nErrorMessage "{done.stdout.strip()[-_LAST:]}"\n'
            f'Command "{" ".join(command)}"',
            done.returncode,
        )
    return python
