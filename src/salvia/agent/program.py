"""The user's program as a process: started, listened to, stopped, and wholly ended."""

# pathlib takes 10 ms to import, for which a job would wait.

from __future__ import annotations

import fcntl
import os
import select
import signal
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import NamedTuple

from .descendants import adopt_orphans, end_all, main_process
from .failure import JobError
from .spec import Program as Command

_WORDS = 9  # the descriptor of what `spec.Program` describes; a shell hands on those of one digit
_CHUNK = 65_536
_PIPE = 1 << 20  # the most that a pipe may hold unread


class Ending(NamedTuple):
    """How the program ended: `code` if it exited, `signal` if one killed it.

    A sandbox exits with 128 + n when signal n killed what it ran; then both are set.
    """

    code: int | None
    signal: int | None

    @property
    def good(self) -> bool:
        """Whether the program says that it succeeded."""
        return self.code == 0 and self.signal is None


class Program:
    """One run. `output(bytes)` gets what the program prints, both streams as one, in the order of writing.

    `on_exit(ending)` is called from another thread when its first process has ended.
    """

    def __init__(self, output: Callable[[bytes], None], on_exit: Callable[[Ending], None]) -> None:
        self._output, self._on_exit = output, on_exit
        self._lock = threading.Lock()
        self._alive = False
        self.pid = 0

    def start(self, command: Command, environment: Mapping[str, str]) -> None:
        """Start `command`, its program with `environment`, in a session of its own. Raises JobError.

        Call it from the main thread: bubblewrap's --die-with-parent means the thread that started it.
        """
        read_end, write_end = os.pipe()
        self._wake_read, self._wake_write = os.pipe()
        opened = [write_end, null := os.open(os.devnull, os.O_RDONLY)]
        actions = [
            (os.POSIX_SPAWN_DUP2, null, 0),
            (os.POSIX_SPAWN_DUP2, write_end, 1),
            (os.POSIX_SPAWN_DUP2, write_end, 2),
        ]
        argv = command.argv
        try:
            if command.cwd is not None:
                os.chdir(command.cwd)
            if command.outside is not None:
                opened.append(words := _words(environment))
                actions.append((os.POSIX_SPAWN_DUP2, words, _WORDS))
            self.pid = os.posix_spawnp(
                argv[0],
                list(argv),
                dict(environment if command.outside is None else command.outside),
                file_actions=actions,
                setsid=True,
                setsigmask=[],
                setsigdef=[signal.SIGPIPE, signal.SIGXFSZ, signal.SIGHUP, signal.SIGTERM, signal.SIGINT],
            )
        except (OSError, ValueError) as error:
            os.close(read_end)
            raise JobError("AlgorithmError", f"The program {argv[0]!r} could not be started: {error}.") from error
        finally:
            for descriptor in opened:
                os.close(descriptor)
        adopt_orphans()
        self._alive = True
        self._reader = threading.Thread(target=self._read, args=(read_end,), name="output", daemon=True)
        self._reader.start()
        threading.Thread(target=self._wait, name="program", daemon=True).start()

    def terminate(self) -> bool:
        """Send SIGTERM to the program's first process; False while there is none to get it.

        To that one alone, as `docker stop` does: whether its own children should hear of it is its affair.
        """
        with self._lock:
            if not self._alive:
                return True
            pid = main_process(self.pid)
            if pid is None:
                return False
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
            return True

    def kill(self) -> None:
        """Send SIGKILL to the program's process group; `finish` ends whatever is left."""
        with self._lock:
            if self._alive:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(self.pid, signal.SIGKILL)

    def finish(self) -> bool:
        """End what the program left running, and return when all that was printed has been taken.

        False when a process would not die. Only call it after `on_exit`. A process that got away with the
        pipe (handed to a stranger) holds up nobody: what is in the pipe is read, and no more.
        """
        gone = end_all()
        os.close(self._wake_write)
        self._reader.join()
        return gone

    def abandon(self) -> None:
        """End everything that runs, whatever it prints; for when the agent itself has failed."""
        self.kill()
        end_all()

    def _wait(self) -> None:
        while True:
            # WNOWAIT leaves the pid taken until the lock is held, so that no signal can meet a stranger.
            try:
                found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
                assert found is not None
                with self._lock:
                    _, status = os.waitpid(found.si_pid, 0)
                    if found.si_pid == self.pid:
                        self._alive = False
                        break
            except ChildProcessError:
                return  # abandoned
        self._on_exit(ending(status))

    def _read(self, descriptor: int) -> None:
        try:
            while True:
                ready, _, _ = select.select([descriptor, self._wake_read], [], [])
                if self._wake_read in ready:
                    self._drain(descriptor)
                    return
                data = os.read(descriptor, _CHUNK)
                if not data:
                    return
                self._output(data)
        finally:
            os.close(descriptor)
            os.close(self._wake_read)

    def _drain(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        left = _PIPE
        try:
            while left > 0 and (data := os.read(descriptor, _CHUNK)):
                left -= len(data)
                self._output(data)
        except BlockingIOError:
            pass


def _words(environment: Mapping[str, str]) -> int:
    """A descriptor from which `environment` can be read as `spec.Program` says. Raises ValueError.

    A NUL would end a word early, and make options of a sandbox of what comes behind it.
    """
    words = []
    for name, value in environment.items():
        if not name or "=" in name or "\0" in name or "\0" in value:
            raise ValueError(f"{name!r} cannot be a variable of an environment, or not with its value")
        words += ["--setenv", name, value]
    memory = os.memfd_create("environment")
    try:
        left = memoryview(b"".join(os.fsencode(word) + b"\0" for word in words))
        while left:
            left = left[os.write(memory, left) :]
        os.lseek(memory, 0, os.SEEK_SET)
        # Above those that the child's own are put at; a file that is put where it is would be closed there.
        return fcntl.fcntl(memory, fcntl.F_DUPFD_CLOEXEC, _WORDS + 1)
    finally:
        os.close(memory)


def ending(status: int) -> Ending:
    """What a wait status says."""
    if os.WIFSIGNALED(status):
        return Ending(None, os.WTERMSIG(status))
    code = os.WEXITSTATUS(status)
    return Ending(code, code - 128 if code - 128 in signal.valid_signals() else None)


def oom_kills(events: str | None) -> int:
    """How many processes of the instance's cgroup the kernel killed for memory; 0 where it cannot be read.

    `events` is memory.oom_control (v1) or memory.events (v2): both have a line `oom_kill N`.
    """
    if events is None:
        return 0
    try:
        with open(events, encoding="ascii") as file:
            for line in file:
                name, _, count = line.partition(" ")
                if name == "oom_kill":
                    return int(count)
    except (OSError, ValueError):
        pass
    return 0
