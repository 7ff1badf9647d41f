"""Environments for images: built once, content-addressed, shared by every job.

`ROOT/packages-HASH/` holds `venv`, what one lock file names for one Python: images with equal lock files share it.
`ROOT/NAME-HASH/` holds `program`, a copy of the image's folder and of the packages that it shares, so that what a job
runs never changes under it. Either has, when all of it is there, `environment.json`. Both are built in place, because a
virtual environment knows its own path; what lacks the last file is unfinished, and is begun anew by whoever comes next.
The lock is inherited by the installer: should a builder be killed, the next waits for its installer.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import signal
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from . import installer, pythons
from .image import Image
from .pythons import Python

Progress = Callable[[str], None]
Begin = Callable[[Path], installer.Steps]

_LAST_LINES = 15
_WAIT = 0.1
_SYSTEM = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_LONGEST_LINE = 1 << 20
PACKAGES = "packages-"
_DONE = "environment.json"
_INSTALLED = "/opt/ml/packages"  # the program's own: its image cannot be written
_IGNORED = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")


@dataclass(frozen=True, slots=True)
class Environment:
    """A built environment: the folders of its program and of its packages, and where its Python's library lives."""

    image: Image
    path: Path
    packages: Path
    home: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return _interpreter(self.packages)

    @property
    def program(self) -> Path:
        """The image's own code, on the program's PYTHONPATH."""
        return self.path / "program"

    @property
    def mounts(self) -> tuple[Path, ...]:
        """What a sandbox has to show, read-only, each at the path that it has outside."""
        return (self.home, self.packages, self.path)

    def argv(self, command: Sequence[str]) -> tuple[str, ...]:
        """`command` of an image.toml (`train`, `serve`) with this environment's programs."""
        own = self.python.parent / command[0]
        return (str(own) if own.exists() else command[0], *command[1:])

    @property
    def variables(self) -> dict[str, str]:
        """What the program's environment needs beside what the job says.

        What it installs with pip itself goes to a folder of its own, above the image's packages.
        """
        (library,) = (self.packages / "venv" / "lib").glob("python3*")
        ours = {
            "PATH": f"{_INSTALLED}/bin:{self.program}/bin:{self.python.parent}:{_SYSTEM}",
            "PYTHONPATH": f"{self.program}:{_INSTALLED}/lib/{library.name}/site-packages",
            "PYTHONUNBUFFERED": "1",
            "LANG": "C.UTF-8",
            "PIP_PREFIX": _INSTALLED,
        }
        return {**ours, **self.image.environment}


class Names(NamedTuple):
    """Of the folders of an environment, below the builder's root."""

    program: str
    packages: str


class BuildError(Exception):
    """An environment could not be built; the message has the installer's last lines and what to do."""


