"""Serves on 0.0.0.0:8080, and says what of the world it reaches."""

import json
import os
import socket
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


def credentials() -> str:
    """What the role's credentials are asked with, as SDKs do."""
    url = os.environ.get("AWS_CONTAINER_CREDENTIALS_FULL_URI")
    if not url:
        return "none"
    token = Path(os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"]).read_text()
    request = urllib.request.Request(url, headers={"Authorization": token})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    return json.load(opener.open(request, timeout=10))["AccessKeyId"][:4]


def gateway() -> str:
    """Whether the endpoint of AWS's services is there."""
    url = os.environ.get("AWS_ENDPOINT_URL", "http://127.0.0.1:1").partition("//")[2]
    host, _, port = url.partition(":")
    try:
        socket.create_connection((host, int(port)), 5).close()
    except OSError:
        return "unreachable"
    return "reachable"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.answer(b"")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        said = {"name": os.environ.get("NAME"), "credentials": credentials(), "gateway": gateway()}
        self.answer(json.dumps(said).encode())

    def answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


ThreadingHTTPServer(("0.0.0.0", 8080), Handler).serve_forever()
