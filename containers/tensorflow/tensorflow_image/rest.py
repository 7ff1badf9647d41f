"""TensorFlow Serving's REST API for a script's own requests, `requests.post(context.rest_uri, data=…)`.

It listens on a port that the system gives out, behind a path that nobody else knows: other programs of this machine may
reach it.
"""

from __future__ import annotations

import re
import secrets
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .saved_models import Answer, SavedModels

_PATH = re.compile(r"/v1/models/(?P<name>[^/:]+)(?:/versions/(?P<version>[0-9]+))?:(?P<method>[a-z]+)")


class Rest:
    """The server, in a thread of its own."""

    def __init__(self, models: SavedModels) -> None:
        secret = f"/{secrets.token_urlsafe()}"

        class Asked(BaseHTTPRequestHandler):
            """One connection."""

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                found = _PATH.fullmatch(self.path.removeprefix(secret)) if self.path.startswith(secret) else None
                answer = models.post(body, **found.groupdict()) if found else Answer(404, b'{"error": "Not found"}')
                self.send_response(answer.status_code)
                for name, value in {**answer.headers, "Content-Length": str(len(answer.content))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer.content)

            def log_message(self, *args: Any) -> None:
                """Invocations are logged elsewhere."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Asked)
        self._root = f"http://127.0.0.1:{self._server.server_port}{secret}/v1/models"
        threading.Thread(target=self._server.serve_forever, name="rest", daemon=True).start()

    def uri(self, name: str, version: str | None, method: str) -> str:
        """Where to POST."""
        return f"{self._root}/{name}{f'/versions/{version}' if version else ''}:{method}"
