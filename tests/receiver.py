"""Somebody's HTTP server to which topics deliver."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.conftest import eventually


@dataclass
class Delivered:
    """One request that came."""

    headers: dict[str, str]
    body: str

    @property
    def message(self) -> dict[str, Any]:
        return json.loads(self.body)

    @property
    def type(self) -> str:
        return self.headers["x-amz-sns-message-type"]


class Receiver:
    """Keeps what is posted to it; answers with the next of `answers`, or 200."""

    def __init__(self, port: int = 0) -> None:
        self.came: list[Delivered] = []
        self.answers: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.came.append(Delivered(headers, body))
                self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?for=tests"

    def of(self, kind: str) -> list[Delivered]:
        return [one for one in self.came if one.type == kind]

    def gets(self, kind: str, number: int = 1, timeout: float = 15) -> Delivered:
        """The last of so many messages of a kind."""
        return eventually(lambda: len(self.of(kind)) >= number and self.of(kind)[-1], timeout, f"{number} × {kind}")

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
