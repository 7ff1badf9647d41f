"""GET /ping and POST /invocations on the unix socket; BEHAVIOUR may be `exits`, `hangs`, `sick`."""

import json
import os
import signal
import socketserver
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

base = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
behaviour = os.environ.get("BEHAVIOUR", "")


class UnderWay:
    """Requests that are being answered."""

    def __init__(self) -> None:
        self.count, self.changed = 0, threading.Condition()

    def __enter__(self) -> None:
        with self.changed:
            self.count += 1

    def __exit__(self, *_: object) -> None:
        with self.changed:
            self.count -= 1
            self.changed.notify_all()

    def wait(self) -> None:
        with self.changed:
            self.changed.wait_for(lambda: self.count == 0)


under_way, fallen_ill = UnderWay(), threading.Event()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.answer(500 if behaviour == "sick" or fallen_ill.is_set() else 200, b"")

    def do_POST(self) -> None:
        with under_way:
            self.invoke()

    def invoke(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if body == b"die":
            os._exit(3)
        if body == b"sicken":
            fallen_ill.set()
        if body.startswith(b"wait"):
            time.sleep(float(body[4:]))
        files = sorted(str(path.relative_to(base / "model")) for path in (base / "model").rglob("*") if path.is_file())
        said = {"body": body.decode(), "files": files, "name": os.environ.get("NAME"), "pid": os.getpid()}
        self.answer(200, json.dumps(said).encode())

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Server(socketserver.ThreadingUnixStreamServer):
    request_queue_size = 128
    daemon_threads = True  # a kept connection must not keep it

    def get_request(self) -> tuple:
        return self.socket.accept()[0], ("peer", 0)


print(f"echo starts {behaviour}", flush=True)
if behaviour == "exits":
    print("the model cannot be loaded", flush=True)
    sys.exit(7)
if behaviour == "hangs":
    time.sleep(600)
server = Server(os.environ["SALVIA_BIND_TO_SOCKET"], Handler)


def stop(*_: object) -> None:
    print("echo stops", flush=True)
    threading.Thread(target=server.shutdown).start()


signal.signal(signal.SIGTERM, stop)
server.serve_forever()
under_way.wait()
server.server_close()
os._exit(0)
