"""POST /invocations answers each line of the body by MODE: `mark` puts NAME before it, `sum` adds its columns, `count`
says how many bytes the body has, `told` what the container and the request were told.

A line that holds `bad` is refused with 400, `boom` with 500, `die` ends the server, `flaky` fails once.
"""

import json
import os
import random
import socketserver
import time
from http.server import BaseHTTPRequestHandler

MODE, NAME = os.environ.get("MODE", "mark"), os.environ.get("NAME", "")
PARAMETERS = os.environ.get("PARAMETERS")
DELAY = float(os.environ.get("DELAY", 0))
failed = set()


def answer(line: bytes) -> bytes:
    if MODE == "sum":
        return str(sum(float(number) for number in line.split(b","))).encode()
    if MODE == "features":
        return json.dumps({"label": len(json.loads(line))}).encode()
    return NAME.encode() + line


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/ping":
            self.reply(200, b"")
        elif self.path == "/execution-parameters" and PARAMETERS:
            self.reply(200, PARAMETERS.encode())
        else:
            self.reply(404, b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(DELAY * random.random())
        if b"die" in body:
            print("the model gives up", flush=True)
            os._exit(3)
        if b"flaky" in body and body not in failed:
            failed.add(body)
            self.reply(503, b"not yet")
        elif b"bad" in body:
            self.reply(400, b"cannot read a line that is bad")
        elif b"boom" in body:
            self.reply(500, b"the model broke")
        elif MODE == "count":
            self.reply(200, b"%d" % len(body))
        elif MODE == "told":
            told = {name: value for name, value in os.environ.items() if name.startswith("SAGEMAKER_BA")}
            told |= {name: value for name, value in os.environ.items() if name.startswith("SAGEMAKER_MAX")}
            headers = {name: self.headers[name] for name in ("Content-Type", "Accept") if self.headers[name]}
            self.reply(200, json.dumps({**told, **headers}, sort_keys=True).encode())
        else:
            try:
                self.reply(200, b"".join(answer(line) + b"\n" for line in body.split(b"\n") if line))
            except ValueError as error:
                self.reply(400, str(error).encode())

    def reply(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/csv")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Server(socketserver.ThreadingUnixStreamServer):
    request_queue_size = 128
    daemon_threads = True

    def get_request(self) -> tuple:
        return self.socket.accept()[0], ("peer", 0)


print("lines starts", flush=True)
Server(os.environ["SALVIA_BIND_TO_SOCKET"], Handler).serve_forever()
