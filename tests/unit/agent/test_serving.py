"""A model server's instance, from its data to its exit. Expectations without another source are AWS's contract:
SageMaker developer guide, "Use Your Own Inference Code with Hosting Services"."""

from __future__ import annotations

import io
import os
import socket
import tarfile
import time

import pytest

from .world import eventually, python

# Serves GET /ping and echoes the rest on the unix socket, or on the port, after `DELAY` seconds.
SERVER = """
import os, signal, socketserver, sys, time
from http.server import BaseHTTPRequestHandler, HTTPServer
print('model:', sorted(os.listdir(os.environ['ML'] + '/model')), flush=True)
time.sleep(float(os.environ.get('DELAY', 0)))
class Handler(BaseHTTPRequestHandler):
    status = int(os.environ.get('STATUS', 200))
    def do_GET(self):
        self.send_response(Handler.status)
        self.send_header('Content-Length', '0')
        self.end_headers()
    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        self.send_response(200)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body[::-1])
        if body == b'sicken':
            Handler.status = 503
        if body.startswith(b'busy'):
            time.sleep(float(body[4:]))
        if body == b'die':
            os._exit(3)
    def address_string(self):
        return 'peer'
def stop(*_):
    print('stopping', flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
if os.environ.get('ON') == 'port':
    server = HTTPServer(('127.0.0.1', int(os.environ['SAGEMAKER_BIND_TO_PORT'])), Handler)
else:
    class Local(socketserver.UnixStreamServer):
        def get_request(self):
            return self.socket.accept()[0], ('peer', 0)
    server = Local(os.environ['SALVIA_BIND_TO_SOCKET'], Handler)
server.serve_forever()
"""


def model(
    source: dict | None = None,
    download: float = 60,
    startup: float = 60,
    additional: tuple = (),
    answer: float | None = None,
) -> dict:
    limits = {"download_timeout": download, "startup_timeout": startup, "answer_timeout": answer}
    return {
        "source": source,
        "additional": additional,
        **limits,
        "dimensions": {"EndpointName": "demo"},
        "memory": 1 << 30,
        "every": 0.3,
        "ping_every": 0.1,
    }


def serving(code: str = SERVER, environment: dict | None = None, **limits) -> dict:
    return {
        "argv": python(code),
        "environment": environment or {},
        "kind": "serving",
        "model": model(**limits),
        "log_group": "/aws/sagemaker/Endpoints/demo",
        "log_stream": "AllTraffic/i-1",
        "stop_grace": 30,
    }


def archive(**files: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def gzip(key: str) -> dict:
    return {"S3Uri": f"s3://bucket/{key}", "S3DataType": "S3Object", "CompressionType": "Gzip"}


def ask(path: str, body: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        connection.sendall(b"POST /invocations HTTP/1.0\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        answer = b""
        while block := connection.recv(4096):
            answer += block
    return answer.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize("where", ["socket", "port"])
def test_a_model_is_served_until_its_instance_is_stopped(world, instance, where):
    """The model's data first, then `serve`; both ways of serving end at the one socket."""
    world.buckets["bucket"] = {"m/model.tar.gz": archive(**{"weights": b"1", "code/inference.py": b""})}
    job = instance(**serving(environment={"ON": where}, source=gzip("m/model.tar.gz"))).start()
    eventually(lambda: "InService" in world.phases)
    assert ask(str(job.run / "serve.sock"), b"abc") == b"cba"
    job.terminate()
    ended = job.wait()
    assert (ended["code"], ended["stopped"], ended["error"]) == (0, True, None)
    assert world.phases == ["Starting", "Downloading", "Loading", "InService", "Exited"]
    assert "model: ['code', 'weights']" in world.lines
    assert "stopping" in world.lines
    assert world.streams == {("/aws/sagemaker/Endpoints/demo", "AllTraffic/i-1")}


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        ({"S3Uri": "s3://bucket/m/", "S3DataType": "S3Prefix", "CompressionType": "None"}, "['a', 'sub']"),
        ({"S3Uri": "s3://bucket/m/a", "S3DataType": "S3Object", "CompressionType": "None"}, "['a']"),
        (None, "[]"),
    ],
)
def test_uncompressed_models_lie_as_they_are_in_s3(world, instance, source, seen):
    """API_S3ModelDataSource, "Deploying uncompressed models"."""
    world.buckets["bucket"] = {"m/a": b"1", "m/sub/b": b"2"}
    job = instance(**serving(source=source)).start()
    eventually(lambda: "InService" in world.phases)
    job.terminate()
    job.wait()
    assert f"model: {seen}" in world.lines


def test_additional_data_have_folders_of_their_own(world, instance):
    """API_AdditionalModelDataSource; where they are, by the SageMaker SDK's SPECULATIVE_DRAFT_MODEL."""
    whole = {"S3Uri": "s3://bucket/draft/", "S3DataType": "S3Prefix", "CompressionType": "None"}
    world.buckets["bucket"] = {"m.tar.gz": archive(weights=b"1"), "draft/a/b": b"2", "small.tar.gz": archive(c=b"3")}
    additional = [
        {"ChannelName": "draft", "S3DataSource": whole},
        {"ChannelName": "small", "S3DataSource": gzip("small.tar.gz")},
    ]
    job = instance(**serving(source=gzip("m.tar.gz"), additional=additional)).start()
    eventually(lambda: "InService" in world.phases)
    below = job.ml / "additional-model-data-sources"
    found = {str(path.relative_to(below)): path.read_bytes() for path in below.rglob("*") if path.is_file()}
    assert found == {"draft/a/b": b"2", "small/c": b"3"}
    job.terminate()
    job.wait()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"no archive", "Failed to extract model data archive"),
        (archive(**{"../escaped": b"1"}), "Failed to extract model data archive"),
        (archive(weights=bytes(300 << 20)), "unpacks to more than"),
        (archive(weights=b"1" * 5000)[:-40], "Failed to extract model data archive"),
    ],
)
def test_an_archive_that_is_none_is_named(world, instance, content, said):
    """Whatever is in it, nothing of it leaves the model's folder."""
    world.buckets["bucket"] = {"m.tar.gz": content}
    job = instance(**serving(source=gzip("m.tar.gz"))).start()
    ended = job.wait()
    assert ended["error"]["code"] == "ClientError"
    assert said in ended["error"]["message"]
    assert "s3://bucket/m.tar.gz" in ended["error"]["message"]
    assert not (job.ml / "escaped").exists()
    assert "Loading" not in world.phases


