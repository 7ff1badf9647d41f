"""A PostgreSQL of the tests' own: real, durable, on a port of its own, gone when they end."""

from __future__ import annotations

import asyncio
import itertools
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import asyncpg

_PLACES = "/usr/lib/postgresql/*/bin"
_USERS = ("postgres", "nobody")  # PostgreSQL refuses to run as root


def binaries() -> Path | None:
    """The folder of `initdb` and `postgres`; None where PostgreSQL is not installed."""
    found = shutil.which("initdb")
    if found and shutil.which("postgres"):
        return Path(found).parent
    return next((folder for folder in sorted(Path("/").glob(_PLACES[1:]), reverse=True)), None)


class Cluster:
    """A server and its databases. `url` names one, a new one each time."""

    def __init__(self) -> None:
        folder = binaries()
        assert folder is not None, "PostgreSQL is not installed (Debian, Ubuntu: apt-get install postgresql)."
        self._binaries = folder
        self._user = next((name for name in _USERS if _exists(name)), None) if os.getuid() == 0 else None
        self.folder = Path(tempfile.mkdtemp(prefix="salvia-pg-"))  # short: sockets lie in it
        self.password = secrets.token_hex(8)
        self.port = _free_port()
        self._numbers = itertools.count(1)
        password = self.folder / "password"
        password.write_text(self.password)
        if self._user:
            for path in (self.folder, password):
                shutil.chown(path, self._user)
        options = ["-U", "salvia", "-A", "scram-sha-256", "--pwfile", str(password), "-E", "UTF8", "--no-sync"]
        self._run("initdb", *options, "--locale", "C.UTF-8", "-D", str(self.folder / "data"))
        self._server: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start the server; returns once it answers."""
        log = (self.folder / "log").open("ab")
        settings = {
            "listen_addresses": "127.0.0.1",
            "max_connections": "300",
            # What it does by itself, in each of many databases that are used for seconds, would be most of its work.
            "autovacuum_naptime": "5min",
            "checkpoint_timeout": "1h",
        }
        options = ["-k", str(self.folder), *(word for item in settings.items() for word in ("-c", "=".join(item)))]
        self._server = subprocess.Popen(
            [self._binaries / "postgres", "-D", self.folder / "data", "-p", str(self.port), *options],
            user=self._user,
            cwd="/",
            stdout=log,
            stderr=log,
        )
        log.close()
        deadline = time.monotonic() + 60
        while True:
            try:
                self.execute("SELECT 1")
                return
            except (OSError, asyncpg.PostgresError):
                assert self._server.poll() is None, (self.folder / "log").read_text()
                assert time.monotonic() < deadline, (self.folder / "log").read_text()
                time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End the server: SIGINT breaks connections off and is orderly, SIGQUIT is a crash."""
        assert self._server is not None
        self._server.send_signal(how)
        self._server.wait(60)

    def close(self) -> None:
        """End the server and delete its files: an orderly end would first sync thousands, for a minute and more."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def at(self, name: str) -> str:
        """The URL of a database."""
        return f"postgresql://salvia:{self.password}@127.0.0.1:{self.port}/{name}"

    def url(self) -> str:
        """The URL of a new, empty database."""
        name = f"test{next(self._numbers)}"
        self.execute(f'CREATE DATABASE "{name}"')
        return self.at(name)

    def execute(self, sql: str, database: str = "postgres") -> str:
        """Run one statement as the superuser; returns its status."""

        async def run() -> str:
            connection = await asyncpg.connect(self.at(database))
            try:
                return await connection.execute(sql)
            finally:
                await connection.close()

        return asyncio.run(run())

    def load(self, dump: Path) -> str:
        """The URL of a new database with the content of an SQL dump."""
        url = self.url()
        environment = {**os.environ, "PGPASSWORD": self.password}
        command = [self._binaries / "psql", "-q", "-v", "ON_ERROR_STOP=1", "-d", url, "-f", dump]
        subprocess.run(command, env=environment, check=True, capture_output=True)
        return url

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._binaries / program, *arguments], user=self._user, cwd="/", capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr


def _exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
