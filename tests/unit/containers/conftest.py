"""The XGBoost image's environment, and model servers in it: the real program, asked over its socket."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from salvia.images import image
from salvia.images.builder import Builder

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "containers" / "xgboost"
PROGRAM = f"{FOLDER}:{ROOT / 'containers' / 'toolkit'}"  # as PYTHONPATH: what the builder puts together


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of the environment that the XGBoost image's lock makes."""
    return built(FOLDER / "requirements.lock", tmp_path_factory.mktemp("image"))


def built(lock: Path, folder: Path) -> Path:
    """The interpreter of the environment that a lock makes, kept between runs of the tests."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "salvia" / "test-images"
    bare = folder / lock.resolve().parent.name  # without the program: its edits need no new environment
    bare.mkdir()
    shutil.copy(lock, bare / "requirements.lock")
    (bare / "image.toml").write_text(f'name = "{bare.name}"\npython = ">=3.11"\n')
    return asyncio.run(Builder(cache).build(image.read(bare))).python


@dataclass
class Answer:
    """What a server said."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client(http.client.HTTPConnection):
    """A client of a unix socket, of Python's own."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=30)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(str(self._path))

    def ask(self, method: str, path: str, body: bytes | str | None = None, **headers: str) -> Answer:
        """One request; `content_type` and the like are headers."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.request(method, path, body.encode() if isinstance(body, str) else body, named)
        response = self.getresponse()
        return Answer(response.status, dict(response.getheaders()), response.read())


@dataclass
class Server:
    """A model server. `process` runs `serve`; `base` is its /opt/ml."""

    process: subprocess.Popen[bytes]
    base: Path
    socket: Path
    clients: list[Client | socket.socket] = field(default_factory=list)

    @property
    def log(self) -> str:
        return (self.base / "log").read_text()

    def client(self) -> Client:
        """A connection of its own."""
        client = Client(self.socket)
        self.clients.append(client)
        return client

    def ask(self, method: str, path: str, body: bytes | str | None = None, **headers: str) -> Answer:
        """One request on a new connection."""
        client = self.client()
        try:
            return client.ask(method, path, body, **headers)
        finally:
            client.close()

    def invoke(self, body: bytes | str, content_type: str = "text/csv", **headers: str) -> Answer:
        """POST /invocations."""
        return self.ask("POST", "/invocations", body, content_type=content_type, **headers)

    def connect(self) -> socket.socket:
        """A bare connection, for what no client would send."""
        raw = socket.socket(socket.AF_UNIX)
        self.clients.append(raw)
        raw.settimeout(30)
        raw.connect(str(self.socket))
        return raw

    def ready(self) -> Server:
        """Wait until it answers GET /ping with 200, as the platform does."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if self.ask("GET", "/ping").status == 200:
                    return self
            except OSError:
                time.sleep(0.01)
        raise AssertionError(f"no answer to /ping; exit code {self.process.poll()}:\n{self.log}")

    def stop(self) -> int:
        """SIGTERM, as the platform ends it; the exit code."""
        self.hang_up()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def hang_up(self) -> None:
        """Close all connections."""
        for client in self.clients:
            client.close()


class Servers:
    """Starts model servers, and ends them."""

    def __init__(self, python: Path, folder: Path) -> None:
        self._python = python
        self._folder = folder
        self._started: list[Server] = []

    def start(self, module: str, files: Mapping[str, bytes | str], path: str = PROGRAM, **environment: str) -> Server:
        """`python -m MODULE` with these files below /opt/ml/model; not yet ready."""
        base = self._folder / f"ml-{len(self._started)}"
        for name, content in {"model/.keep": "", **{f"model/{name}": text for name, text in files.items()}}.items():
            file = base / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content.encode() if isinstance(content, str) else content)
        place = self._folder / f"{len(self._started)}.sock"
        with (base / "log").open("wb") as log:
            process = subprocess.Popen(
                [str(self._python), "-m", *module.split()],
                env={
                    "PATH": os.environ["PATH"],
                    "PYTHONPATH": path,
                    "PYTHONDONTWRITEBYTECODE": "1",  # the repository stays as it is
                    "PYTHONUNBUFFERED": "1",
                    "SAGEMAKER_BASE_DIR": str(base),
                    "SALVIA_BIND_TO_SOCKET": str(place),
                    "OMP_NUM_THREADS": "1",
                    **environment,
                },
                cwd=base,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._started.append(Server(process, base, place))
        return self._started[-1]

    def close(self) -> None:
        for server in self._started:
            server.hang_up()
            server.process.kill()
            server.process.wait()


@pytest.fixture(scope="module")
def servers(environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Model servers of a module's tests."""
    made = Servers(environment, tmp_path_factory.mktemp("s"))
    yield made
    made.close()
