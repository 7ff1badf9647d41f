"""The role's credentials: for the agent's own requests, and for the program's SDK.

Source: AWS SDKs and tools guide, "Container credential provider": GET with the contents of
AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE as `Authorization`.
"""

# pathlib takes 10 ms to import, for which a job would wait.

from __future__ import annotations

import hmac
import json
import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

from ..core.client import ClientError
from ..core.sigv4 import Credentials
from .failure import StoppedError
from .journal import Journal
from .overlays import Overlays

_MARGIN = 20 * 60.0
"""Seconds before expiry at which credentials are renewed: botocore asks again 15 minutes before expiry."""

_LAST = 60.0  # seconds before expiry from which credentials may expire on their way
_REQUEST_LIMIT = 16_384
_CONNECTIONS = 16
_HEAD_TIME = 5.0  # seconds


class RoleCredentials:
    """The credentials of the job's role, renewed before they expire; for any thread.

    `issue()` asks the gateway for a set, and returns its JSON: AccessKeyId, SecretAccessKey, Token,
    Expiration (ISO 8601), RoleArn. It tries as long as it takes.
    """

    def __init__(self, issue: Callable[[], dict[str, Any]], wall: Callable[[], float] = time.time) -> None:
        self._issue, self._wall = issue, wall
        self._lock = threading.Lock()
        self._document: dict[str, Any] = {}
        self._renew_at = self._useless_at = self._expires = 0.0

    def current(self) -> Credentials:
        """What to sign with now."""
        document = self.document()
        return Credentials(document["AccessKeyId"], document["SecretAccessKey"], document["Token"], self._expires)

    def document(self) -> dict[str, Any]:
        """The set as the container credentials endpoint shows it.

        While the last set is still good, a new one is fetched beside: whoever asks may be an SDK with two
        seconds of patience, and the gateway away for longer.
        """
        now = self._wall()
        if now >= self._useless_at:
            with self._lock:
                self._renew()
        elif now >= self._renew_at and self._lock.acquire(blocking=False):
            threading.Thread(target=self._renew_beside, name="renew", daemon=True).start()
        return self._document

    @property
    def role(self) -> str:
        """The ARN of the role, or words for it before the first set has come."""
        return str(self._document.get("RoleArn") or "the job's role")

    def discard(self) -> None:
        """Ask for a new set next time: this one was refused."""
        with self._lock:
            self._renew_at = self._useless_at = 0.0

    def _renew_beside(self) -> None:
        try:
            with suppress(ClientError, StoppedError):  # who needs it when the old set is useless hears of it
                self._renew()
        finally:
            self._lock.release()

    def _renew(self) -> None:
        if self._wall() < self._renew_at:
            return  # another thread did, while this one waited
        document = self._issue()
        left = (expires := datetime.fromisoformat(document["Expiration"]).timestamp()) - self._wall()
        self._document, self._expires = document, expires
        self._renew_at = expires - min(_MARGIN, left / 3)
        self._useless_at = expires - min(_LAST, left / 10)


class CredentialsEndpoint:
    """Answers the program's SDK on the instance's own loopback address.

    Whoever asks must show the token in `token_file`, which only the program's user can read; other jobs on
    this machine can reach the address as well. What else is asked for here is `overlays`, where they are kept.
    """

    def __init__(
        self,
        document: Callable[[], dict[str, Any]],
        address: str,
        token_file: str,
        journal: Journal,
        overlays: Overlays | None = None,
    ) -> None:
        self._document, self._journal, self._overlays = document, journal, overlays
        self._token = os.urandom(32).hex()
        self._places = threading.BoundedSemaphore(_CONNECTIONS)
        descriptor = os.open(token_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with open(descriptor, "w", encoding="ascii") as file:
            file.write(self._token)
        self._listener = _listen(address)
        host, port = self._listener.getsockname()[:2]
        self.url = f"http://{host}:{port}/credentials"

    def start(self) -> None:
        """Answer from now on."""
        threading.Thread(target=self._accept, name="credentials", daemon=True).start()

    def close(self) -> None:
        """Answer no more."""
        self._listener.close()

    def _accept(self) -> None:
        while True:
            self._places.acquire()
            try:
                connection, _ = self._listener.accept()
            except OSError as error:
                self._places.release()
                if self._listener.fileno() < 0:
                    return
                self._journal.note("credentials.accept.failed", error=str(error))
                time.sleep(0.1)  # out of descriptors, say: the next try may find one
                continue
            threading.Thread(target=self._serve, args=(connection,), name="credentials", daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection:
                status, document = self._answer(_read_head(connection))
                body = json.dumps(document).encode()
                head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
                connection.sendall(head.encode() + b"Connection: close\r\n\r\n" + body)
        except OSError:
            pass  # the program hung up
        except Exception as error:
            self._journal.trouble("credentials.failed", error)
        finally:
            self._places.release()

    def _answer(self, head: bytes) -> tuple[str, dict[str, Any]]:
        request, *lines = head.split(b"\r\n")
        verb, path, *_ = (*request.decode("ascii", "replace").split(" "), "")
        overlay = path.startswith("/overlays/") and self._overlays is not None
        if (verb, path) != ("GET", "/credentials") and not overlay:
            return "404 Not Found", {"code": "NotFound", "message": "Only GET /credentials is answered here."}
        shown = b""
        for line in lines:
            name, _, value = line.partition(b":")
            if name.strip().lower() == b"authorization":
                shown = value.strip()
        if not hmac.compare_digest(shown, self._token.encode()):
            message = "The Authorization header must be what AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE holds."
            return "403 Forbidden", {"code": "AccessDenied", "message": message}
        if self._overlays is not None and overlay:
            return self._overlays.answer(verb, path.removeprefix("/overlays/"))
        return "200 OK", self._document()


def _listen(address: str) -> socket.socket:
    """A listener at `address`, or at 127.0.0.1 where the machine has no other loopback address (macOS)."""
    try:
        return socket.create_server((address, 0))
    except OSError:
        return socket.create_server(("127.0.0.1", 0))


def _read_head(connection: socket.socket) -> bytes:
    """A request's head, which has five seconds to arrive: other jobs can reach this address and hold places."""
    deadline = time.monotonic() + _HEAD_TIME
    head = b""
    while b"\r\n\r\n" not in head:
        connection.settimeout(max(0.001, deadline - time.monotonic()))
        data = connection.recv(4096)
        if not data or len(head) > _REQUEST_LIMIT:
            raise ConnectionError("no request")
        head += data
    connection.settimeout(_HEAD_TIME)
    return head.partition(b"\r\n\r\n")[0]
