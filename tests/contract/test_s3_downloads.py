"""Large objects are sent by the kernel, or chunk by chunk where it cannot be: nobody can tell which."""

from __future__ import annotations

import os
import socket
import time
from typing import Any

import pytest

_PART = 5 << 20  # the least that S3 takes. Source: S3 user guide, "Amazon S3 multipart upload limits".


@pytest.fixture(scope="module")
def url_and_content(salvia: Any) -> tuple[str, bytes]:
    """An object of two parts, which lie in two files, and the path of its presigned URL."""
    s3 = salvia.client("s3")
    s3.create_bucket(Bucket="downloads")
    content = os.urandom(_PART + (2 << 20))
    upload = s3.create_multipart_upload(Bucket="downloads", Key="large")["UploadId"]
    parts = []
    for number, part in enumerate((content[:_PART], content[_PART:]), 1):
        sent = s3.upload_part(Bucket="downloads", Key="large", UploadId=upload, PartNumber=number, Body=part)
        parts.append({"PartNumber": number, "ETag": sent["ETag"]})
    s3.complete_multipart_upload(Bucket="downloads", Key="large", UploadId=upload, MultipartUpload={"Parts": parts})
    url = s3.generate_presigned_url("get_object", {"Bucket": "downloads", "Key": "large"})
    return url.partition(str(salvia.port))[2], content


class Client:
    """A plain client, who may take his time."""

    def __init__(self, port: int, pause: float = 0.0) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._host, self._pause = f"127.0.0.1:{port}", pause
        self._read = b""

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ask(self, *requests: tuple[str, str]) -> None:
        """Send requests, paths and ranges, all at once."""
        lines = (f"GET {path} HTTP/1.1\r\nHost: {self._host}\r\nRange: {range_}" for path, range_ in requests)
        self._socket.sendall("".join(f"{each}\r\n\r\n" for each in lines).encode())

    def answer(self) -> bytes:
        """The body of the next answer."""
        while b"\r\n\r\n" not in self._read:
            self._read += self._socket.recv(65536)
        head, _, self._read = self._read.partition(b"\r\n\r\n")
        (size,) = (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        body = bytearray(self._read)
        while len(body) < size:
            body += self._socket.recv(1 << 18)
            time.sleep(self._pause)
        self._read = bytes(body[size:])
        return bytes(body[:size])


@pytest.mark.parametrize("pause", [0.0, 0.01])
def test_downloads_on_one_connection(salvia: Any, url_and_content: tuple[str, bytes], pause: float) -> None:
    """One after the other, the kernel sends them, and waits for whoever takes its time."""
    path, content = url_and_content
    with Client(salvia.port, pause) as client:
        for _ in range(2):
            client.ask((path, "bytes=0-"))
            assert client.answer() == content


def test_a_range_over_two_files(salvia: Any, url_and_content: tuple[str, bytes]) -> None:
    """Source: API_GetObject, Range."""
    path, content = url_and_content
    with Client(salvia.port) as client:
        client.ask((path, f"bytes={_PART - 1_500_000}-{_PART + 999_999}"))
        assert client.answer() == content[_PART - 1_500_000 : _PART + 1_000_000]


def test_downloads_that_are_asked_for_at_once(salvia: Any, url_and_content: tuple[str, bytes]) -> None:
    """The answers come in the order of the requests. Source: RFC 9112, section 9.3.2."""
    path, content = url_and_content
    with Client(salvia.port) as client:
        client.ask((path, "bytes=0-"), (path, "bytes=0-2999999"), (path, "bytes=5-9"))
        assert client.answer() == content
        assert client.answer() == content[:3_000_000]
        assert client.answer() == content[5:10]
