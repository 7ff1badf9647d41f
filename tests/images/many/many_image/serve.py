"""AWS's contract for containers of many models, "Contract for Custom Containers to Serve Multiple Models".

It has room for CAPACITY models, and with CLOSES ends every connection that many seconds after its answer. A model is
what its file `weights` says: `bad` cannot be loaded, `slow SECONDS` takes so long, `refuses` answers 404 to all
invocations. Invoked with `loads`, it says how often each was loaded and what is there; with `forget`, it has lost all
of them the next time, as a server that restarts.
"""

import json
import os
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

server_id = os.urandom(8).hex()
capacity = int(os.environ.get("CAPACITY", "1000"))
closes = float(os.environ.get("CLOSES", "0"))
models: dict[str, tuple[str, str]] = {}
loads: Counter[str] = Counter()
most = 0
lock = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        name = self.path.removeprefix("/models/")
        self.answer(200 if name in models or self.path == "/ping" else 404)

    def do_DELETE(self) -> None:
        with lock:
            found = models.pop(self.path.removeprefix("/models/"), None)
        self.answer(200 if found else 404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/models":
            self.answer(*self.load(json.loads(body)))
        else:
            self.invoke(self.path.removeprefix("/models/").removesuffix("/invoke"), body.decode())

    def load(self, told: dict) -> tuple:
        global most
        target, name = self.headers["X-Amzn-SageMaker-Target-Model"], told["model_name"]
        weights = (Path(told["url"]) / "weights").read_text()
        if weights == "bad":
            return 500, b"these weights are bad"
        if weights.startswith("slow"):
            time.sleep(float(weights[4:]))
        with lock:
            if name in models:
                return (409,)
            if len(models) >= capacity:
                return 507, b"no room"
            models[name] = weights, told["url"]
            loads[target] += 1
            most = max(most, len(models))
        return (200,)

    def invoke(self, name: str, body: str) -> None:
        weights, url = models.get(name, ("refuses", ""))
        if weights == "refuses":
            self.answer(404, b"not here")
            return
        if body.startswith("wait"):
            print("waits", flush=True)
            time.sleep(float(body[4:]))
        said = {
            "weights": weights,
            "target": self.headers["X-Amzn-SageMaker-Target-Model"],
            "server": server_id,
            "pid": os.getpid(),
        }
        if body == "loads":
            said |= {"loads": loads, "loaded": len(models), "most": most, "disk": len(os.listdir(Path(url).parents[1]))}
        if body == "forget":
            models.clear()
        self.answer(200, json.dumps(said).encode())

    def answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        if closes:
            self.send_header("Connection", "close")
        self.write(body)
        self.wfile.flush()
        time.sleep(closes)

    def write(self, body: bytes) -> None:
        if body.startswith(b"{"):
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            half = len(body) // 2
            for piece in (body[:half], body[half:], b""):
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            return
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


assert os.environ["SAGEMAKER_MULTI_MODEL"] == "true"
server = ThreadingHTTPServer(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Handler)
server.request_queue_size = 128
server.serve_forever()
