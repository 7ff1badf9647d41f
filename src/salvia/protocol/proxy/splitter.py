"""One port that speaks TLS, and plainly to those who CONNECT.

Clients speak to their HTTPS_PROXY without TLS, and only half of them could do it with. The first byte tells: it is
looked at, and left for whoever it is meant for.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from typing import Any

from .connection import GOODBYE_SECONDS, HANDSHAKE_SECONDS, Connection

_HANDSHAKE = b"\x16"  # how each begins. Source: RFC 8446, section 5.1
_FIRST_BYTE_SECONDS = 75.0
_AT_ONCE = 100  # connections that are accepted before anything else is done
_PAUSE = 1.0  # when no descriptor is left for another one


class Splitter:
    """Accepts on `listener`, and makes a protocol for each connection; with `context` where it begins with TLS."""

    def __init__(self, listener: socket.socket, context: ssl.SSLContext, make: Callable[[], Connection]) -> None:
        self._listener = listener
        self._context = context
        self._make = make
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[socket.socket, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        listener.setblocking(False)
        self._loop.add_reader(listener, self._accept)

    def close(self) -> None:
        """Accept no more, and let go of those who have said nothing yet."""
        self._loop.remove_reader(self._listener)
        self._listener.close()
        for silent in list(self._waiting):
            self._stop_waiting(silent)
            silent.close()

    def _accept(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                accepted, _ = self._listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError:
                self._loop.remove_reader(self._listener)
                self._loop.call_later(_PAUSE, self._accept_again)
                return
            accepted.setblocking(False)
            self._waiting[accepted] = self._loop.call_later(_FIRST_BYTE_SECONDS, self._give_up, accepted)
            self._loop.add_reader(accepted, self._look, accepted)

    def _accept_again(self) -> None:
        if self._listener.fileno() >= 0:
            self._loop.add_reader(self._listener, self._accept)

    def _look(self, accepted: socket.socket) -> None:
        try:
            first = accepted.recv(1, socket.MSG_PEEK)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            first = b""
        self._stop_waiting(accepted)
        if not first:
            accepted.close()
            return
        task = self._loop.create_task(self._serve(accepted, tls=first == _HANDSHAKE))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, accepted: socket.socket, *, tls: bool) -> None:
        protocol = self._make()
        if not tls:
            protocol.app = _tls_only
        # A client that does not trust us, or hangs up, is nobody's trouble.
        with contextlib.suppress(OSError):
            await self._loop.connect_accepted_socket(
                lambda: protocol,
                accepted,
                ssl=self._context if tls else None,
                ssl_handshake_timeout=HANDSHAKE_SECONDS if tls else None,
                ssl_shutdown_timeout=GOODBYE_SECONDS if tls else None,
            )

    def _give_up(self, silent: socket.socket) -> None:
        self._stop_waiting(silent)
        silent.close()

    def _stop_waiting(self, accepted: socket.socket) -> None:
        self._waiting.pop(accepted).cancel()
        self._loop.remove_reader(accepted)


async def _tls_only(scope: Any, receive: Any, send: Any) -> None:
    body = b"This port speaks TLS: use https://.\n"
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(body)), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 400, "headers": headers})
    await send({"type": "http.response.body", "body": body})
