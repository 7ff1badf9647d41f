"""The proxy as clients use it. Expectations: RFC 9110, section 9.3.6 (CONNECT) and 11.7 (its authentication);
docs/clients.md says whom it serves, and where it leads."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import socket
import ssl
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore import UNSIGNED
from botocore.config import Config
from tests.conftest import Jobs, Server, eventually

from salvia.protocol.proxy.authority import Authority, new_authority


def administrator(server: Server) -> str:
    """What `salvia env` prints before the @ of HTTPS_PROXY, as a client sends it."""
    user = urllib.parse.urlsplit(server.environment["HTTPS_PROXY"])
    return basic(f"{user.username}:{user.password}")


def basic(pair: str) -> str:
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def connect(
    server: Server, target: str, authorization: str | None, address: str = "127.0.0.1"
) -> tuple[socket.socket, str]:
    """CONNECT; the connection, and the status line of the answer."""
    made = socket.create_connection((address, server.port), 20)
    proof = f"Proxy-Authorization: {authorization}\r\n" if authorization else ""
    made.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{proof}\r\n".encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        received = made.recv(1)  # not a byte of what follows
        if not received:
            break
        answer += received
    return made, answer.decode().partition("\r\n")[0]


def status(server: Server, target: str, authorization: str | None, address: str = "127.0.0.1") -> int:
    made, line = connect(server, target, authorization, address)
    made.close()
    return int(line.split(" ")[1])


@pytest.fixture
def without_endpoint(salvia: Server) -> Iterator[Callable[..., Any]]:
    """A boto3 client that knows AWS's host names and the variables of `salvia env`, and no endpoint."""

    made: list[Any] = []

    def client(service: str, **config: Any) -> Any:
        proxies = {"https": salvia.environment["HTTPS_PROXY"]}
        more = Config(proxies=proxies, retries={"max_attempts": 1}, **config)
        made.append(salvia.session().client(service, verify=salvia.environment["AWS_CA_BUNDLE"], config=more))
        return made[-1]

    yield client
    for one in made:
        one.close()


class Listener:
    """A server of one's own on the loopback: `serve(connection)` for each that comes."""

    def __init__(self, serve: Callable[[socket.socket], None]) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._serve = serve
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            self._serve(connection)

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def listen() -> Iterator[Callable[[Callable[[socket.socket], None]], Listener]]:
    made: list[Listener] = []

    def start(serve: Callable[[socket.socket], None]) -> Listener:
        made.append(Listener(serve))
        return made[-1]

    yield start
    for listener in made:
        listener.close()


def everything(connection: socket.socket) -> bytes:
    parts = []
    while received := connection.recv(65536):
        parts.append(received)
    return b"".join(parts)


def test_a_client_that_knows_awss_names_alone_reaches_salvia(without_endpoint: Callable[..., Any]) -> None:
    """The SDK builds its STS client with AWS's own host name, whatever AWS_ENDPOINT_URL says."""
    assert without_endpoint("sts").get_caller_identity()["Arn"].endswith(":user/administrator")
    assert "TrainingJobSummaries" in without_endpoint("sagemaker").list_training_jobs()
    assert without_endpoint("iam").get_user(UserName="administrator")["User"]["UserName"] == "administrator"


