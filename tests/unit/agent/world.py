"""The outside world of an agent: a gateway's HTTP surface that only records, and a way to start agents.

It knows as much of S3, CloudWatch and `/_instance` as an agent meets, and keeps everything in memory, so that
a test can take it down, lose its replies, or forbid something.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from xml.sax.saxutils import escape

SOURCE = str(Path(__file__).parents[3] / "src")
TOKEN = "instance-token"
ROLE = "arn:aws:iam::123456789012:role/Trainer"


class World:
    """What a gateway would hold, and what was asked of it."""

    def __init__(self) -> None:
        self.buckets: dict[str, dict[str, bytes]] = {"bucket": {}}
        self.uploads: dict[str, dict[int, bytes]] = {}
        self.reports: list[dict] = []
        self.groups: set[str] = set()
        self.streams: set[tuple[str, str]] = set()
        self.events: list[dict] = []
        self.batches: set[str] = set()
        self.batch_sizes: list[tuple[int, int]] = []
        self.metrics: list[dict] = []
        self.calls: Counter[str] = Counter()
        self.denied: set[str] = set()
        self.lost: Counter[str] = Counter()  # operation → replies still to be lost
        self.cut: Counter[str] = Counter()  # operation → replies still to be cut off half-way
        self.slow: dict[str, float] = {}  # operation → seconds that it takes
        self.falls_at: tuple[str, float] | None = None  # the call at which to go down, and for how many seconds
        self.stop = False
        self.gone = False
        self.lifetime = 3600.0
        self.lock = threading.RLock()
        self.port = 0
        self._server: ThreadingHTTPServer | None = None
        self._connections: set[socket.socket] = set()
        self.up()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def is_down(self) -> bool:
        return self._server is None

    @property
    def phases(self) -> list[str]:
        """The phases in the order in which they were first reported or passed."""
        times: dict[str, float] = {}
        with self.lock:
            for report in self.reports:
                times.update(report["times"])
        return sorted(times, key=lambda phase: times[phase])

    @property
    def exit(self) -> dict:
        return self.reports[-1]["exit"]

    @property
    def lines(self) -> list[str]:
        return [event["message"] for event in self.events]

    def up(self) -> None:
        world = self

        class Bound(_Handler):
            pass

        Bound.world = world
        self._server = _Server(("127.0.0.1", self.port), Bound)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def down(self) -> None:
        """Gone, with every connection, as after kill -9."""
        if self._server is None:
            return
        server, self._server = self._server, None
        server.shutdown()
        server.server_close()
        with self.lock:
            connections, self._connections = self._connections, set()
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def fall(self, seconds: float) -> None:
        """Go down now and come back later."""
        self.down()
        threading.Timer(seconds, self.up).start()

    def joined(self, connection: socket.socket) -> None:
        with self.lock:
            self._connections.add(connection)

    def left(self, connection: socket.socket) -> None:
        with self.lock:
            self._connections.discard(connection)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # a client that was killed, or a world that went down


class RefusedError(Exception):
    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(code)
        self.code, self.message, self.status = code, message, status


class _Handler(BaseHTTPRequestHandler):
    world: World
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.world.joined(self.connection)

    def finish(self) -> None:
        self.world.left(self.connection)
        with contextlib.suppress(OSError):
            super().finish()

    def log_message(self, *_: object) -> None:
        pass

    def handle_one_request(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            super().handle_one_request()
            return
        self.close_connection = True

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.phase = ""
        self.extra: dict[str, str] = {}
        path, _, query = self.path.partition("?")
        target = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        s3 = not target and not path.startswith("/_instance")
        try:
            if path.startswith("/_instance"):
                name = path.rpartition("/")[2]
                payload = json.loads(body)
                self.phase = payload.get("phase", "")
                status, answer = self._instance(name, payload)
            elif target:
                name = target
                status, answer = self._json(target, json.loads(body))
            else:
                parameters = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
                name, status, answer = self._s3(urllib.parse.unquote(path), parameters, body)
        except RefusedError as refused:
            name, status = "refused", refused.status
            if s3:
                answer = f"<Error><Code>{refused.code}</Code><Message>{refused.message}</Message></Error>".encode()
            else:
                answer = json.dumps({"__type": refused.code, "message": refused.message}).encode()
        with self.world.lock:
            self.world.calls[name] += 1
            lose = self.world.lost[name] > 0
            self.world.lost[name] -= lose
            falls = self.world.falls_at
            if falls and falls[0] in (name, f"{name} {self.phase}"):
                self.world.falls_at = None
                self.world.fall(falls[1])
                lose = True
        if lose:
            self.close_connection = True
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)
            return
        cut = self.world.cut[name] > 0 and len(answer) > 1
        self.world.cut[name] -= cut
        time.sleep(self.world.slow.get(name, 0))
        self.send_response(status)
        self.send_header("Content-Type", "application/xml" if s3 else "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(answer)))
        for header, value in self.extra.items():
            self.send_header(header, value)
        self.end_headers()
        self.wfile.write(answer[: len(answer) // 2] if cut else answer)
        self.wfile.flush()
        if cut:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _serve  # noqa: N815

    def _instance(self, name: str, payload: dict) -> tuple[int, bytes]:
        world = self.world
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            raise RefusedError("AccessDenied", "wrong token", 403)
        if name == "credentials":
            expires = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + world.lifetime))
            answer = {"AccessKeyId": f"ASIA{world.calls['credentials']:016}", "SecretAccessKey": "secret"}
            return 200, json.dumps(answer | {"Token": "session", "Expiration": expires, "RoleArn": ROLE}).encode()
        if world.gone:
            raise RefusedError("Gone", "no such instance", 410)
        with world.lock:
            world.reports.append(payload)
        return 200, json.dumps({"stop": world.stop}).encode()

    def _signed(self, action: str) -> None:
        if not self.headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256 Credential=ASIA"):
            raise RefusedError("MissingAuthenticationToken", "not signed", 403)
        if action in self.world.denied:
            raise RefusedError("AccessDeniedException", f"User: {ROLE} is not authorized to perform: {action}.", 400)

    def _json(self, operation: str, payload: dict) -> tuple[int, bytes]:
        world = self.world
        self._signed(("cloudwatch:" if operation == "PutMetricData" else "logs:") + operation)
        with world.lock:
            if operation == "PutMetricData":
                world.metrics += payload["MetricData"]
            elif operation == "CreateLogGroup":
                if payload["logGroupName"] in world.groups:
                    raise RefusedError("ResourceAlreadyExistsException", "The log group already exists")
                world.groups.add(payload["logGroupName"])
            elif operation == "CreateLogStream":
                world.streams.add((payload["logGroupName"], payload["logStreamName"]))
            elif operation == "PutLogEvents":
                if (payload["logGroupName"], payload["logStreamName"]) not in world.streams:
                    raise RefusedError("ResourceNotFoundException", "The log stream does not exist.")
                if payload["sequenceToken"] in world.batches:
                    raise RefusedError("DataAlreadyAcceptedException", "The given batch has already been accepted.")
                world.batches.add(payload["sequenceToken"])
                world.events += payload["logEvents"]
                size = sum(len(event["message"].encode()) + 26 for event in payload["logEvents"])
                world.batch_sizes.append((size, len(payload["logEvents"])))
        return 200, b"{}"

    def _s3(self, path: str, query: dict[str, str], body: bytes) -> tuple[str, int, bytes]:
        world = self.world
        bucket, _, key = path[1:].partition("/")
        action = {"PUT": "s3:PutObject", "POST": "s3:PutObject"}.get(
            self.command, "s3:GetObject" if key else "s3:ListBucket"
        )
        try:
            self._signed(action)
        except RefusedError as refused:
            raise RefusedError("AccessDenied", refused.message, 403) from None
        objects = world.buckets.get(bucket)
        if objects is None:
            raise RefusedError("NoSuchBucket", "The specified bucket does not exist", 404)
        if not key:
            return "ListObjectsV2", 200, _listing(objects, query)
        if self.command == "GET":
            if key not in objects:
                raise RefusedError("NoSuchKey", "The specified key does not exist.", 404)
            return self._object(objects[key])
        with world.lock:
            if "uploads" in query:
                upload = f"upload-{len(world.uploads)}"
                world.uploads[upload] = {}
                tag = "InitiateMultipartUploadResult"
                answer = f"<{tag}><UploadId>{upload}</UploadId></{tag}>"
                return "CreateMultipartUpload", 200, answer.encode()
            if "partNumber" in query:
                world.uploads[query["uploadId"]][int(query["partNumber"])] = body
                return "UploadPart", 200, b""
            if "uploadId" in query and self.command == "POST":
                parts = world.uploads[query["uploadId"]]
                objects[key] = b"".join(parts[number] for number in sorted(parts))
                answer = "<CompleteMultipartUploadResult><ETag>0</ETag></CompleteMultipartUploadResult>"
                return "CompleteMultipartUpload", 200, answer.encode()
            objects[key] = body
        return "PutObject", 200, b""

    def _object(self, content: bytes) -> tuple[str, int, bytes]:
        etag = _etag(content)
        if self.headers.get("If-Match", etag) != etag:
            raise RefusedError(
                "PreconditionFailed", "At least one of the pre-conditions you specified did not hold", 412
            )
        self.extra["ETag"] = etag
        asked = self.headers.get("Range")
        if asked is None:
            return "GetObject", 200, content
        start, _, end = asked.removeprefix("bytes=").partition("-")
        part = content[int(start) : int(end) + 1 if end else None]
        self.extra["Content-Range"] = f"bytes {start}-{int(start) + len(part) - 1}/{len(content)}"
        return "GetObject", 206, part


def _etag(content: bytes) -> str:
    return f'"{hashlib.md5(content).hexdigest()}"'


def _listing(objects: dict[str, bytes], query: dict[str, str]) -> bytes:
    """A page of 100 keys, so that paging happens."""
    prefix, after = query.get("prefix", ""), query.get("continuation-token", "")
    keys = sorted((key for key in objects if key.startswith(prefix) and key > after), key=str.encode)
    page, more = keys[:100], len(keys) > 100
    encode = urllib.parse.quote if query.get("encoding-type") == "url" else str
    entries = "".join(
        f"<Contents><Key>{escape(encode(key))}</Key><Size>{len(objects[key])}</Size><ETag>{_etag(objects[key])}</ETag></Contents>"
        for key in page
    )
    token = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if more else ""
    return (
        f"<ListBucketResult><IsTruncated>{str(more).lower()}</IsTruncated>{token}{entries}</ListBucketResult>"
    ).encode()


class Instance:
    """One agent as its runtime would start it."""

    def __init__(self, world: World, folder: Path, argv: list[str], **changes: object) -> None:
        self.world, self.folder = world, folder
        self.ml = folder / "ml"
        self.run = folder / "run"
        self.run.mkdir(parents=True)
        host = str(changes.pop("host", "algo-1"))
        hosts = changes.pop("hosts", [host])
        events = changes.pop("cgroup_events", [])
        gpus = changes.pop("gpus", [])
        environment = {"PATH": os.environ["PATH"], "ML": str(self.ml), **changes.pop("environment", {})}
        job = {
            "kind": "training",
            "name": "job",
            "arn": "arn:aws:sagemaker:us-east-1:123456789012:training-job/job",
            "network_isolation": False,
            "hyperparameters": {},
            "channels": [],
            "resource_config": {"current_host": host, "hosts": hosts, "network_interface_name": "lo"},
            "output": {"S3OutputPath": "s3://bucket/out/", "KmsKeyId": ""},
            "compression": "GZIP",
            "log_group": "/aws/sagemaker/TrainingJobs",
            "log_stream": f"job/{host}-1700000000",
            "metrics": [],
            "metric_namespace": "/aws/sagemaker/TrainingJobs",
            "stop_grace": 120,
            **changes,
        }
        self.spec = {
            "url": world.url,
            "token": TOKEN,
            "region": "us-east-1",
            "account": "123456789012",
            "ca": None,
            "host": host,
            "hosts": hosts,
            "address": "127.0.0.1",
            "directory": str(folder),
            "ml": str(self.ml),
            "gpus": gpus,
            "heartbeat": 0.2,
            "run": {"host": str(self.run), "program": str(self.run)},
            "program": {"argv": argv, "environment": environment, "cwd": None, "cgroup_events": events},
            "job": job,
        }
        self.process: subprocess.Popen | None = None

    def start(self, pass_fds: tuple[int, ...] = (), prefix: Sequence[str] = ()) -> Instance:
        path = self.folder / "SPEC.json"
        path.write_text(json.dumps(self.spec))
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": SOURCE}
        with (self.folder / "agent.err").open("wb") as errors:
            self.process = subprocess.Popen(
                [*prefix, sys.executable, "-S", "-m", "salvia.agent", str(path)],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
                start_new_session=True,
                pass_fds=pass_fds,
            )
        return self

    def wait(self, timeout: float = 30) -> dict:
        """The exit that was reported, once the agent has ended well."""
        assert self.process is not None
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the agent does not end; reports {self.world.reports[-2:]}; {self.errors}") from None
        assert code == 0, self.errors
        assert '"failed"' not in self.errors, self.errors
        return self.world.exit

    def terminate(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            pid = self.process.pid
            programs = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            self.process.kill()
            self.process.wait()
            for program in programs:  # which nobody else would end
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(program), signal.SIGKILL)

    @property
    def errors(self) -> str:
        return (self.folder / "agent.err").read_text()


def eventually(condition: Callable[[], object], timeout: float = 10) -> None:
    """Poll until the condition holds."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "this did not happen in time"
        time.sleep(0.01)


def shell(script: str) -> list[str]:
    """A program in two lines of shell; $ML is its /opt/ml."""
    return ["/bin/sh", "-c", script]


def python(script: str) -> list[str]:
    """A program in Python."""
    return [sys.executable, "-S", "-c", script]


def channel(name: str, uri: str, **members: object) -> dict:
    """A member of InputDataConfig."""
    source = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
    source |= {key: members.pop(key) for key in ("S3DataType", "S3DataDistributionType") if key in members}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}, **members}


@contextlib.contextmanager
def instances(world: World, root: Path) -> Iterator[Callable[..., Instance]]:
    """A maker of instances that leaves none behind."""
    made: list[Instance] = []

    def make(argv: list[str], **changes: object) -> Instance:
        made.append(Instance(world, root / f"instance-{len(made)}", argv, **changes))
        return made[-1]

    yield make
    for instance in made:
        instance.close()
