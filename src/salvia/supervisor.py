"""The supervisor: prepares the data directory, starts gateways and controllers, restarts what dies."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from salvia import process
from salvia.core.errors import ServiceError
from salvia.settings import Settings

if TYPE_CHECKING:
    import ssl

_log = logging.getLogger("salvia.supervisor")
_GRACE = 12.0
_BACKOFF = (0.1, 2.0)  # between restarts of one that keeps dying; the others, and jobs, wait for it
_STEADY = 30.0  # alive for so long, it is no longer one that keeps dying


class CannotStart(Exception):
    """Salvia cannot come up; the message is for a person."""


@dataclass(slots=True)
class _Child:
    role: str
    index: int
    process: subprocess.Popen[bytes] | None = None
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
        from salvia.store.schema import upgrade

        try:
            upgrade(settings.location)
        except OSError as error:
            raise CannotStart(f"The database {settings.shown_database} cannot be reached: {error}.") from None
        except Exception as error:
            raise CannotStart(
                f"The database {settings.shown_database} cannot be brought to this version's schema: {error}. Is it "
                "Salvia's, and of no later version? `pip install --upgrade salvia-ml` reads a later one."
            ) from error
        from salvia.app import bootstrap

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
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
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
            code = child.process.poll()
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

    def _start(self, child: _Child) -> subprocess.Popen[bytes]:
        settings = self._settings
        arguments = [sys.executable, "-m", "salvia.process", child.role, str(child.index), str(settings.home)]
        inherited: tuple[int, ...] = ()
        if child.role == "gateway" and self._listener is not None:
            inherited = (self._listener.fileno(),)
            arguments.append(str(inherited[0]))
        log = settings.home / "log"
        log.mkdir(exist_ok=True)
        with (log / f"{child.role}-{child.index}.err").open("ab") as errors:
            # A session of its own: Ctrl-C reaches the supervisor alone, which then ends the others in order.
            return subprocess.Popen(
                arguments,
                pass_fds=inherited,
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
                start_new_session=True,
            )

    def _stop(self, *_: object) -> None:
        self._stopping = True

    def _end(self) -> None:
        alive = [child.process for child in self._children if child.process is not None]
        for started in alive:
            started.terminate()
        deadline = time.monotonic() + _GRACE
        for started in alive:
            try:
                started.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                started.kill()
                started.wait()


def ready(settings: Settings, timeout: float) -> bool:
    """Poll /_health until it answers."""
    import http.client

    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        # Not where others find us (`advertise`): that may be a proxy which is not up, or knows nothing of us.
        connection = (
            http.client.HTTPSConnection(settings.local, settings.port, timeout=2, context=_trusting(settings))
            if settings.tls
            else http.client.HTTPConnection(settings.local, settings.port, timeout=2)
        )
        try:
            connection.request("GET", "/_health")
            if connection.getresponse().status == 200:
                return True
        except OSError:
            time.sleep(0.05)
        finally:
            connection.close()
    return False


def _trusting(settings: Settings) -> ssl.SSLContext:
    import ssl

    return ssl.create_default_context(cafile=settings.ca_bundle)


def detach(settings: Settings, arguments: list[str]) -> int:
    """Start a supervisor that outlives this process; returns its pid once the gateway answers.

    Raises CannotStart with what the supervisor said.
    """
    log = settings.home / "log" / "supervisor.out"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        started = subprocess.Popen(
            [sys.executable, "-m", "salvia.cli", "up", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            # The database's URL has a password, and command lines are everybody's to read.
            env={**os.environ, "SALVIA_HOME": str(settings.home), "SALVIA_DATABASE": settings.database},
        )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if started.poll() is not None:
            lines = _tail(log)
            raise CannotStart(lines.removeprefix("salvia: ") or f"The supervisor ended with code {started.returncode}.")
        if _prepared(settings) == started.pid and ready(settings, 0.2):
            return started.pid
        time.sleep(0.02)
    raise CannotStart(f"Salvia did not come up within 60 s. {log.parent} holds the logs.")


def _prepared(settings: Settings) -> int | None:
    try:
        return int((settings.run / "prepared").read_text())
    except (FileNotFoundError, ValueError):
        return None


def _tail(path: Path) -> str:
    lines = path.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""
