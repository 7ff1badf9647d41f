"""Instances as processes of this machine: an agent in a session of its own, its program in a sandbox.

`DIRECTORY/instances/NAME/` holds one instance: SPEC.json for its agent, `ml` (the program's /opt/ml), `run`
(its credentials token), `tmp`, the agent's output, and what `folder.InstanceFolder` keeps. Nothing about an
instance is kept in memory: any process that is given the directory can adopt it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import site
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from . import leftovers
from . import limits as cgroups
from .addresses import Addresses
from .base import Capacity, Handle, InstanceSpec, InstanceState, Known, StartError
from .folder import NEXT, SPEC, InstanceFolder
from .gpus import Gpus, notice
from .levels import Isolation
from .limits import Limits
from .machine import available
from .orphans import kill_marked, marker
from .sandbox import RUN, Level, View, relocate

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,119}")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# `pid` is complete when its line is.
_BECOME_AGENT = 'echo $$ >pid && exec "$@"'
_START_PATIENCE = 10.0


class ProcessRuntime:
    """The runtime that needs nothing but Python.

    `directory` is its own, `home` (by default its parent) what no program may see. `agent_command` is run
    with the path of a SPEC.json added. `force_level` takes that level of isolation, looking for no better. `root` is
    where the machine's /dev and /proc are, for its GPUs.
    """

    name = "process"

    def __init__(
        self,
        directory: Path,
        *,
        home: Path | None = None,
        agent_command: Sequence[str] | None = None,
        force_level: Level | str | None = None,
        root: Path = Path("/"),
    ) -> None:
        self._directory = directory.resolve()
        self._home = (home or directory.parent).resolve()
        self._agent = tuple(agent_command or default_agent_command())
        self._addresses = Addresses(self._directory)
        self._gpus = Gpus(self._directory, root)
        level = Level(force_level) if force_level else None
        self._isolation = Isolation(self._home, self._directory, self.capacity().memory, level)
        self._children: set[int] = set()
        self._watched: set[str] = set()
        self._reaping = threading.Lock()

    async def prepare(self) -> None:
        """Find out what this machine can do, some 100 ms; otherwise the first start does."""
        await asyncio.to_thread(self._isolation.find)

    async def start(self, spec: InstanceSpec) -> Handle:
        """Start `spec`, or adopt what runs or ran under its name. Some 5 ms, on a thread."""
        if not _NAME.fullmatch(spec.name):
            raise StartError(f"'{spec.name}' cannot name an instance: use a-z, 0-9 and -, at most 120 of them.")
        return await asyncio.to_thread(self._start, spec)

    async def poll(self, handle: Handle) -> InstanceState:
        """RUNNING while the agent holds its lock; microseconds."""
        self._reap()
        return InstanceState.RUNNING if self._folder(handle).alive() else InstanceState.GONE

    def watch(self, handle: Handle, ended: Callable[[], None]) -> None:
        """By a descriptor of its process, which the loop waits for."""
        folder, name = self._folder(handle), handle["name"]
        pid = folder.pid()
        if pid is None or name in self._watched:
            return
        try:
            process = os.pidfd_open(pid)
        except ProcessLookupError:
            return
        if not folder.alive():  # the number may be another's
            os.close(process)
            return
        loop = asyncio.get_running_loop()
        self._watched.add(name)

        def over() -> None:
            loop.remove_reader(process)
            os.close(process)
            self._watched.discard(name)
            ended()

        loop.add_reader(process, over)

    async def stop(self, handle: Handle, grace: float) -> None:
        """SIGTERM to the agent, which knows its program's grace from its SPEC and ends by itself."""
        self._folder(handle).signal(signal.SIGTERM)

    async def kill(self, handle: Handle) -> None:
        """SIGKILL the agent and all that its program started. TimeoutError if something will not die."""
        await asyncio.to_thread(self._kill, handle)

    async def remove(self, handle: Handle) -> None:
        """Kill what lives, then give back folder, control groups and addresses."""
        await asyncio.to_thread(self._remove, handle)

    async def rest(self, handle: Handle) -> None:
        """End and delete what the job left. TimeoutError if something will not die."""
        await asyncio.to_thread(self._rest, handle)

    async def reuse(self, handle: Handle, spec: InstanceSpec) -> Handle:
        """Lay out `spec` in the instance's folder, and wake its agent."""
        return await asyncio.to_thread(self._reuse, handle, spec)

    async def sweep(self, known: Known, age: float) -> list[str]:
        """Remove what has ended, or never begun, and has no owner any more. Several may do so at once."""
        parent = self._directory / "instances"
        found = await asyncio.to_thread(leftovers.ended, parent, age)
        tokens = await known([token for token in found.values() if token])
        removed = []
        for name, token in found.items():
            if token not in tokens and await asyncio.to_thread(self._discard, name, token):
                removed.append(name)
        groups = (await asyncio.to_thread(self._isolation.find)).groups
        await asyncio.to_thread(leftovers.delete_groups, groups, parent, age)
        return removed

    def address(self, handle: Handle) -> str:
        """Its loopback address, 127.A.B.N."""
        return str(handle["address"])

    def socket(self, handle: Handle) -> str:
        """`run/serve.sock`, which its agent makes."""
        return str(self._folder(handle).path / "run" / "serve.sock")

    def pid(self, handle: Handle) -> int | None:
        """The agent's process number while it lives."""
        folder = self._folder(handle)
        return folder.pid() if folder.alive() else None

    def last_words(self, handle: Handle) -> str:
        """The end of the agent's error output: why a lost one was lost, if it could say."""
        return self._folder(handle).last_words()

    def capacity(self) -> Capacity:
        """All cores that may be used, and nine tenths of the memory."""
        return available()

    def report(self) -> dict[str, Any]:
        """`gpus` (models), `isolation` (the level in force), `limits` (by what), `missing` (what, why, what to do)."""
        cpus, memory = self.capacity()
        gpus = [gpu.model or f"nvidia{gpu.minor}" for gpu in self._gpus.found()]
        return {"runtime": self.name, "cpus": cpus, "memory": memory, "gpus": gpus, **self._isolation.report()}

    def _folder(self, handle: Handle) -> InstanceFolder:
        return InstanceFolder(self._directory / "instances" / handle["name"])

    def _start(self, spec: InstanceSpec) -> Handle:
        self._reap()
        folder = self._folder({"name": spec.name})
        deadline = time.monotonic() + _START_PATIENCE
        while True:
            if folder.pid() is None:
                self._refuse(spec)
            folder.make()
            lock = self._take(folder)
            if folder.pid() is not None:
                if lock is not None:
                    os.close(lock)
                return folder.read_handle()
            if lock is not None:
                try:
                    handle = self._lay_out(folder, spec)
                    self._launch(folder, lock)
                except OSError as error:
                    raise StartError(
                        f"Instance {spec.name} could not be laid out in {folder.path}: {error}. Check free space, "
                        "permissions and the limits of this user."
                    ) from error
                finally:
                    os.close(lock)
                return self._wait_for_agent(folder, handle)
            # Somebody else is starting it at this moment, or was killed a moment ago while doing so.
            if time.monotonic() > deadline:
                raise StartError(
                    f"Another process has been starting instance {spec.name} for {_START_PATIENCE:.0f} s. "
                    f"See who holds {folder.path / 'alive'}."
                )
            time.sleep(0.005)

    def _refuse(self, spec: InstanceSpec) -> None:
        """Raise what speaks against starting `spec`, before anything is made for it."""
        self._isolation.find().for_spec(spec)
        for mount in spec.mounts:
            if not mount.host.exists():
                raise StartError(f"{mount.host}, to be mounted at {mount.inside}, does not exist.")

    def _take(self, folder: InstanceFolder) -> int | None:
        try:
            return folder.lock()
        except FileNotFoundError:  # removed since it was made
            return None

    def _rest(self, handle: Handle) -> None:
        folder = self._folder(handle)
        self._end_program(folder)
        folder.clear()

    def _reuse(self, handle: Handle, spec: InstanceSpec) -> Handle:
        folder = self._folder(handle)
        try:
            with folder.assigning():
                if folder.assigned(spec.agent["token"]):
                    return handle
                if not folder.alive():
                    raise StartError(f"The instance {handle['name']}, which was kept, is gone.")
                self._refuse(spec)
                handle = self._lay_out(folder, replace(spec, name=handle["name"], group=handle["group"]), NEXT)
        except OSError as error:
            raise StartError(f"Instance {handle['name']}, which was kept, could not be reused: {error}.") from error
        folder.signal(signal.SIGUSR1)
        return handle

    def _lay_out(self, folder: InstanceFolder, spec: InstanceSpec, name: str = SPEC) -> Handle:
        """Everything that has to be there before the agent starts, its SPEC as `name` last.

        Repeating it changes nothing.
        """
        isolation = self._isolation.find()
        sandbox = isolation.for_spec(spec)
        addresses = self._addresses.claim(spec.group, spec.name, spec.count)
        bounds = self._bounds(spec)
        machine = spec.machine or spec.name
        gpus = self._gpus.claim(machine, spec.name, spec.gpus)
        held = isolation.groups.create(machine, bounds)
        handle: Handle = {
            "runtime": self.name,
            "name": spec.name,
            "group": spec.group,
            "address": addresses[spec.index],
            "isolation": sandbox.level.value,
            "directory": str(folder.path),
            "cgroups": [str(path) for path in held],
        }
        view = View(
            folder.path,
            self._home,
            spec.host,
            spec.mounts,
            shm=bounds.memory // 2,
            network=not (spec.network_isolation or spec.own_network),
            devices=self._gpus.nodes(gpus),
        )
        view.prepare(dict(zip(spec.hosts, addresses, strict=True)))
        bare = sandbox.level is Level.NONE
        # A program sees all of the machine's cores and memory: it would start a thread for each, and fill it.
        threads = str(max(1, int(bounds.cpus or self.capacity().cpus)))
        given = {"OMP_NUM_THREADS": threads, "SALVIA_MEMORY_LIMIT": str(bounds.memory)}
        given |= self._gpus.variables(gpus, hidden=not bare)
        environment = {"PATH": _PATH, **given, "HOME": "/root", **spec.environment}
        if said := notice(spec.gpus, len(gpus)):
            environment["SALVIA_NOTICE"] = "\n".join(filter(None, [spec.environment.get("SALVIA_NOTICE"), said]))
        if bare:
            own = {"HOME": str(view.folder / "root"), "TMPDIR": str(view.folder / "tmp")}
            environment = {**environment, **own, **spec.environment}
            environment = {name: relocate(view, value) for name, value in environment.items()}
            environment["SAGEMAKER_BASE_DIR"] = str(view.folder / "ml")
            environment["SALVIA_HOSTS_FILE"] = str(view.folder / "etc" / "hosts")
        # What a request sets, LD_PRELOAD say, must not act on the sandbox, nor on the shell before it.
        outside = None if bare else {"PATH": _PATH}
        if not held:
            environment |= marker(spec.name)
            outside = outside and outside | marker(spec.name)
        folder.write("handle.json", handle)
        folder.write(
            name,
            {
                **spec.agent,
                "host": spec.host,
                "hosts": list(spec.hosts),
                "address": addresses[spec.index],
                "directory": str(folder.path),
                "ml": str(view.folder / "ml"),
                "gpus": [gpu.uuid or str(gpu.minor) for gpu in gpus],
                "run": {
                    "host": str(view.folder / "run"),
                    "program": str(view.folder / "run") if bare else RUN,
                },
                "program": {
                    "argv": cgroups.entering(held, bounds, sandbox.command(view, spec.argv)),
                    "environment": environment,
                    "outside": outside,
                    "cwd": str(view.folder / "ml") if bare else None,
                    "cgroup_events": [str(path) for path in isolation.groups.events(machine)],
                },
            },
        )
        return handle

    def _bounds(self, spec: InstanceSpec) -> Limits:
        cpus, memory = self.capacity()
        wanted = None if spec.cpus is None or spec.cpus >= cpus else spec.cpus
        return Limits(min(spec.memory or memory, memory), wanted)

    def _launch(self, folder: InstanceFolder, lock: int) -> None:
        """Spawn the agent in a session of its own. Its input is the lock, which it holds until it ends."""
        agent = [*self._agent, str(folder.path / SPEC)]
        with (
            (folder.path / "agent.out").open("ab") as output,
            (folder.path / "agent.err").open("ab") as errors,
        ):
            process = subprocess.Popen(
                ["/bin/sh", "-c", _BECOME_AGENT, "salvia", *agent],
                env=agent_environment(),
                cwd=folder.path,
                stdin=lock,
                stdout=output,
                stderr=errors,
                start_new_session=True,
            )
        self._children.add(process.pid)
        # It may outlive this process; `_reap` looks after it, so that Popen has nothing to warn of.
        process.returncode = 0

    def _wait_for_agent(self, folder: InstanceFolder, handle: Handle) -> Handle:
        deadline = time.monotonic() + _START_PATIENCE
        while folder.pid() is None:
            if not folder.alive() and folder.pid() is None:
                raise StartError(
                    f"The agent of {folder.path.name} ended before it began: "
                    f"{folder.last_words() or 'no output'}. Look at {folder.path / 'agent.err'}."
                )
            if time.monotonic() > deadline:
                raise StartError(
                    f"The agent of {folder.path.name} has not begun after {_START_PATIENCE:.0f} s: the "
                    "machine is overloaded, or its disk is full."
                )
            time.sleep(0.001)
        return handle

    def _kill(self, handle: Handle) -> None:
        folder = self._folder(handle)
        folder.kill_agent()
        self._reap()
        self._end_program(folder)

    def _end_program(self, folder: InstanceFolder) -> None:
        held = self._held(folder)
        cgroups.kill_members(held)
        if not held:
            kill_marked(folder.path.name)

    def _remove(self, handle: Handle) -> None:
        folder = self._folder(handle)
        # Whoever holds the lock decides: while we do, nobody starts it again in a folder that goes away.
        while folder.path.exists():
            self._kill(handle)
            lock = self._take(folder)
            if lock is not None:
                try:
                    cgroups.delete_folders(self._held(folder))
                    folder.delete()
                finally:
                    os.close(lock)
        folder.delete()
        self._addresses.release(handle["name"])
        self._gpus.release(handle["name"])

    def _discard(self, name: str, token: str) -> bool:
        """Remove an instance if its agent is still not there, and it is still that job's."""
        folder = self._folder({"name": name})
        lock = self._take(folder)
        if lock is None:
            return False
        try:
            if folder.token() != token:
                return False
            self._end_program(folder)
            cgroups.delete_folders(self._held(folder))
            folder.delete()
        finally:
            os.close(lock)
        self._addresses.release(name)
        self._gpus.release(name)
        return True

    def _held(self, folder: InstanceFolder) -> list[Path]:
        """The control groups that its starter made, who may have run in another one than we."""
        try:
            return [Path(path) for path in folder.read_handle()["cgroups"]]
        except FileNotFoundError:
            return [path for path in self._isolation.find().groups.folders(folder.path.name) if path.exists()]

    def _reap(self) -> None:
        """Take note of agents of ours that ended, lest they stay in the process table."""
        with self._reaping:
            for pid in list(self._children):
                with contextlib.suppress(ChildProcessError):
                    if os.waitpid(pid, os.WNOHANG) == (0, 0):
                        continue
                self._children.discard(pid)


def default_agent_command() -> list[str]:
    """The agent of this installation, without `site`, which costs more than the rest of the interpreter."""
    return [sys.executable, "-P", "-s", "-S", "-m", "salvia.agent"]


def agent_environment() -> dict[str, str]:
    """What an agent inherits: where to find its code, nothing of ours besides."""
    packages = [str(Path(__file__).parents[2]), *site.getsitepackages()]
    environment = {
        "PATH": os.environ.get("PATH", _PATH),
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(packages)),
    }
    for name in ("HOME", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        if name in os.environ:
            environment[name] = os.environ[name]
    return environment
