"""Several servers that are one."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from tests.conftest import Server, free_port
from tests.postgresql import Cluster


@pytest.fixture(scope="module")
def replicas(
    tmp_path_factory: pytest.TempPathFactory, image_cache: Path, postgresql: Cluster
) -> Iterator[tuple[Server, Server]]:
    """Two on one PostgreSQL and one object store, started at the same moment on an empty database."""
    shared = tmp_path_factory.mktemp("shared")
    url = postgresql.url()
    options = ("--database", url, "--object-store", f"file://{shared}", "--workers", "2", "--controllers", "2")
    servers = []
    for _ in range(2):
        home = tmp_path_factory.mktemp("home")
        (home / "images").symlink_to(image_cache)
        shutil.copytree(Path(__file__).parents[1] / "images", home / "containers")
        servers.append(Server(home, free_port(), options))
    with ThreadPoolExecutor() as pool:
        list(pool.map(Server.up, servers))
    yield servers[0], servers[1]
    for server in servers:
        agents = server.pids("agent")
        server.down()
        for pid in agents:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
