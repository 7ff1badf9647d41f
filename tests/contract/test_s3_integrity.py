"""Bodies that are not what they claim: nothing of them may ever be seen.

Sources: S3 API reference, "Signature Calculations: Transferring Payload in Multiple Chunks"; user guide, "Checking
object integrity". Requests are signed by botocore and sent by hand, because botocore sends no wrong ones.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import socket
import uuid
import zlib
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from s3_cases import refused
from tests.conftest import eventually

BODY = b"0123456789" * 20_000


@pytest.fixture(scope="module")
def s3(salvia: Any) -> Any:
    return salvia.client("s3")


@pytest.fixture(scope="module")
def bucket(s3: Any) -> str:
    name = f"integrity-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    return name


class _Auth(S3SigV4Auth):
    """Signs for the payload hash that the header already names."""

    def payload(self, request: Any) -> str:
        return str(request.headers["X-Amz-Content-SHA256"])

    def _should_sha256_sign_payload(self, request: Any) -> bool:
        return True

    def _modify_request_before_signing(self, request: Any) -> None:
        given = request.headers["X-Amz-Content-SHA256"]
        super()._modify_request_before_signing(request)
        del request.headers["X-Amz-Content-SHA256"]
        request.headers["X-Amz-Content-SHA256"] = given


def signed(salvia: Any, bucket: str, key: str, headers: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The path and headers of a signed PUT."""
    request = AWSRequest("PUT", f"{salvia.url}/{bucket}/{key}", headers=dict(headers))
    credentials = Credentials(salvia.environment["AWS_ACCESS_KEY_ID"], salvia.environment["AWS_SECRET_ACCESS_KEY"])
    _Auth(credentials, "s3", "us-east-1").add_auth(request)
    return f"/{bucket}/{key}", dict(request.headers.items())


def put(salvia: Any, bucket: str, key: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
    """Status and answer of a PUT with these headers and this body."""
    path, sent = signed(salvia, bucket, key, headers)
    connection = http.client.HTTPConnection("127.0.0.1", salvia.port)
    connection.request("PUT", path, body, sent)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, content


def chunked(body: bytes, checksum: str, size: int = 70_000) -> bytes:
    """aws-chunked, unsigned, with a CRC32 trailer."""
    out = b""
    for start in range(0, len(body), size):
        chunk = body[start : start + size]
        out += b"%x\r\n%s\r\n" % (len(chunk), chunk)
    return out + f"0\r\nx-amz-checksum-crc32:{checksum}\r\n\r\n".encode()


def crc(body: bytes) -> str:
    return base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()


TRAILER = {
    "X-Amz-Content-SHA256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    "X-Amz-Decoded-Content-Length": str(len(BODY)),
    "X-Amz-Trailer": "x-amz-checksum-crc32",
    "Content-Encoding": "aws-chunked,gzip",
}


def test_a_trailing_checksum_is_proved_and_kept(salvia: Any, s3: Any, bucket: str) -> None:
    """How boto3 uploads over https. `aws-chunked` is the transfer's encoding, `gzip` the object's."""
    assert put(salvia, bucket, "trailer", chunked(BODY, crc(BODY)), TRAILER)[0] == 200
    got = s3.get_object(Bucket=bucket, Key="trailer", ChecksumMode="ENABLED")
    assert (got["ChecksumCRC32"], got["ContentEncoding"]) == (crc(BODY), "gzip")
    assert got["Body"].read() == BODY


def test_a_wrong_trailing_checksum_leaves_nothing(salvia: Any, s3: Any, bucket: str) -> None:
    """It comes after all bytes were stored; they must not have become an object."""
    status, answer = put(salvia, bucket, "wrong", chunked(BODY, crc(b"other")), TRAILER)
    assert status == 400
    assert b"<Code>BadDigest</Code>" in answer
    assert refused(s3.head_object, Bucket=bucket, Key="wrong") == ("404", 404)


def test_a_body_that_was_changed_on_the_way_leaves_nothing(salvia: Any, s3: Any, bucket: str) -> None:
    """The signed SHA-256 of the payload."""
    headers = {"X-Amz-Content-SHA256": hashlib.sha256(b"other").hexdigest()}
    status, answer = put(salvia, bucket, "changed", BODY, headers)
    assert status == 400
    assert b"<Code>XAmzContentSHA256Mismatch</Code>" in answer
    assert refused(s3.head_object, Bucket=bucket, Key="changed") == ("404", 404)


def test_a_replacement_that_fails_leaves_the_old_object(salvia: Any, s3: Any, bucket: str) -> None:
    """All or nothing."""
    s3.put_object(Bucket=bucket, Key="old", Body=b"old")
    assert put(salvia, bucket, "old", chunked(BODY, crc(b"other")), TRAILER)[0] == 400
    assert s3.get_object(Bucket=bucket, Key="old")["Body"].read() == b"old"


def test_a_client_that_hangs_up_leaves_nothing(salvia: Any, s3: Any, bucket: str) -> None:
    """Half a body, then the connection breaks."""
    headers = {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD", "Content-Length": str(len(BODY))}
    path, sent = signed(salvia, bucket, "half", headers)
    head = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
    with socket.create_connection(("127.0.0.1", salvia.port)) as connection:
        connection.sendall(f"PUT {path} HTTP/1.1\r\nHost: 127.0.0.1:{salvia.port}\r\n{head}\r\n".encode())
        connection.sendall(BODY[: len(BODY) // 2])
    objects = salvia.home / "objects"
    eventually(lambda: not list(objects.glob("*/*.part")), 10, "the half upload is cleaned up")
    assert refused(s3.head_object, Bucket=bucket, Key="half") == ("404", 404)


def test_a_body_of_unknown_length_is_refused(salvia: Any, bucket: str) -> None:
    """MissingContentLength (411)."""
    path, sent = signed(salvia, bucket, "unknown", {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"})
    connection = http.client.HTTPConnection("127.0.0.1", salvia.port)
    connection.request("PUT", path, iter([b"x"]), {**sent, "Transfer-Encoding": "chunked"}, encode_chunked=True)
    assert connection.getresponse().status == 411
    connection.close()


def test_more_than_five_gigabytes_are_refused_before_they_are_sent(salvia: Any, bucket: str) -> None:
    """EntityTooLarge, API_PutObject."""
    headers = {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD", "Content-Length": str((5 << 30) + 1)}
    path, sent = signed(salvia, bucket, "huge", headers)
    connection = http.client.HTTPConnection("127.0.0.1", salvia.port)
    connection.putrequest("PUT", path)
    for name, value in sent.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == 400
    assert b"<Code>EntityTooLarge</Code>" in answer.read()
    connection.close()


def test_deleting_many_needs_a_checksum(salvia: Any, s3: Any, bucket: str) -> None:
    """API_DeleteObjects: a body that was changed on the way must not delete something else."""
    s3.put_object(Bucket=bucket, Key="precious", Body=b"x")

    def strip(request: Any, **_: Any) -> None:
        for name in list(request.headers):
            if name.lower().startswith(("x-amz-checksum-", "content-md5", "x-amz-sdk-checksum")):
                del request.headers[name]

    client = salvia.client("s3", user_agent_extra="no-checksum")  # of its own: what is changed here stays changed
    client.meta.events.register_last("before-sign.s3.DeleteObjects", strip)
    delete = {"Objects": [{"Key": "precious"}]}
    assert refused(client.delete_objects, Bucket=bucket, Delete=delete) == ("InvalidRequest", 400)
    assert s3.head_object(Bucket=bucket, Key="precious")["ContentLength"] == 1