class Builder:
    """Builds below `root`. Any number of builders, in any number of processes, share one build."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def built(self, image: Image) -> Environment | None:
        """The environment of `image` if it stands already; a few file reads, no process."""
        names, _ = self.names(image)  # a Python that is not there may be fetched
        return self._finished(image, names) if names else None

    def names(self, image: Image) -> tuple[Names | None, str]:
        """The names of its environment's folders; where there is no Python for it, none, and why."""
        try:
            return self._names(image, pythons.find(image.python)), ""
        except (pythons.NoPythonError, ValueError) as error:
            return None, str(error)

    async def build(self, image: Image, progress: Progress = lambda line: None) -> Environment:
        """The environment of `image`, built unless it stands. `progress` gets a line at a time.

        Raises BuildError. Cancelling it ends the installer.
        """
        try:
            python = await self._python(image, progress)
            names = await asyncio.to_thread(self._names, image, python)
        except (OSError, ValueError) as error:
            raise BuildError(f"Image {image.name}: {error}") from error
        environment = self._finished(image, names)
        if environment is not None:
            return environment
        uv = await asyncio.to_thread(installer.find_uv)
        version = ".".join(map(str, python.version))
        what = f"Building {image.name} for Python {version} with {'uv' if uv else 'pip'}"
        await self._make(image, names.packages, partial(self._install, image, python, uv), python, progress, what)
        await self._make(image, names.program, partial(self._copy, image, names), python, progress)
        environment = self._finished(image, names)
        if environment is None:
            raise BuildError(
                f"Image {image.name}: its environment {names.program} vanished while it was built. Build again."
            )
        return environment

    async def _python(self, image: Image, progress: Progress) -> Python:
        """One that the machine has, or else one that uv fetches to where it keeps its own."""
        try:
            return await asyncio.to_thread(pythons.find, image.python)
        except pythons.NoPythonError as error:
            uv = await asyncio.to_thread(installer.find_uv)
            if uv is None:
                raise BuildError(f"Image {image.name}: {error} (With uv, Salvia fetches it itself.)") from error
            progress(f"Fetching Python {image.python} for {image.name}")
            self._root.mkdir(parents=True, exist_ok=True)
            with (self._root / ".python.lock").open("w") as lock:
                await _locked(lock.fileno(), progress, f"Python {image.python}")
                try:
                    await self._run(image, installer.fetch(uv, image.python), self._root, lock.fileno(), progress)
                except BuildError as refused:
                    raise BuildError(f"{error} uv cannot fetch one, either. {refused}") from refused
            try:
                return await asyncio.to_thread(pythons.find, image.python)
            except pythons.NoPythonError as still:
                raise BuildError(f"Image {image.name}: {still}") from still

    def _names(self, image: Image, python: Python) -> Names:
        """The names say all that goes into them: another lock, program or Python is another environment."""
        packages = hashlib.sha256(f"{python.executable}\0{python.version}\0{image.locked}".encode())
        digest = packages.copy()
        for root, folder in ((image.folder, image.folder), *((path.parent, path) for path in image.packages)):
            for path in sorted(_program_files(folder)):
                digest.update(f"{path.relative_to(root)}\0{path.stat().st_size}\0".encode())
                digest.update(path.read_bytes())
        return Names(f"{image.name}-{digest.hexdigest()[:16]}", f"{PACKAGES}{packages.hexdigest()[:16]}")

    def _finished(self, image: Image, names: Names) -> Environment | None:
        program, packages = self._root / names.program, self._root / names.packages
        try:
            written: dict[str, Any] = json.loads((packages / _DONE).read_bytes())
        except FileNotFoundError:
            return None
        return Environment(image, program, packages, Path(written["home"])) if (program / _DONE).exists() else None

    async def _make(
        self, image: Image, name: str, begin: Begin, python: Python, progress: Progress, what: str = ""
    ) -> None:
        """Make the folder `name` by the steps that `begin` lays out in it, unless it is finished."""
        self._root.mkdir(parents=True, exist_ok=True)
        target = self._root / name
        with (self._root / f".{name}.lock").open("w") as lock:
            await _locked(lock.fileno(), progress, image.name)
            if (target / _DONE).exists():
                return
            try:
                steps = await asyncio.to_thread(begin, target)
            except (OSError, installer.LockError) as error:
                raise BuildError(f"Image {image.name}, {image.lock}: {error}") from error
            if what:
                progress(what)
            for command in steps.commands:
                await self._run(image, (command, steps.variables), target, lock.fileno(), progress)
            await asyncio.to_thread(self._finish, python, target)
            progress(f"Built {name}")

    def _install(self, image: Image, python: Python, uv: str | None, target: Path) -> installer.Steps:
        _clear(target)
        parts = installer.read_lock(image.locked)
        (target / "hashed.txt").write_text(parts.hashed)
        (target / "unhashed.txt").write_text(parts.unhashed)
        return installer.steps(python.executable, target / "venv", parts, uv)

    def _copy(self, image: Image, names: Names, target: Path) -> installer.Steps:
        _clear(target)
        shutil.copytree(image.folder, target / "program", ignore=_IGNORED)
        for package in image.packages:
            shutil.copytree(package, target / "program" / package.name, ignore=_IGNORED)
        return installer.compiling(_interpreter(self._root / names.packages), target / "program")

    async def _run(
        self,
        image: Image,
        line: tuple[Sequence[str], dict[str, str]],
        target: Path,
        lock: int,
        progress: Progress,
    ) -> None:
        command, variables = line
        process = await asyncio.create_subprocess_exec(
            *command,
            env=variables,
            cwd=target,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            pass_fds=(lock,),
            start_new_session=True,
            limit=_LONGEST_LINE,
        )
        last: deque[str] = deque(maxlen=_LAST_LINES)
        try:
            assert process.stdout is not None
            async for raw in process.stdout:
                said = installer.redact(raw.decode(errors="replace").rstrip())
                if said:
                    last.append(said)
                    progress(said)
            code = await process.wait()
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
            raise
        if code != 0:
            end = "\n".join(last) or "(it said nothing)"
            raise BuildError(
                f"Image {image.name}: {Path(command[0]).name} ended with status {code}:\n{end}\n"
                "Check the network, the package index (PIP_INDEX_URL, PIP_FIND_LINKS, pip.conf) and the free "
                f"space, then try again with: salvia images build {image.name}"
            )

    def _finish(self, python: Python, target: Path) -> None:
        fresh = target / "environment.new"
        fresh.write_text(json.dumps({"home": str(python.home), "python": list(python.version)}))
        # A file that says "finished" must not survive a power cut that what it speaks of does not.
        os.sync()
        fresh.replace(target / _DONE)


def _interpreter(packages: Path) -> Path:
    return packages / "venv" / "bin" / "python"


def _clear(target: Path) -> None:
    if target.exists():
        shutil.rmtree(target)
    target.mkdir()


async def _locked(descriptor: int, progress: Progress, name: str) -> None:
    """Wait for the lock, which a killed builder's installer may still hold."""
    told = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not told:
                progress(f"Waiting for another build of {name}")
                told = True
            await asyncio.sleep(_WAIT)
        else:
            return


def _program_files(folder: Path) -> list[Path]:
    skipped = _IGNORED
    found = []
    for parent, folders, files in os.walk(folder):
        ignored = skipped(parent, [*folders, *files])
        folders[:] = [name for name in folders if name not in ignored]
        found += [Path(parent, name) for name in files if name not in ignored]
    return found