@pytest.mark.parametrize("bucket", ["proxied-bucket", "proxied.dotted.bucket"])
def test_a_bucket_in_the_host_name_is_that_bucket(without_endpoint: Callable[..., Any], bucket: str) -> None:
    """Virtual hosting of buckets: S3 user guide. Over TLS, boto3 sends its checksum as a trailer."""
    s3 = without_endpoint("s3", s3={"addressing_style": "virtual"})
    s3.create_bucket(Bucket=bucket)
    content = bytes(range(256)) * 8192
    s3.put_object(Bucket=bucket, Key="a/b c", Body=content)
    got = s3.get_object(Bucket=bucket, Key="a/b c")
    assert got["Body"].read() == content
    assert [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["a/b c"]


def test_the_sdks_telemetry_is_answered_at_once_and_here(without_endpoint: Callable[..., Any]) -> None:
    """Both SDKs send it, without a signature and without a time-out, to a bucket of AWS's."""
    s3 = without_endpoint("s3", signature_version=UNSIGNED)
    began = time.monotonic()
    with pytest.raises(s3.exceptions.ClientError) as error:
        s3.get_object(Bucket="sm-pysdk-t-us-east-1", Key="telemetry")
    assert time.monotonic() - began < 2
    assert error.value.response["ResponseMetadata"]["HTTPHeaders"]["x-amz-id-2"].startswith("salvia/")


@pytest.mark.parametrize("authorization", [None, "administrator", "Basic !", basic(":"), basic("administrator:wrong")])
def test_who_shows_no_password_gets_nowhere(salvia: Server, authorization: str | None) -> None:
    """The port of the loopback is open to every user and every job of a machine."""
    assert status(salvia, "example.org:443", authorization) == 407
    assert status(salvia, "sts.us-east-1.amazonaws.com:443", authorization) == 407


def test_it_is_no_open_relay_when_it_listens_beyond_the_loopback(make_server: Callable[..., Server]) -> None:
    """Whoever comes from elsewhere is refused, AWS's names included; `--auth off` opens the API, not the proxy."""
    server = make_server("--host", "0.0.0.0", "--auth", "off")
    outward = own_address()
    for target in ("example.org:443", "sts.us-east-1.amazonaws.com:443", f"127.0.0.1:{server.port}"):
        assert status(server, target, None, outward) == 407
        assert status(server, target, basic("administrator:guess"), outward) == 407


def own_address() -> str:
    """An address of this machine that is not of the loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("This machine has no network but the loopback.")
        return str(probe.getsockname()[0])


def test_another_hosts_tls_passes_untouched(salvia: Server, listen: Callable[..., Listener]) -> None:
    """The client sees that host's own certificate: nobody in between could have read a byte."""
    theirs = Authority(new_authority())
    context = theirs.context("elsewhere.example")

    def serve(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            secured.sendall(secured.recv(100).upper())

    made, line = connect(salvia, f"127.0.0.1:{listen(serve).port}", administrator(salvia))
    assert line.startswith("HTTP/1.1 200")
    trusting = ssl.create_default_context(cadata=theirs.certificate)
    with trusting.wrap_socket(made, server_hostname="elsewhere.example") as secured:
        secured.sendall(b"hello")
        assert secured.recv(100) == b"HELLO"


def test_a_tunnel_carries_much_both_ways_and_one_end_may_fall_silent_first(
    salvia: Server, listen: Callable[..., Listener]
) -> None:
    """What is half-closed is half-closed on the other side too, and a slow reader is waited for."""
    sent = hashlib.sha256(b"seed").digest() * (1 << 20)

    def serve(connection: socket.socket) -> None:
        connection.sendall(b"first\n")  # some servers speak before they are spoken to
        time.sleep(0.3)
        received = everything(connection)
        connection.sendall(hashlib.sha256(received).digest() + received)

    made, _ = connect(salvia, f"localhost:{listen(serve).port}", administrator(salvia))
    with made:
        assert made.recv(6, socket.MSG_WAITALL) == b"first\n"
        made.sendall(sent)
        made.shutdown(socket.SHUT_WR)
        time.sleep(0.3)
        assert everything(made) == hashlib.sha256(sent).digest() + sent


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("nowhere.invalid:443", 502),
        ("a..b:443", 400),
        ("x" * 64 + ".example:443", 400),
        ("127.0.0.1:1", 502),
        ("example.org", 400),
        ("example.org:0", 400),
        ("example.org:70000", 400),
        ("a b:443", 400),
        ("http://example.org/:443", 400),
        ("[::1:443", 400),
    ],
)
def test_what_leads_nowhere_is_refused_with_a_sentence(salvia: Server, target: str, expected: int) -> None:
    """The sentence is the answer's reason: all that most clients show."""
    made, line = connect(salvia, target, administrator(salvia))
    made.close()
    assert line.split(" ")[1] == str(expected), line


def test_within_a_proxied_connection_there_is_no_second_one(salvia: Server) -> None:
    made, _ = connect(salvia, "sts.amazonaws.com:443", administrator(salvia))
    trusting = ssl.create_default_context(cafile=salvia.environment["AWS_CA_BUNDLE"])
    with trusting.wrap_socket(made, server_hostname="sts.amazonaws.com") as secured:
        secured.sendall(
            f"CONNECT example.org:443 HTTP/1.1\r\nProxy-Authorization: {administrator(salvia)}\r\n\r\n".encode()
        )
        assert secured.recv(100).startswith(b"HTTP/1.1 400")


def test_what_is_reached_by_awss_names_has_no_door_of_ours(salvia: Server) -> None:
    """`/_health` there is an object's path, as at AWS."""
    made, _ = connect(salvia, "s3.amazonaws.com:443", administrator(salvia))
    trusting = ssl.create_default_context(cafile=salvia.environment["AWS_CA_BUNDLE"])
    with trusting.wrap_socket(made, server_hostname="s3.amazonaws.com") as secured:
        secured.sendall(b"POST /_instance/report HTTP/1.1\r\nHost: s3.amazonaws.com\r\nContent-Length: 0\r\n\r\n")
        assert b"\r\nx-amz-id-2: salvia/" in secured.recv(4096)  # S3's answer


