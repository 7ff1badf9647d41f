"""When the kernels and terminals of a Jupyter server were last at work, as it says itself.

A page that is open in some browser asks the server for this and that all day long: that is no work.
"""

from __future__ import annotations

import json
from datetime import datetime
from http.client import HTTPConnection, HTTPException
from typing import Any

from .health import connect

_LARGEST = 1 << 20


class Activity:
    """Of the server at a socket, which answers at the path `base` whoever shows `token`."""

    def __init__(self, path: str, base: str, token: str, since: float) -> None:
        self._path, self._base, self._token = path, base, token
        self._active = since

    def look(self) -> dict[str, Any]:
        """`busy`: something works right now; else `active` is when something last did, or when nothing had begun.

        A server that does not answer is busy: nobody knows.
        """
        try:
            kernels, terminals = self._ask("kernels"), self._ask("terminals")
            moments = [datetime.fromisoformat(one["last_activity"]).timestamp() for one in (*kernels, *terminals)]
            busy = any(one.get("execution_state") == "busy" for one in kernels)
        except (OSError, HTTPException, ValueError, KeyError, TypeError, AttributeError):
            return {"busy": True}
        self._active = max([self._active, *moments])
        return {"busy": busy, "active": self._active}

    def _ask(self, what: str) -> list[dict[str, Any]]:
        connection = _Local(self._path)
        try:
            headers = {"Authorization": f"token {self._token}", "Connection": "close"}
            connection.request("GET", f"{self._base}api/{what}", headers=headers)
            answer = connection.getresponse()
            if answer.status == 404:  # terminals may be switched off
                return []
            found = json.loads(answer.read(_LARGEST))
            if answer.status != 200 or not isinstance(found, list):
                raise ValueError(f"{what}: {answer.status}")
            return found
        finally:
            connection.close()


class _Local(HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost")
        self._path = path

    def connect(self) -> None:
        self.sock = connect(self._path)
