"""Memory, CPU and process limits: control groups, version 1 or 2, or rlimits where neither is writable.

One folder `salvia-…` a data directory, below the control group that this process is in (or as near above it
as we may write), and one folder an instance below that. The program moves itself there before it starts, so
that whatever it forks is held and found again, however it detaches; the agent stays outside.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

MAX_PROCESSES = 4096
_PERIOD = 100_000
_LABEL = "salvia-"
_ATTEMPTS = 10
_V1_CONTROLLERS = ("memory", "cpu", "pids")

# `echo 0` moves the shell itself, and exec keeps what it is: nothing runs outside the limits, ever.
_ENTER = 'while [ "$1" != -- ]; do echo 0 >"$1" || exit 126; shift; done; shift; ulimit -c 0; exec "$@"'
# RLIMIT_DATA and not RLIMIT_AS: address space that is reserved and never touched costs nobody anything.
_RLIMITS = 'ulimit -c 0; ulimit -d "$1"; ulimit -u "$2" 2>/dev/null || ulimit -p "$2"; shift 2; exec "$@"'


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes of memory, cores (None: all there are), processes and threads."""

    memory: int
    cpus: float | None
    processes: int = MAX_PROCESSES


class ControlGroups:
    """The control groups of one data directory; `version` is 0 where none can be written.

    `bases` maps each controller at hand to the folder that instances' folders are made in.
    """

    def __init__(self, bases: dict[str, Path], version: int) -> None:
        self._total: int | None = None
        self.bases = bases
        self.version = version

    def folders(self, name: str) -> list[Path]:
        """Where the instance `name` is held; the same for whoever asks."""
        return sorted({base / name for base in self.bases.values()})

    def create(self, name: str, limits: Limits) -> list[Path]:
        """Make the folders of `name` and set its limits. Repeating it changes nothing."""
        folders = self.folders(name)
        for attempt in range(_ATTEMPTS):
            try:
                for folder in folders:
                    folder.mkdir(exist_ok=True)
                break
            except FileNotFoundError:
                # Whoever removed the last instance removed our own folder too.
                if attempt == _ATTEMPTS - 1:
                    raise
                self._restore()
        quota = None if limits.cpus is None else max(1000, int(limits.cpus * _PERIOD))
        if self.version == 1:
            self._set("memory", name, "memory.limit_in_bytes", limits.memory)
            self._set("memory", name, "memory.memsw.limit_in_bytes", limits.memory, optional=True)
            if quota is not None:
                self._set("cpu", name, "cpu.cfs_period_us", _PERIOD)
                self._set("cpu", name, "cpu.cfs_quota_us", quota)
        else:
            self._set("memory", name, "memory.max", limits.memory)
            self._set("memory", name, "memory.swap.max", 0, optional=True)
            # A program half of which was killed mostly hangs: all of it goes, as with a container.
            self._set("memory", name, "memory.oom.group", 1, optional=True)
            if quota is not None:
                self._set("cpu", name, "cpu.max", f"{quota} {_PERIOD}")
        self._set("pids", name, "pids.max", limits.processes)
        return folders

    def hold(self, memory: int) -> None:
        """Bound all instances together: what is not theirs is for the service and the machine."""
        self._total = memory
        file = "memory.limit_in_bytes" if self.version == 1 else "memory.max"
        self._set("memory", ".", file, memory, optional=True)

    def _restore(self) -> None:
        for base in set(self.bases.values()):
            if self.version == 1:
                base.mkdir(exist_ok=True)
            else:
                _delegate(base.parent, base)
        if self._total is not None:
            self.hold(self._total)

    def _set(self, controller: str, name: str, file: str, value: object, *, optional: bool = False) -> None:
        base = self.bases.get(controller)
        if base is None or (optional and not (base / name / file).exists()):
            return
        (base / name / file).write_text(str(value))

    def events(self, name: str) -> list[Path]:
        """The files whose `oom_kill` count grows when the kernel kills for memory."""
        base = self.bases.get("memory")
        file = "memory.oom_control" if self.version == 1 else "memory.events"
        return [] if base is None else [base / name / file]