def test_a_download_that_takes_too_long_is_given_up(world, instance):
    """ModelDataDownloadTimeoutInSeconds."""
    world.buckets["bucket"] = {"m.tar.gz": archive(weights=b"1")}
    world.slow["GetObject"] = 20.0
    begun = time.monotonic()
    ended = instance(**serving(source=gzip("m.tar.gz"), download=0.5)).start().wait()
    assert time.monotonic() - begun < 10
    assert "ModelDataDownloadTimeoutInSeconds" in ended["error"]["message"]


@pytest.mark.parametrize("environment", [{"STATUS": "500"}, {"DELAY": "60"}])
def test_a_server_that_does_not_become_healthy_is_ended(world, instance, environment):
    """ContainerStartupHealthCheckTimeoutInSeconds; the last lines go with the report."""
    ended = instance(**serving(environment=environment, startup=1.0)).start().wait()
    assert "did not pass the ping health check" in ended["error"]["message"]
    assert "model: []" in ended["log_tail"]
    assert "InService" not in world.phases


def test_a_server_that_dies_is_noticed(world, instance):
    """Also one that was in service."""
    job = instance(**serving()).start()
    eventually(lambda: "InService" in world.phases)
    ask(str(job.run / "serve.sock"), b"die")
    ended = job.wait()
    assert (ended["code"], ended["stopped"]) == (3, False)


def test_a_server_that_says_that_it_is_ill_is_reported_and_lives_until_it_is_stopped(world, instance):
    """ "Replacing unhealthy instances": it finishes what it has, so it is not killed."""
    job = instance(**serving(answer=60.0)).start()
    eventually(lambda: "InService" in world.phases)
    ask(str(job.run / "serve.sock"), b"sicken")
    eventually(lambda: world.phases[-1] == "Unhealthy")
    assert ask(str(job.run / "serve.sock"), b"abc") == b"cba"
    job.terminate()
    ended = job.wait()
    assert (ended["code"], ended["stopped"], ended["error"]) == (0, True, None)


def test_a_server_may_be_silent_for_as_long_as_an_answer_may_take(world, instance):
    """It has one thread, which cannot answer a ping meanwhile; one that is silent for longer hangs."""
    job = instance(**serving(answer=3.5)).start()
    eventually(lambda: "InService" in world.phases)
    ask(str(job.run / "serve.sock"), b"busy2.5")
    assert world.phases[-1] == "InService"
    with socket.socket(socket.AF_UNIX) as hanging:
        hanging.connect(str(job.run / "serve.sock"))
        hanging.sendall(b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nbusy60")
        eventually(lambda: world.phases[-1] == "Unhealthy")
        job.terminate()
        job.wait()


def test_a_link_in_the_sockets_place_leads_nowhere(world, instance, tmp_path):
    """The program may write where it binds its socket, but not choose what others are led to."""
    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.bind(str(tmp_path / "stranger"))
    code = "import os, time; os.symlink(os.environ['STRANGER'], os.environ['SALVIA_BIND_TO_SOCKET']); time.sleep(60)"
    environment = {"STRANGER": str(tmp_path / "stranger")}
    job = instance(**serving(code, environment, startup=1.5)).start()
    ended = job.wait()
    assert "did not pass the ping health check" in ended["error"]["message"]
    assert not os.path.lexists(job.run / "serve.sock")


def test_what_a_server_uses_is_kept_in_cloudwatch(world, instance):
    """CPUUtilization and MemoryUtilization in percent: of a core, and of the instance's memory."""
    serve = "import threading; threading.Thread(target=server.serve_forever, daemon=True).start()"
    busy = SERVER.replace("server.serve_forever()", f"{serve}\nwhile True: pass")
    job = instance(**serving(busy)).start()
    eventually(lambda: len(world.metrics) >= 4)
    job.terminate()
    job.wait()
    named = {datum["MetricName"]: datum for datum in world.metrics}
    assert set(named) == {"CPUUtilization", "MemoryUtilization"}
    assert named["CPUUtilization"]["Dimensions"] == [{"Name": "EndpointName", "Value": "demo"}]
    assert 10 < max(datum["Value"] for datum in world.metrics if datum["MetricName"] == "CPUUtilization") < 200
    assert 0.2 < named["MemoryUtilization"]["Value"] < 50


def test_a_server_that_binds_its_socket_anew_is_followed(world, instance):
    """As one does that restarts itself."""
    again = SERVER.replace(
        "server.serve_forever()",
        "server.handle_request()\nserver.server_close()\nos.unlink(os.environ['SALVIA_BIND_TO_SOCKET'])\n"
        "Local(os.environ['SALVIA_BIND_TO_SOCKET'], Handler).serve_forever()",
    )
    job = instance(**serving(again)).start()
    eventually(lambda: "InService" in world.phases)

    def answers() -> bool:
        try:
            return ask(str(job.run / "serve.sock"), b"abc") == b"cba"
        except OSError:
            return False

    eventually(answers)
    job.terminate()
    job.wait()
