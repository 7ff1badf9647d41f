"""Endpoints of model servers that do what they are told (`model_server.py`); tests write their routes."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from salvia.core import ids
from salvia.settings import Settings
from salvia.store import routes
from salvia.store.engine import database
from tests.conftest import ROLE, Server, eventually, free_port

ACCOUNT, REGION = "123456789012", "us-east-1"


class Replica:
    """A model server's process, on a unix socket or a port; `again` starts another one in its place."""

    def __init__(self, folder: Path, name: str = "model", *, port: bool = False, abreast: int = 0) -> None:
        self.abreast = abreast
        self.id = ids.row_id()
        self.name = name
        self.where = str(free_port()) if port else str(folder / f"{self.id[:8]}.sock")
        self.again()

    def again(self) -> None:
        """Start, and wait until it listens."""
        program = Path(__file__).parent / "model_server.py"
        Path(self.where).unlink(missing_ok=True)
        environment = {**os.environ, "MODEL_NAME": self.name, "MODEL_ABREAST": str(self.abreast or "")}
        self.process = subprocess.Popen([sys.executable, str(program), self.where], env=environment)
        eventually(self._listens, 20, f"{self.name} listens")

    def kill(self, number: int = signal.SIGKILL) -> None:
        self.process.send_signal(number)
        if number == signal.SIGKILL:
            self.process.wait()

    def address(self) -> dict[str, Any]:
        return {"host": "127.0.0.1", "port": int(self.where)} if self.where.isdigit() else {"socket": self.where}

    def content(self) -> dict[str, Any]:
        """As a route has it."""
        return {"id": self.id, "containers": [{"name": self.name, "address": self.address()}]}

    def _listens(self) -> bool:
        family = socket.AF_INET if self.where.isdigit() else socket.AF_UNIX
        with socket.socket(family) as probe:
            return probe.connect_ex(("127.0.0.1", int(self.where)) if self.where.isdigit() else self.where) == 0


def variant(name: str, *replicas: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A variant of one fleet."""
    return {
        "name": name,
        "weight": 1.0,
        "mode": "instances",
        "strategy": "RANDOM",
        "invocation": "Serial",
        "capture": None,
        "async": None,
        "serverless": None,
        "role": ROLE,
        "fleets": [{"name": "first", "share": 1.0, "replicas": list(replicas)}],
        **more,
    }


class Routed:
    """Endpoints of one server, their routes written by the test."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.folder = Path(tempfile.mkdtemp(prefix="salvia-models-"))
        self._replicas: list[Replica] = []

    def replica(self, name: str = "model", **more: Any) -> Replica:
        self._replicas.append(Replica(self.folder, name, **more))
        return self._replicas[-1]

    def route(self, name: str, *variants: dict[str, Any], node: str = "") -> None:
        """Send requests for `name` this way from now on."""
        arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/{name.lower()}"
        content = {"arn": arn, "config": "config", "node": node, "variants": list(variants)}
        self._write(lambda tx: routes.write(tx, ACCOUNT, REGION, name, f"id-of-{name}", content))

    def forget(self, name: str) -> None:
        self._write(lambda tx: routes.delete(tx, ACCOUNT, REGION, name))

    def close(self) -> None:
        for replica in self._replicas:
            replica.process.kill()
            replica.process.wait()

    def _write(self, work: Any) -> None:
        db = database(Settings.load(self.server.home).location)
        db.start()
        try:
            asyncio.run(db.write(work))
        finally:
            db.close()
