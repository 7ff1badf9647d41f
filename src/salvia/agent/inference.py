"""The model servers of an instance as one: what one answers is what the next is asked.

Sources: developer guide, "Use Your Own Inference Code with Batch Transform", "Run batch transforms with inference
pipelines"; API reference, ModelClientConfig.
"""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from .health import connect

_PARAMETERS = 5.0  # seconds for GET /execution-parameters
_PAUSE = 0.2  # seconds before a request is tried again, doubling
_MESSAGE = 1000  # characters of an answer that a failure shows


class InvocationError(Exception):
    """A request that did not succeed, however often it was tried. `status` is 0 when no answer came."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class Models:
    """The containers at `paths`, by their sockets, in their order; for any thread. Each has its own connections."""

    def __init__(
        self,
        paths: Sequence[str],
        content_type: str,
        accept: str,
        timeout: float,
        retries: int,
        over: Callable[[], bool],
    ) -> None:
        self._paths, self._content_type, self._accept = paths, content_type, accept
        self._timeout, self._retries, self._over = timeout, retries, over
        self._mine = threading.local()

    def parameters(self) -> dict[str, Any]:
        """What the first container asks for in GET /execution-parameters; nothing if it does not say."""
        connection = Connection(self._paths[0], _PARAMETERS)
        try:
            connection.request("GET", "/execution-parameters")
            answer = connection.getresponse()
            said = json.loads(answer.read()) if answer.status == 200 else {}
        except (OSError, http.client.HTTPException, ValueError):
            return {}
        finally:
            connection.close()
        return said if isinstance(said, dict) else {}

    def ask(self, payload: bytes) -> bytes:
        """The answer to a payload. Raises InvocationError."""
        content_type = self._content_type
        for number, path in enumerate(self._paths, 1):
            accept = self._accept if number == len(self._paths) else ""
            payload, content_type = self._invoke(path, payload, content_type, accept)
        return payload

    def _invoke(self, path: str, payload: bytes, content_type: str, accept: str) -> tuple[bytes, str]:
        headers = {"Content-Type": content_type, "Accept": accept}
        headers = {name: value for name, value in headers.items() if value}
        for left in range(self._retries, -1, -1):
            try:
                return self._once(path, payload, headers)
            except InvocationError as error:
                if not left or self._over() or 400 <= error.status < 500:
                    raise
            time.sleep(_PAUSE * 2 ** (self._retries - left))
        raise AssertionError

    def _once(self, path: str, payload: bytes, headers: dict[str, str]) -> tuple[bytes, str]:
        connections: dict[str, Connection] = self._mine.__dict__.setdefault("connections", {})
        kept = connections.pop(path, None)
        connection = kept or Connection(path, self._timeout)
        try:
            try:
                answer, body = connection.post(payload, headers)
            except ConnectionError:
                if kept is None:
                    raise
                connection.close()  # it was kept for too long
                answer, body = connection.post(payload, headers)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            late = isinstance(error, TimeoutError)
            what = f"no answer within {self._timeout:.0f} seconds" if late else f"{type(error).__name__}: {error}"
            raise InvocationError(0, f"Unable to get response from algorithm: {what}") from error
        connections[path] = connection
        if answer.status != 200:
            raise InvocationError(answer.status, body.decode("utf-8", "replace").strip()[:_MESSAGE])
        return body, answer.headers.get("Content-Type") or ""


class Connection(http.client.HTTPConnection):
    """HTTP to the model server at a socket."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock: socket.socket = connect(self._path)
        self.sock.settimeout(self.timeout)

    def post(self, payload: bytes, headers: dict[str, str]) -> tuple[http.client.HTTPResponse, bytes]:
        """What POST /invocations is answered."""
        self.request("POST", "/invocations", payload, headers)
        answer = self.getresponse()
        return answer, answer.read()
