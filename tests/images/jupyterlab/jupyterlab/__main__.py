"""`python -m jupyterlab --ServerApp.sock=…`: what tests ask of a server behind the proxy, in a few lines.

/api and /api/kernels are as in Jupyter; PUT /kernels says what the latter answers. /headers shows what came, /files/…
are files of its folder, /pieces come one by one, /ws speaks no frames but says all back, /end ends it.
"""

from __future__ import annotations

import json
import os
import socketserver
import sys
import time
from base64 import b64encode
from hashlib import sha1
from http.server import BaseHTTPRequestHandler
from pathlib import Path

OPTIONS = dict(word[2:].split("=", 1) for word in sys.argv[1:] if word.startswith("--") and "=" in word)
ROOT = Path(OPTIONS["ServerApp.root_dir"])
KERNELS = [[]]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def address_string(self) -> str:
        return "the proxy"

    def log_message(self, text: str, *arguments: object) -> None:
        print(text % arguments, flush=True)

    def answer(self, status: int, body: object = b"", **headers: str) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def handle_any(self) -> None:
        path, length = self.path.partition("?")[0], int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if path == "/api":
            self.answer(200, {"version": "test"})
        elif self.headers.get("Authorization") != f"token {os.environ['JUPYTER_TOKEN']}":
            self.answer(403, {"message": "no token"})
        elif path == "/api/kernels":
            self.answer(200, KERNELS[0])
        elif path == "/api/terminals":
            self.answer(404)
        elif path == "/kernels":
            KERNELS[0] = json.loads(body)
            self.answer(204)
        elif path == "/headers":
            pairs = [[name.lower(), value] for name, value in self.headers.items()]
            self.answer(
                200,
                {"method": self.command, "path": self.path, "headers": pairs, "body": body.decode("latin-1")},
                Set_Cookie=self.headers.get("X-Set-Cookie", "own=1"),
                Content_Security_Policy="frame-ancestors 'self'; sandbox allow-scripts",
                Access_Control_Allow_Origin="*",
                X_Frame_Options="DENY",
            )
        elif path.startswith("/files/"):
            file = ROOT / path.removeprefix("/files/")
            if self.command == "PUT":
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(body)
                self.answer(201)
            else:
                self.answer(*((200, file.read_bytes()) if file.is_file() else (404,)))
        elif path == "/environment":
            self.answer(200, {**os.environ, "options": OPTIONS})
        elif path == "/pieces":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for number in range(3):
                self.wfile.write(b"2\r\n%d\n\r\n" % number)
                time.sleep(0.3)
            self.wfile.write(b"0\r\n\r\n")
        elif path == "/ws":
            self.send_response(101)
            self.send_header("Upgrade", "websocket")
            self.send_header("Connection", "Upgrade")
            key = self.headers.get("Sec-WebSocket-Key", "") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
            self.send_header("Sec-WebSocket-Accept", b64encode(sha1(key.encode()).digest()).decode())
            self.end_headers()
            while data := self.connection.recv(4096):
                self.connection.sendall(data)
        elif path == "/end":
            os._exit(3)
        else:
            self.answer(200, b"<title>JupyterLab</title>", Content_Type="text/html")

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_any  # noqa: N815


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


with Server(OPTIONS["ServerApp.sock"], Handler) as server:
    server.serve_forever()
