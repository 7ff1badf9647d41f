"""A server that answers as it is told, and the requests of real AWS signers as it would receive them."""

from __future__ import annotations

import shutil
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from salvia.core.http import Headers, HttpRequest


@dataclass
class Answer:
    """What a server says; `break_after` closes the connection after so many bytes of the body."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    break_after: int | None = None
    chunked: bool = False


class Server:
    """An HTTP server in a thread: `requests` is what it received, `answer` decides what it says."""

    def __init__(self, certificate: Path | None = None, port: int = 0) -> None:
        self.requests: list[HttpRequest] = []
        self.connections = 0
        self.answer: Callable[[HttpRequest], Answer] = lambda request: Answer()
        self.refuse_expecting: Answer | None = None
        self.close_after_answer = False
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Head and body leave in two writes, and Nagle would hold the second back for 40 ms.
            disable_nagle_algorithm = True

            def setup(self) -> None:
                server.connections += 1
                super().setup()

            def handle_expect_100(self) -> bool:
                if server.refuse_expecting is None:
                    return super().handle_expect_100()
                self.close_connection = True
                self.say(server.refuse_expecting)
                return False

            def handle_one_request(self) -> None:
                try:
                    super().handle_one_request()
                except ConnectionError:
                    self.close_connection = True

            def receive(self) -> None:
                path, _, query = self.path.partition("?")
                headers = Headers(self.headers.items())
                if "chunked" in (headers.get("transfer-encoding") or ""):
                    body = self.dechunk()
                else:
                    body = self.rfile.read(int(headers.get("content-length") or 0))
                request = HttpRequest(self.command, path, query, headers, body)
                server.requests.append(request)
                self.say(server.answer(request))
                if server.close_after_answer:
                    self.close_connection = True

            def __getattr__(self, name: str) -> Any:
                if name.startswith("do_"):
                    return self.receive
                raise AttributeError(name)

            def dechunk(self) -> bytes:
                body = b""
                while size := int(self.rfile.readline(), 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
                return body

            def say(self, answer: Answer) -> None:
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                if answer.chunked:
                    self.send_header("Transfer-Encoding", "chunked")
                elif "Content-Length" not in answer.headers:
                    self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                if self.command == "HEAD":
                    return
                body = answer.body if answer.break_after is None else answer.body[: answer.break_after]
                if answer.chunked:
                    for start in range(0, len(body), 7):
                        piece = body[start : start + 7]
                        self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                    if answer.break_after is None:
                        self.wfile.write(b"0\r\n\r\n")
                else:
                    self.wfile.write(body)
                if answer.break_after is not None:
                    self.close_connection = True

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        scheme = "http"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, certificate.with_suffix(".key"))
            self._http.socket = context.wrap_socket(self._http.socket, server_side=True)
            scheme = "https"
        host = "localhost" if certificate else "127.0.0.1"
        self.port = self._http.server_address[1]
        self.url = f"{scheme}://{host}:{self.port}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,))
        self._thread.start()

    def stop(self) -> None:
        if not self._thread.is_alive():
            return
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.stop()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for localhost that is its own authority, its key beside it."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(
        [*command.split(), *subject, "-keyout", path.with_suffix(".key"), "-out", path],
        check=True,
        capture_output=True,
    )
    return path


@pytest.fixture
def tls_server(certificate: Path) -> Iterator[Server]:
    made = Server(certificate)
    yield made
    made.stop()


def received(method: str, url: str, headers: dict[str, str] | None = None, body: bytes = b"") -> HttpRequest:
    """The request that a server receives when a client sends this."""
    parts = urlsplit(url)
    pairs = [("Host", parts.netloc), *(headers or {}).items()]
    return HttpRequest(method, parts.path or "/", parts.query, Headers(pairs), body)
