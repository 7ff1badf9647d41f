"""`salvia up --tls`. Expectations: docs/clients.md; S3 user guide, "Checking object integrity" (trailing checksums)."""

from __future__ import annotations

import http.client
import io
import json
import socket
import ssl
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.conftest import Jobs, Server
from tests.studio import Page

CONTENT = bytes(range(256)) * 4096


@pytest.fixture(scope="module")
def server(make_server: Callable[..., Server]) -> Server:
    return make_server("--tls")


@pytest.fixture(scope="module")
def s3(server: Server) -> Any:
    client = server.client("s3")
    client.create_bucket(Bucket="over-tls")
    return client


def trusting(server: Server) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=server.home / "ca-bundle.pem")


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_a_trailing_checksum_is_checked_and_kept(s3: Any, algorithm: str) -> None:
    """Over TLS boto3 sends an unsigned `aws-chunked` body, and the checksum behind it."""
    sent: dict[str, str] = {}

    def look(request: Any, **_: Any) -> None:
        sent.update({name.lower(): str(value) for name, value in request.headers.items()})

    s3.meta.events.register_first("before-send.s3.PutObject", look)
    put = s3.put_object(Bucket="over-tls", Key=algorithm, Body=io.BytesIO(CONTENT), ChecksumAlgorithm=algorithm)
    s3.meta.events.unregister("before-send.s3.PutObject", look)
    member = f"Checksum{algorithm}"
    assert f"x-amz-checksum-{algorithm.lower()}" in sent["x-amz-trailer"]
    assert "STREAMING-UNSIGNED-PAYLOAD-TRAILER" in sent["x-amz-content-sha256"]
    got = s3.get_object(Bucket="over-tls", Key=algorithm, ChecksumMode="ENABLED")
    assert got["Body"].read() == CONTENT
    assert got[member] == put[member]


def test_bytes_that_do_not_match_their_trailing_checksum_are_no_object(s3: Any) -> None:
    """BadDigest; S3 API reference, "Error responses". Nothing of it is kept."""

    def falsify(request: Any, **_: Any) -> None:
        body = request.body.read()
        request.body = body.replace(CONTENT[:64], CONTENT[64:128], 1)

    s3.meta.events.register_first("before-send.s3.PutObject", falsify)
    with pytest.raises(ClientError) as error:
        s3.put_object(Bucket="over-tls", Key="false", Body=io.BytesIO(CONTENT))
    s3.meta.events.unregister("before-send.s3.PutObject", falsify)
    assert error.value.response["Error"]["Code"] == "BadDigest"
    with pytest.raises(ClientError):
        s3.head_object(Bucket="over-tls", Key="false")


def test_a_multipart_upload_has_trailing_checksums_too(s3: Any) -> None:
    big = CONTENT * 20
    s3.upload_fileobj(io.BytesIO(big), "over-tls", "big")
    assert s3.get_object(Bucket="over-tls", Key="big")["Body"].read() == big


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "studio.localhost", "over-tls.s3.us-east-1.amazonaws.com"])
def test_every_name_of_the_server_has_its_certificate(server: Server, s3: Any, name: str) -> None:
    """A name below localhost is a bucket's; each gets one of its own, since OpenSSL knows no `*.localhost`."""
    plain = socket.create_connection(("127.0.0.1", server.port), 10)
    with trusting(server).wrap_socket(plain, server_hostname=name) as secured:
        secured.sendall(f"GET /_nothing HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
        assert secured.recv(100).startswith(b"HTTP/1.1 40")


def test_a_name_that_is_not_ours_has_none(server: Server) -> None:
    plain = socket.create_connection(("127.0.0.1", server.port), 10)
    with plain, pytest.raises(ssl.SSLCertVerificationError):
        trusting(server).wrap_socket(plain, server_hostname="example.com")


def test_requests_without_tls_are_turned_away(server: Server) -> None:
    """Whoever mistypes the URL is told so, and not answered."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("GET", "/")
    answer = connection.getresponse()
    assert answer.status == 400
    assert b"https://" in answer.read()
    connection.close()


def test_the_proxy_answers_on_the_same_port_without_tls(server: Server) -> None:
    """Clients speak plainly to their HTTPS_PROXY."""
    said = json.loads(
        server.aws(["--endpoint-url", "https://sts.us-east-1.amazonaws.com", "sts", "get-caller-identity"]).stdout
    )
    assert said["Arn"].endswith(":user/administrator")


def test_command_line_and_jobs_speak_tls(server: Server) -> None:
    """The agent, in its sandbox's stead, and the program's variables."""
    assert server.environment["AWS_ENDPOINT_URL"] == server.url
    jobs = Jobs(server)
    name = jobs.start(
        """
import os, urllib.request
with urllib.request.urlopen(os.environ['AWS_ENDPOINT_URL'] + '/_health') as answer:
    print('said', answer.status, os.environ['AWS_ENDPOINT_URL'], flush=True)
(base/'model/m').write_text('x')
""",
        wait=True,
    )
    assert jobs.describe(name)["TrainingJobStatus"] == "Completed", jobs.describe(name)
    assert f"said 200 {server.url}" in server.salvia("logs", name).stdout
    assert server.status()["url"] == server.url


def test_a_policy_may_ask_for_tls(server: Server) -> None:
    """aws:SecureTransport; IAM user guide, "AWS global condition context keys"."""
    iam = server.client("iam")
    iam.create_user(UserName="secure")
    statement = {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}
    statement["Condition"] = {"Bool": {"aws:SecureTransport": "true"}}  # type: ignore[assignment]
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName="secure", PolicyName="p", PolicyDocument=document)
    key = iam.create_access_key(UserName="secure")["AccessKey"]
    server.client("s3", (key["AccessKeyId"], key["SecretAccessKey"], None)).list_buckets()


def test_silent_clients_keep_no_other_from_being_served(server: Server) -> None:
    """Half of them say nothing, half of them a byte."""
    silent = [socket.create_connection(("127.0.0.1", server.port), 10) for _ in range(50)]
    for one in silent[:25]:
        one.sendall(b"\x16")
    assert server.client("sts").get_caller_identity()["Account"] == "123456789012"
    for one in silent:
        one.close()


def test_studios_cookie_is_for_tls_and_its_host_alone(server: Server) -> None:
    """`__Host-`: no other host, not even one below the same domain, can plant one. Source: RFC 6265bis, 4.1.3.2."""
    page = Page(server)
    cookie = page.sign_in().headers["set-cookie"]
    assert cookie.startswith("__Host-salvia-session=") and cookie.endswith(
        "; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict; Secure"
    )
    assert page.result("sts.GetCallerIdentity")["Arn"] == page.who["Arn"]
    plain = page.request("GET", "/_session", Cookie=page.cookie.removeprefix("__Host-"))
    assert plain.status == 401
    assert page.request("DELETE", "/_session", Origin=page.origin.replace("https", "http")).status == 403
    context = trusting(server)
    with (
        socket.create_connection(("127.0.0.1", server.port)) as raw,
        context.wrap_socket(raw, server_hostname="studio.localhost") as secured,
    ):
        names = secured.getpeercert()["subjectAltName"]  # type: ignore[index]
    assert ("DNS", "studio.localhost") in names
