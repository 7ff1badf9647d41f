"""The installer of an environment: uv where there is one, pip otherwise, both obeying pip's own settings."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

_SECRET = re.compile(r"(?<=://)[^/@\s]+(?=@)")
# pip's setting → uv's variable, and whether it is a list. uv wants lists of links with commas in between.
_SAME_IN_UV = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
}
_TRUE = ("1", "true", "yes", "on")
# Where a CPU build of torch may be on offer: it is found there, and uv need not look where it would of its own accord.
_OFFERS = {"UV_FIND_LINKS", "UV_INDEX", "UV_DEFAULT_INDEX", "UV_TORCH_BACKEND"}


class Lock(NamedTuple):
    """A requirements.lock in two parts: pip and uv demand hashes of all once one line has them."""

    hashed: str
    unhashed: str


class LockError(Exception):
    """A requirements.lock that cannot be used; the message names the line."""


def read_lock(text: str) -> Lock:
    """Split a lock file: every line is `NAME==VERSION`, mostly followed by `--hash=…`, one package each."""
    hashed: list[str] = []
    unhashed: list[str] = []
    for line in re.sub(r"\\\r?\n", " ", text).splitlines():
        line = re.sub(r"(^|\s)#.*", "", line).strip()
        if not line:
            continue
        if line.startswith("-") or "==" not in line:
            raise LockError(f"'{redact(line)}': a lock file holds nothing but NAME==VERSION --hash=…")
        (hashed if "--hash=" in line else unhashed).append(re.sub(r"\s+", " ", line))
    return Lock("".join(f"{line}\n" for line in hashed), "".join(f"{line}\n" for line in unhashed))


class Steps(NamedTuple):
    """The commands that make an environment, in order, and the environment variables that they run with."""

    commands: tuple[tuple[str, ...], ...]
    variables: dict[str, str]


def steps(python: Path, target: Path, lock: Lock, uv: str | None) -> Steps:
    """How to make a virtual environment of `python` in `target` with what `lock` names, bytecode included.

    The lock's parts are read from `hashed.txt` and `unhashed.txt` beside `target`.
    """
    own = str(target / "bin" / "python")
    parts: list[tuple[str, Path, tuple[str, ...]]] = [
        (lock.unhashed, target.with_name("unhashed.txt"), ()),
        (lock.hashed, target.with_name("hashed.txt"), ("--require-hashes",)),
    ]
    if uv:
        make: tuple[str, ...] = (
            uv,
            "venv",
            "--no-project",
            "--python",
            str(python),
            str(target),
        )
        install: tuple[str, ...] = (uv, "pip", "install", "--python", own, "--no-deps", "--compile-bytecode")
        settings = pip_settings()
        variables = {**os.environ, **uv_variables(settings), "UV_PYTHON_DOWNLOADS": "never"}
        if settings.get("no-index", [""])[0].lower() in _TRUE:  # which uv has no variable for
            install = (*install, "--no-index")
        variables.setdefault("UV_LINK_MODE", "hardlink")  # environments share their packages' files
    else:
        make = (str(python), "-m", "venv", str(target))
        install = (
            own,
            "-m",
            "pip",
            "install",
            "--no-deps",
            "--no-input",
            "--disable-pip-version-check",
            "--compile",
        )
        variables = dict(os.environ)
    if uv and "torch==" in lock.unhashed and not _OFFERS & variables.keys():
        parts[0] = (*parts[0][:2], ("--torch-backend", "cpu"))
    installs = [(*install, *options, "-r", str(path)) for content, path, options in parts if content]
    return Steps((make, *installs), _free(variables))


def compiling(python: Path, program: Path) -> Steps:
    """How to compile a program for the virtual environment of `python`."""
    return Steps(((str(python), "-m", "compileall", "-q", str(program)),), _free(dict(os.environ)))


def _free(variables: dict[str, str]) -> dict[str, str]:
    """Without what tells a Python where to find its modules: a job's own must not be told where ours does."""
    ours = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE", "PIP_REQUIRE_VIRTUALENV")
    return {name: value for name, value in variables.items() if name not in ours}


def fetch(uv: str, requirement: str) -> tuple[tuple[str, ...], dict[str, str]]:
    """The command that fetches a Python, and its variables; no name of it comes to the user's PATH."""
    return (uv, "python", "install", "--no-bin", requirement.replace(" ", "")), dict(os.environ)


def find_uv() -> str | None:
    """uv itself rather than a version manager's stand-in for it, which depends on the folder one is in."""
    for folder in (Path(sys.prefix) / "bin", Path(sys.base_prefix) / "bin"):
        if found := shutil.which("uv", path=str(folder)):
            return found
    for path in (Path("~/.local/bin/uv"), Path("~/.cargo/bin/uv")):
        if os.access(path.expanduser(), os.X_OK):
            return str(path.expanduser())
    return shutil.which("uv")


def pip_settings() -> dict[str, list[str]]:
    """pip's settings for finding packages, from its files and variables, later ones winning as with pip.

    Source: pip's documentation, "Configuration": global, user and environment files, then PIP_ variables.
    """
    settings: dict[str, list[str]] = {}
    home = Path.home()
    files = [Path("/etc/xdg/pip/pip.conf"), Path("/etc/pip.conf"), home / ".pip/pip.conf"]
    files += [
        Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "pip/pip.conf",
        Path(sys.prefix, "pip.conf"),
    ]
    if os.environ.get("PIP_CONFIG_FILE"):
        files = [] if os.environ["PIP_CONFIG_FILE"] == os.devnull else [*files, Path(os.environ["PIP_CONFIG_FILE"])]
    for path in files:
        parser = configparser.RawConfigParser(strict=False)
        try:
            parser.read(path)
        except (configparser.Error, UnicodeDecodeError):
            continue
        for section in ("global", "install"):
            if parser.has_section(section):
                for name, value in parser.items(section):
                    settings[name.replace("_", "-")] = value.split()
    for name, value in os.environ.items():
        if name.startswith("PIP_") and value:
            settings[name[4:].lower().replace("_", "-")] = value.split()
    return settings


def uv_variables(settings: Mapping[str, Sequence[str]], environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """What to set for uv so that it finds what pip would; what is set for uv already stays."""
    environ = os.environ if environ is None else environ
    variables = {}
    for name, values in settings.items():
        variable = _SAME_IN_UV.get(name)
        if variable and values and variable not in environ:
            variables[variable] = (",".join if variable == "UV_FIND_LINKS" else " ".join)(values)
    if "UV_INDEX" in variables and "UV_INDEX_STRATEGY" not in environ:
        # pip takes the best version of all indexes, uv by default the first index that has the name at all.
        variables["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    return variables


def redact(line: str) -> str:
    """A line without the credentials that an index URL may carry."""
    return _SECRET.sub("***", line)
