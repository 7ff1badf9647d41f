"""Which isolation this machine gives: each level is tried out, not guessed."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import limits as cgroups
from .base import InstanceSpec, StartError, UnsupportedError
from .limits import ControlGroups
from .sandbox import ENVIRONMENT, Bare, Bubblewrap, Level, Namespaces, Sandbox, View

_COSTS = {
    Level.BUBBLEWRAP: "",
    Level.UNSHARE: "some 20 ms a start: Python makes the sandbox instead of bubblewrap",
    Level.NONE: "a program can read and change whatever your user can, other jobs and this data directory "
    "included; network isolation is refused; what a requirements.txt asks for is kept for no later job; programs that "
    "write to /opt/ml itself fail; the names algo-1, algo-2 … do not resolve",
}
_INSTALL = "install bubblewrap (Debian, Ubuntu: apt-get install bubblewrap) and allow user namespaces"
_NO_VARIABLES = f'exec {ENVIRONMENT}</dev/null && exec "$@"'
_DELEGATE = "run as root, or with systemd: systemd-run --user --scope salvia up"


@dataclass(frozen=True, slots=True)
class Found:
    """The sandbox to use, whether it can cut the network, the control groups, and why nothing better."""

    sandbox: Sandbox | None
    network: bool
    groups: ControlGroups
    refusals: dict[str, str]

    def for_spec(self, spec: InstanceSpec) -> Sandbox:
        """The sandbox for `spec`. Raises UnsupportedError where it demands more than there is."""
        if self.sandbox is None:
            reasons = "; ".join(f"{level}: {why}" for level, why in self.refusals.items())
            raise StartError(f"The isolation level that was asked for does not work here ({reasons}). Use another.")
        if spec.network_isolation and not self.network:
            raise UnsupportedError(
                f"EnableNetworkIsolation is true, but isolation level '{self.sandbox.level}' of this machine "
                f"cannot cut a program off the network. Set it to false, or {_INSTALL}."
            )
        if spec.own_network and not self.network:
            raise UnsupportedError(
                "This program serves on a port that it cannot be told, but isolation level "
                f"'{self.sandbox.level}' of this machine cannot give it a network of its own. Use an image that knows "
                f"SALVIA_BIND_TO_SOCKET, or {_INSTALL}."
            )
        if spec.network_isolation and spec.count > 1:
            raise UnsupportedError(
                f"EnableNetworkIsolation is true with {spec.count} instances, but the process runtime gives "
                "each isolated instance a network of its own, in which it cannot reach the others. Use one "
                "instance, or set EnableNetworkIsolation to false."
            )
        return self.sandbox


class Isolation:
    """The levels of one machine, tried once."""

    def __init__(self, home: Path, directory: Path, memory: int, force: Level | None) -> None:
        self._home = home
        self._memory = memory
        self._directory = directory
        self._force = force
        self._found: Found | None = None
        self._finding = threading.Lock()

    def find(self) -> Found:
        """Try the levels, best first, and remember; some 100 ms the first time."""
        with self._finding:
            if self._found is None:
                self._found = self._try()
            return self._found

    def _try(self) -> Found:
        groups = cgroups.find(self._home)
        with contextlib.suppress(OSError):
            groups.hold(self._memory)
        refusals: dict[str, str] = {}
        levels = [self._force] if self._force else list(Level)
        for level in levels:
            sandbox, why = self._make(level)
            if sandbox is not None:
                why = self._refusal(sandbox, network=True)
            if why and isinstance(sandbox, Bubblewrap) and sandbox.sealed:
                sandbox = Bubblewrap(sandbox.program, sealed=False)
                why = self._refusal(sandbox, network=True)
            if sandbox is None or why:
                refusals[level.value] = why
                continue
            network = level is not Level.NONE and not self._refusal(sandbox, network=False)
            return Found(sandbox, network, groups, refusals)
        return Found(None, False, groups, refusals)

    def _make(self, level: Level) -> tuple[Sandbox | None, str]:
        if level is Level.NONE:
            return Bare(), ""
        if level is Level.UNSHARE:
            return Namespaces(), ""
        program = shutil.which("bwrap")
        return (Bubblewrap(program), "") if program else (None, "bubblewrap is not installed")

    def _refusal(self, sandbox: Sandbox, *, network: bool) -> str:
        """Why a program does not run in `sandbox`; empty when it does."""
        self._directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="probe-", dir=self._directory) as folder:
            view = View(Path(folder), self._home, "probe", (), shm=1 << 20, network=network)
            view.prepare({})
            line = sandbox.command(view, ["/bin/sh", "-c", ":"])
            try:
                done = subprocess.run(
                    ["/bin/sh", "-c", _NO_VARIABLES, "salvia", *line],
                    capture_output=True,
                    text=True,
                    check=False,
                    timeout=20,
                )
            except (OSError, subprocess.TimeoutExpired) as error:
                return str(error)
            said = done.stderr.strip().splitlines()[-1:] or [f"exit status {done.returncode}"]
            return "" if done.returncode == 0 else said[0]

    def report(self) -> dict[str, Any]:
        """What `salvia doctor` shows of isolation and limits."""
        found = self.find()
        level = found.sandbox.level if found.sandbox else None
        version = found.groups.version
        held = f"cgroup v{version}" if version else "rlimit"
        limits = {name: held if name in found.groups.bases else "none" for name in ("memory", "cpu", "pids")}
        missing = []
        for name, why in found.refusals.items():
            cost = _COSTS[level] if level else "no program can be started"
            missing.append({"what": f"isolation level {name}", "why": why, "cost": cost, "remedy": _INSTALL})
        if level is not None and not found.network and level is not Level.NONE:
            cost = "jobs with EnableNetworkIsolation are refused"
            missing.append({"what": "network isolation", "why": "refused", "cost": cost, "remedy": _DELEGATE})
        if isinstance(found.sandbox, Bubblewrap) and not found.sandbox.sealed:
            cost = "programs can make user namespaces, which open more of the kernel to them"
            remedy = "bubblewrap 0.8 or later, where user namespaces are allowed"
            missing.append({"what": "a bar to user namespaces", "why": "refused", "cost": cost, "remedy": remedy})
        if not version:
            limits |= {"memory": held, "pids": held}
            cost = "memory is limited for each process instead of an instance, cores are not at all, and a "
            cost += "program that ran out of memory cannot be told from one that failed"
            missing.append({"what": "control groups", "why": "not writable", "cost": cost, "remedy": _DELEGATE})
        return {"isolation": level.value if level else None, "limits": limits, "missing": missing}
