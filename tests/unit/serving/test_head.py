"""Heads that are read by their shape, beside llhttp: whatever is called plain means to llhttp what it means to us."""

from __future__ import annotations

import random

import httptools
import pytest

from salvia.serving.head import Reader

GOOD = (
    b"POST /endpoints/my-endpoint/invocations HTTP/1.1\r\n"
    b"Host: localhost:7258\r\n"
    b"Content-Type: text/csv\r\n"
    b"X-Amz-Date: 20260101T000000Z\r\n"
    b"Authorization: AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/sagemaker/aws4_request, "
    b"SignedHeaders=content-type;host;x-amz-date, Signature=" + b"0123456789abcdef" * 4 + b"\r\n"
    b"amz-sdk-invocation-id: 54c1dd49-f0f0-4e42-9a1a-f3dbb1b1e4c7\r\n"
    b"User-Agent: Boto3/1\r\n"
    b"Content-Length: 12"
)
PIECES = (
    *(b"\r\n", b"\r", b"\n", b"\0", b" ", b"\t", b":", b", Signature=", b"\x80", b"-", b"0", b"X-Amz-Date: "),
    *(b"\r\nX-Amz-Date: 20260101T000000Z", b"\r\nContent-Length: 1", b"\r\nTransfer-Encoding: chunked", b"\r\nHost: b"),
    *(b"\r\nX-Amzn-SageMaker-Target-Model: other", b"\r\namz-sdk-invocation-id: ", b"\r\n folded", b"/../", b"%2e"),
)


class Told:
    """What llhttp makes of a head."""

    def __init__(self, head: bytes) -> None:
        self.url = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.whole = False
        parser = httptools.HttpRequestParser(self)
        parser.feed_data(head + b"\r\n\r\n")
        self.method = parser.get_method()
        self.version = parser.get_http_version()

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self.whole = True


def changed(head: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.randint(1, 3)):
        at = chance.randint(0, len(head))
        what = chance.choice(PIECES) if chance.random() < 0.7 else bytes([chance.randint(0, 255)])
        gone = chance.choice((0, 0, 1, len(what)))
        head = head[:at] + what + head[at + gone :]
    return head


@pytest.mark.parametrize("seed", range(4))
def test_what_is_plain_means_the_same_to_llhttp(seed: int) -> None:
    """RFC 9112: two readers of one head must not differ, or one would be led past the other."""
    chance = random.Random(seed)
    reader, plain = Reader(), 0
    for _ in range(4000):
        head = changed(GOOD, chance) if chance.random() < 0.8 else GOOD
        found = reader.read(head)
        if found is None:
            assert head != GOOD  # whatever came before
            continue
        plain += 1
        told = Told(head)
        assert told.whole, head
        assert (told.method, told.version, told.url) == (b"POST", "1.1", found.shape.path), head
        names = [name for name, _ in told.headers]
        assert len(names) == len(set(names)), head
        headers = dict(told.headers)
        assert int(headers[b"content-length"]) == found.length, head
        assert headers[b"x-amz-date"] == found.date, head
        assert headers.pop(b"authorization") == found.shape.signer + b", Signature=" + found.signature, head
        fields = {**found.shape.fields, b"x-amz-date": found.date, b"content-length": headers[b"content-length"]}
        if b"amz-sdk-invocation-id" in fields:
            fields[b"amz-sdk-invocation-id"] = headers[b"amz-sdk-invocation-id"]
        assert fields == headers, head
    assert plain > 500  # else nothing was tested


def test_what_stands_in_a_place_is_read_anew() -> None:
    """A client's next request: another date, signature, length."""
    reader = Reader()
    first = reader.read(GOOD)
    second = reader.read(
        GOOD.replace(b"20260101T000000Z", b"20260101T000001Z")
        .replace(b"0123456789abcdef" * 4, b"f" * 64)
        .replace(b"Content-Length: 12", b"Content-Length: 4711")
    )
    assert first is not None
    assert second is not None
    assert second.shape is first.shape
    assert (second.date, second.signature, second.length) == (b"20260101T000001Z", b"f" * 64, 4711)
    assert (first.date, first.signature, first.length) == (b"20260101T000000Z", b"0123456789abcdef" * 4, 12)
