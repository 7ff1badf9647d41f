"""Sockets, and how it ends: no new client, what was begun is finished.

The platform names a unix socket in SALVIA_BIND_TO_SOCKET. Without one the server listens as AWS's contract says: on
port 8080, or SAGEMAKER_BIND_TO_PORT.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from pathlib import Path

from .connection import Connection
from .exchange import Exchange
from .message import Request
from .routes import Routes

_BACKLOG = 1024
_EVERYWHERE = "0.0.0.0"  # noqa: S104 - as the container contract demands


class Listener:
    """The connections of all clients."""

    def __init__(self, routes: Routes, limit: int, abreast: int) -> None:
        self._routes = routes
        self._open: set[Connection] = set()
        self._loop = asyncio.get_running_loop()
        self._ended = asyncio.Event()
        self.limit = limit
        self.abreast = abreast
        self.stopping = False

    async def run(self) -> None:
        """Listen until SIGTERM, and until everybody has their answer."""
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(number, self._stop)
        path = os.environ.get("SALVIA_BIND_TO_SOCKET")
        self._server = await (self._on_socket(Path(path)) if path else self._on_port())
        await self._ended.wait()
        if path:
            Path(path).unlink(missing_ok=True)

    async def _on_socket(self, path: Path) -> asyncio.Server:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()  # of a server that was killed
        server = await self._loop.create_unix_server(lambda: Connection(self), str(path), backlog=_BACKLOG)
        print(f"Listening on {path}.", flush=True)
        return server

    async def _on_port(self) -> asyncio.Server:
        port = int(os.environ.get("SAGEMAKER_BIND_TO_PORT") or 8080)
        server = await self._loop.create_server(lambda: Connection(self), _EVERYWHERE, port, backlog=_BACKLOG)
        print(f"Listening on port {port}.", flush=True)
        return server

    def opened(self, connection: Connection) -> None:
        """A client has come."""
        self._open.add(connection)

    def closed(self, connection: Connection) -> None:
        """A client has gone."""
        self._open.discard(connection)
        self._check()

    def dispatch(self, request: Request, exchange: Exchange) -> None:
        """Have a request answered."""
        self._routes.dispatch(request, exchange)

    def _stop(self) -> None:
        if not self.stopping:
            print("Stopping: no new requests; those that are here are answered.", flush=True)
            self.stopping = True
            self._server.close()
            # In the turn after the next: what clients have sent by now has been read then.
            self._loop.call_soon(self._loop.call_soon, self._close_idle)

    def _close_idle(self) -> None:
        for connection in list(self._open):
            connection.close_if_idle()
        self._check()

    def _check(self) -> None:
        if self.stopping and not self._open:
            self._ended.set()