def entering(folders: Sequence[Path], limits: Limits, argv: Sequence[str]) -> list[str]:
    """`argv` under its limits: inside `folders`, or under rlimits where there are none."""
    if folders:
        files = [str(folder / "cgroup.procs") for folder in folders]
        return ["/bin/sh", "-c", _ENTER, "salvia", *files, "--", *argv]
    return ["/bin/sh", "-c", _RLIMITS, "salvia", str(limits.memory // 1024), str(limits.processes), *argv]


def kill_members(folders: Sequence[Path], patience: float = 10.0) -> None:
    """SIGKILL whatever runs in `folders`; returns when nothing does any more.

    Raises TimeoutError naming the processes that would not go within `patience` seconds.
    """
    deadline = time.monotonic() + patience
    for folder in folders:
        # No more forks: otherwise a fork bomb outruns us.
        with contextlib.suppress(OSError):
            (folder / "pids.max").write_text("0")
        with contextlib.suppress(OSError):
            (folder / "cgroup.kill").write_text("1")
    while members := {pid for folder in folders for pid in _members(folder)}:
        for pid in members:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if time.monotonic() > deadline:
            raise TimeoutError(f"processes {sorted(members)} do not die; they wait in the kernel, for a disk perhaps")
        time.sleep(0.005)


def delete_folders(folders: Sequence[Path], patience: float = 10.0) -> None:
    """Remove folders, one that is gone already is fine, and what held them if they were the last.

    A program whose agent was killed while it was being born may enter a folder after all its members were
    killed: such a latecomer is killed here. Raises TimeoutError as `kill_members` does.
    """
    deadline = time.monotonic() + patience
    for folder in folders:
        while True:
            try:
                folder.rmdir()
            except FileNotFoundError:
                break
            except OSError as error:
                if error.errno != errno.EBUSY or time.monotonic() > deadline:
                    raise
                kill_members([folder], patience)
                # The kernel needs a moment after the last process left.
                time.sleep(0.005)
            else:
                break
        if folder.parent.name.startswith(_LABEL):
            with contextlib.suppress(OSError):
                folder.parent.rmdir()


def find(home: Path) -> ControlGroups:
    """The control groups that this process may make, tried out with a process that enters one."""
    label = _LABEL + hashlib.sha256(str(home).encode()).hexdigest()[:10]
    for version, candidates in ((1, _version_1(label)), (2, _version_2(label))):
        for bases in candidates:
            groups = ControlGroups(bases, version)
            if _works(groups):
                return groups
    return ControlGroups({}, 0)


def _works(groups: ControlGroups) -> bool:
    name = f"probe-{os.getpid()}-{time.monotonic_ns()}"
    limits = Limits(1 << 28, 1.0)
    try:
        folders = groups.create(name, limits)
        done = subprocess.run(
            entering(folders, limits, ["/bin/sh", "-c", ":"]), capture_output=True, check=False, timeout=10
        )
        works = done.returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        works = False
    with contextlib.suppress(OSError, TimeoutError):
        kill_members(groups.folders(name))
        delete_folders(groups.folders(name))
    return works


def _members(folder: Path) -> list[int]:
    pids: list[int] = []
    for file in folder.rglob("cgroup.procs"):
        with contextlib.suppress(OSError):
            pids += [int(line) for line in file.read_text().split()]
    return pids


def _version_1(label: str) -> Iterator[dict[str, Path]]:
    own = _own_groups()
    bases: dict[str, Path] = {}
    for kind, point, options in _mounts():
        for controller in _V1_CONTROLLERS:
            if kind != "cgroup" or controller not in options or controller in bases:
                continue
            for parent in (point / own.get(controller, "").lstrip("/"), point):
                base = parent / label
                try:
                    base.mkdir(exist_ok=True)
                except OSError:
                    continue
                if os.access(base, os.W_OK):
                    bases[controller] = base
                    break
    if "memory" in bases:
        yield bases


def _version_2(label: str) -> Iterator[dict[str, Path]]:
    own = _own_groups().get("", "")
    for kind, point, _ in _mounts():
        if kind != "cgroup2":
            continue
        here = point / own.lstrip("/")
        # Root's own place is the top, as for other container engines: what is below belongs to systemd, which
        # may take controllers away again. A user's is the nearest folder that was delegated to them.
        for parent in ((point,) if os.geteuid() == 0 else ()) + (here, *here.parents):
            base = parent / label
            if parent.is_relative_to(point) and _delegate(parent, base):
                controllers = (base / "cgroup.subtree_control").read_text().split()
                yield {name: base for name in _V1_CONTROLLERS if name in controllers}


def _delegate(parent: Path, base: Path) -> bool:
    """Make `base` with the memory controller for its children; undone when the kernel will not have it."""
    try:
        base.mkdir(exist_ok=True)
        for folder in (parent, base):
            enabled = (folder / "cgroup.subtree_control").read_text().split()
            for controller in _V1_CONTROLLERS:
                if controller not in enabled:
                    with contextlib.suppress(OSError):
                        (folder / "cgroup.subtree_control").write_text(f"+{controller}")
        if "memory" in (base / "cgroup.subtree_control").read_text().split():
            return True
    except OSError:
        pass
    with contextlib.suppress(OSError):
        base.rmdir()
    return False


def _own_groups() -> dict[str, str]:
    """Controller → the path of this process's control group; version 2 under the empty name."""
    groups = {}
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            groups[controller] = path
    return groups


def _mounts() -> Iterator[tuple[str, Path, list[str]]]:
    """Kind, mount point and options of each control group hierarchy."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        left, _, right = line.partition(" - ")
        kind, _, options = right.split(" ", 2)
        if kind in ("cgroup", "cgroup2"):
            yield kind, Path(left.split()[4]), options.split(",")