def test_a_client_that_does_not_trust_us_troubles_nobody(salvia: Server) -> None:
    errors = salvia.home / "log" / "gateway-0.err"
    before = errors.read_text()
    for _ in range(3):
        made, _ = connect(salvia, "sts.amazonaws.com:443", administrator(salvia))
        with made, pytest.raises(ssl.SSLError):
            ssl.create_default_context().wrap_socket(made, server_hostname="sts.amazonaws.com")
        made, _ = connect(salvia, "sts.amazonaws.com:443", administrator(salvia))
        with made:
            made.sendall(b"this is not TLS\r\n\r\n")
            assert b"HTTP" not in everything(made)
    assert "Traceback" not in errors.read_text()[len(before) :]
    assert "Traceback" not in (salvia.home / "log" / "gateway-0.log").read_text()


def test_a_head_without_an_end_is_not_kept(salvia: Server) -> None:
    """Before anybody is known to be anybody, 64 KiB are enough."""
    with socket.create_connection(("127.0.0.1", salvia.port), 10) as made:
        made.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ")
        with pytest.raises(OSError):
            for _ in range(1000):
                made.sendall(b"x" * 65536)
                time.sleep(0.001)


_ASK = """
import os, socket, ssl, urllib.error, urllib.parse, urllib.request
proxy = urllib.parse.urlsplit(os.environ.get('HTTPS_PROXY', 'http://none:none@127.0.0.1:9'))
def status(target, pair=f'{proxy.username}:{proxy.password}'):
    import base64
    try:
        with socket.create_connection((proxy.hostname, proxy.port), 10) as made:
            proof = base64.b64encode(pair.encode()).decode()
            made.sendall(f'CONNECT {target} HTTP/1.1\\r\\nProxy-Authorization: Basic {proof}\\r\\n\\r\\n'.encode())
            return made.recv(200).split(b' ')[1].decode()
    except OSError as error:
        return type(error).__name__
"""


def seen(jobs: Jobs, code: str, **more: Any) -> dict[str, Any]:
    """What a job's program found out, of which it prints one line of JSON."""
    name = jobs.start(_ASK + code, wait=True, **more)
    assert jobs.describe(name)["TrainingJobStatus"] == "Completed", jobs.lines(name)
    found: dict[str, Any] = json.loads(next(line for line in jobs.lines(name) if line.startswith("{")))
    return found


def test_a_jobs_program_reaches_awss_names_with_nothing_but_its_variables(jobs: Jobs) -> None:
    """urllib knows HTTPS_PROXY and SSL_CERT_FILE; the job's name for its peers stays outside of the proxy."""
    found = seen(
        jobs,
        """
import json
try:
    urllib.request.urlopen('https://sts.us-east-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15')
except urllib.error.HTTPError as error:
    print(json.dumps({'said': error.read().decode(), 'bypass': os.environ['NO_PROXY'].split(',')}), flush=True)
""",
    )
    assert "MissingAuthenticationToken" in found["said"]
    assert {"127.0.0.1", "localhost", "algo-1"} <= set(found["bypass"])


def test_a_job_reaches_nothing_private_through_the_proxy(jobs: Jobs, listen: Callable[..., Listener]) -> None:
    """Neither this machine nor its network, cloud metadata or the server itself, in whatever clothes."""
    port = listen(lambda connection: connection.sendall(b"secret")).port
    gateway = jobs.server.port
    targets = [
        f"127.0.0.1:{port}",
        f"localhost:{port}",
        f"[::1]:{port}",
        f"[::ffff:127.0.0.1]:{port}",
        f"2130706433:{port}",
        f"0.0.0.0:{port}",
        f"127.0.0.1:{gateway}",
        f"localhost:{gateway}",
        f"{own_address()}:{gateway}",
        "169.254.169.254:80",
        "10.0.0.1:443",
        "192.168.1.1:443",
        "[fe80::1]:443",
        "[64:ff9b::a00:1]:443",
    ]
    found = seen(jobs, f"import json; print(json.dumps({{t: status(t) for t in {targets!r}}}), flush=True)")
    assert found == dict.fromkeys(targets, "403")


def test_a_jobs_password_is_its_own_and_ends_with_it(jobs: Jobs) -> None:
    found = seen(
        jobs,
        """
import json
other = proxy.username.replace(proxy.username[0], 'f' if proxy.username[0] != 'f' else 'e', 1)
print(json.dumps({
    'pair': f'{proxy.username}:{proxy.password}',
    'own': status('sts.amazonaws.com:443'),
    'administrator': status('sts.amazonaws.com:443', f'administrator:{proxy.password}'),
    'other': status('sts.amazonaws.com:443', f'{other}:{proxy.password}'),
}), flush=True)
""",
    )
    pair = found.pop("pair")
    assert found == {"own": "200", "administrator": "407", "other": "407"}
    eventually(lambda: status(jobs.server, "sts.amazonaws.com:443", basic(pair)) == 407, 10)


