"""The supervisor: prepares the data directory, starts gateways and controllers, restarts what dies.

Both are forks of it: what all have in common, more than a second of imports, is loaded once and its memory shared, and
what died is replaced within milliseconds. Hence it has one thread, no open database and no event loop while it runs.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import multiprocessing
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess

from salvia import process, role
from salvia.app import bootstrap
from salvia.core.errors import ServiceError
from salvia.process import CannotStart
from salvia.settings import Settings
from salvia.store.schema import upgrade

_log = logging.getLogger("salvia.supervisor")
_GRACE = 12.0
_BACKOFF = (0.1, 2.0)  # between restarts of one that keeps dying; the others, and jobs, wait for it
_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_FORK = multiprocessing.get_context("fork")
_STEADY = 30.0  # alive for so long, it is no longer one that keeps dying


@dataclass(slots=True)
class _Child:
    role: str
    index: int
    process: BaseProcess | None = None
    started: float = 0.0
    wait: float = _BACKOFF[0]
    again_at: float = field(default=0.0)


class Supervisor:
    """One for each data directory, by a lock."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._listener: socket.socket | None = None
        self._children: list[_Child] = []
        self._stopping = False

    def prepare(self, progress: Callable[[str], None]) -> None:
        """Take the data directory over from whoever left it, migrate, bootstrap, bind the port.

        Raises CannotStart when another supervisor is alive, or the port is taken.
        """
        settings = self._settings
        os.umask(0o077)
        try:
            settings.run.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CannotStart(f"{settings.home} cannot be used: {error.strerror}. Set SALVIA_HOME.") from None
        self._lock = process.Lock(settings.run / "supervisor.lock")
        if not self._lock.take():
            pid = process.holder(settings.run / "supervisor.lock")
            raise CannotStart(f"Salvia already runs on {settings.home} (process {pid}). `salvia down` stops it.")
        for path in settings.run.glob("*-*.lock"):
            orphan = process.holder(path)
            if orphan:
                progress(f"taking over from a supervisor that died: ending {path.stem}")
                process.end(orphan, _GRACE, alive=path)
        self._listener = self._bind()
        settings.save()
        try:
            upgrade(settings.location)
        except OSError as error:
            raise CannotStart(f"The database {settings.shown_database} cannot be reached: {error}.") from None
        except Exception as error:
            raise CannotStart(
                f"The database {settings.shown_database} cannot be brought to this version's schema: {error}. Is it "
                "Salvia's, and of no later version? `pip install --upgrade salvia-ml` reads a later one."
            ) from error
        try:
            asyncio.run(bootstrap(settings))
        except (ServiceError, ValueError) as error:
            raise CannotStart(error.message if isinstance(error, ServiceError) else str(error)) from error
        # From here on only gateways of ours can answer on the port: `detach` waits for that.
        (settings.run / "prepared").write_text(str(os.getpid()))

    def _bind(self) -> socket.socket:
        settings = self._settings
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, settings.port))
        except OSError as error:
            listener.close()
            raise CannotStart(
                f"Port {settings.port} on {settings.host} cannot be listened on: {error.strerror}. "
                "`salvia up --port N` takes another."
            ) from None
        listener.listen(2048)
        return listener

    def run(self) -> None:
        """Keep the processes alive until SIGTERM or SIGINT. Jobs run on when this ends."""
        for number in _SIGNALS:
            signal.signal(number, self._stop)
        gc.freeze()  # a collection would write to pages that the processes share
        gc.enable()
        if not process.alone():
            _log.warning("forks from several threads", extra={"event": "not-alone"})
        numbers = {"gateway": self._settings.workers, "controller": self._settings.controllers}
        self._children = [_Child(role, index) for role, count in numbers.items() for index in range(count)]
        while not self._stopping:
            for child in self._children:
                self._tend(child)
            time.sleep(0.1)
        self._end()

    def _tend(self, child: _Child) -> None:
        now = time.monotonic()
        if child.process is not None:
            code = child.process.exitcode
            if code is None:
                return
            steady = now - child.started > _STEADY
            child.wait = _BACKOFF[0] if steady else min(child.wait * 2, _BACKOFF[1])
            child.again_at = now if steady or child.wait <= 2 * _BACKOFF[0] else now + child.wait
            child.process = None
            _log.warning("restarting", extra={"event": "restart", "role": child.role, "exit": code})
        if now >= child.again_at:
            child.started = now
            try:
                child.process = self._start(child)
            except OSError as error:  # no memory or process left for the moment: the others go on
                child.wait = min(child.wait * 2, _BACKOFF[1])
                child.again_at = now + child.wait
                _log.error("cannot start", extra={"event": "start-failed", "role": child.role, "cause": str(error)})

    def _start(self, child: _Child) -> BaseProcess:
        started = _FORK.Process(target=self._become, args=(child.role, child.index))
        # What would end it before it listens for signals itself waits until it does not run our handler any more.
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        try:
            started.start()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        return started

    def _become(self, name: str, index: int) -> None:
        """What a fork does: let go of what is the supervisor's, then be a gateway or a controller until the end."""
        os.setsid()  # Ctrl-C reaches the supervisor alone, which then ends the others in order
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        self._lock.release()  # this copy of it: the supervisor has its own
        log = self._settings.home / "log"
        log.mkdir(exist_ok=True)
        with open(os.devnull, "rb") as nothing, (log / f"{name}-{index}.err").open("ab") as errors:  # noqa: PTH123
            for stream, file in enumerate((nothing, errors, errors)):
                os.dup2(file.fileno(), stream)
        assert self._listener is not None
        sys.exit(role.play(self._settings, name, index, self._listener))

    def _stop(self, *_: object) -> None:
        self._stopping = True

    def _end(self) -> None:
        alive = [child.process for child in self._children if child.process is not None]
        for started in alive:
            started.terminate()
        deadline = time.monotonic() + _GRACE
        for started in alive:
            started.join(max(0.1, deadline - time.monotonic()))
            if started.exitcode is None:
                started.kill()
                started.join()


def supervise(settings: Settings, say: Callable[[str], None]) -> None:
    """Come up, and stay up until SIGTERM or SIGINT. Raises CannotStart."""
    supervisor = Supervisor(settings)
    supervisor.prepare(say)
    process.log_to(settings.home / "log" / "supervisor.log")
    if settings.auth == "off":
        say("WARNING: --auth off: every request is accepted, whoever sends it, and no policy is checked.")
    say(f'Salvia listens on {settings.url}. In another shell:\n\n    eval "$(salvia env)"\n')
    say(f"Studio is at {settings.studio}; `salvia studio` opens it and signs you in.\n")
    supervisor.run()