def test_an_isolated_job_has_no_way_out(jobs: Jobs) -> None:
    """EnableNetworkIsolation: "no inbound or outbound network calls"; API_CreateTrainingJob."""
    if jobs.server.isolation == "none":
        pytest.skip("This machine cannot isolate: `salvia doctor` says what that costs.")
    name = jobs.start(
        f"""{_ASK}
import json
proxy = urllib.parse.urlsplit('http://administrator:guess@127.0.0.1:{jobs.server.port}')
variables = [name for name in os.environ if name.lower() in ('https_proxy', 'no_proxy', 'aws_endpoint_url')]
print('isolated', len(variables), status('sts.amazonaws.com:443'), flush=True)
(base/'model/seen').write_text(f"{{len(variables)}} {{status('sts.amazonaws.com:443')}}")
""",
        wait=True,
        EnableNetworkIsolation=True,
    )
    assert "isolated 0 ConnectionRefusedError" in jobs.lines(name)


def test_an_upstream_proxy_is_gone_through_but_for_what_bypasses_it(
    make_server: Callable[..., Server], listen: Callable[..., Listener], monkeypatch: pytest.MonkeyPatch
) -> None:
    """HTTPS_PROXY and NO_PROXY of the server's environment at its start, as curl and Python read them."""
    asked: list[bytes] = []

    def upstream(connection: socket.socket) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += connection.recv(1)
        asked.append(head)
        if b"forbidden" in head:
            connection.sendall(b"HTTP/1.1 403 No\r\n\r\n")
        else:
            connection.sendall(b"HTTP/1.1 200 Yes\r\nVia: upstream\r\n\r\nhello")
            connection.sendall(everything(connection))

    port = listen(upstream).port
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:s%40cret@127.0.0.1:{port}")
    monkeypatch.setenv("NO_PROXY", "localhost,.corp.example")
    server = make_server()
    made, line = connect(server, "somewhere.example:443", administrator(server))
    with made:
        assert line.startswith("HTTP/1.1 200")
        made.sendall(b" world")
        made.shutdown(socket.SHUT_WR)
        assert everything(made) == b"hello world"
    assert asked[0].startswith(b"CONNECT somewhere.example:443 HTTP/1.1\r\n")
    assert basic("me:s@cret").encode() in asked[0]
    assert status(server, "forbidden.example:443", administrator(server)) == 502
    assert status(server, "localhost:1", administrator(server)) == 502
    assert len(asked) == 2
    assert ".corp.example" in server.environment["NO_PROXY"]


def test_a_server_started_in_the_shell_of_salvia_env_is_not_its_own_upstream(
    make_server: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = make_server()
    server.down()
    for name in ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE", "AWS_CA_BUNDLE"):
        monkeypatch.setenv(name, server.environment[name])
    bundle = Path(server.environment["SSL_CERT_FILE"])
    before = bundle.read_text()
    server.up()
    assert status(server, "nowhere.invalid:443", administrator(server)) == 502
    assert bundle.read_text() == before


def test_a_server_that_goes_down_ends_its_tunnels(
    make_server: Callable[..., Server], listen: Callable[..., Listener]
) -> None:
    server = make_server()
    made, _ = connect(server, f"127.0.0.1:{listen(everything).port}", administrator(server))
    silent, _ = connect(server, "sts.amazonaws.com:443", administrator(server))
    plain, _ = connect(server, "sts.amazonaws.com:443", administrator(server))
    trusting = ssl.create_default_context(cafile=server.environment["AWS_CA_BUNDLE"])
    idle = trusting.wrap_socket(plain, server_hostname="sts.amazonaws.com")
    began = time.monotonic()
    server.down()
    assert time.monotonic() - began < 8
    assert everything(made) == b""
    for one in (made, silent, idle):
        one.close()


def test_the_authority_outlives_restarts_and_its_key_is_its_owners_alone(make_server: Callable[..., Server]) -> None:
    server = make_server()
    key = server.home / "ca.key"
    before = key.read_bytes()
    assert key.stat().st_mode & 0o777 == 0o600
    server.down()
    server.up()
    assert key.read_bytes() == before
    assert b"PRIVATE" not in (server.home / "ca-bundle.pem").read_bytes()


def test_a_broken_authority_is_one_sentence(make_server: Callable[..., Server]) -> None:
    server = make_server()
    server.down()
    key = server.home / "ca.key"
    whole = key.read_bytes()
    key.write_bytes(whole[:100])
    done = server.salvia("up", "--detach", "--port", str(server.port), check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"salvia: {key} does not hold a key and a certificate")
    assert "Traceback" not in done.stderr
    key.write_bytes(whole)
    server.up()
