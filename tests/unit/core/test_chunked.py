"""Streamed bodies: AWS's documented examples, botocore's real ones, and broken ones."""

from __future__ import annotations

import asyncio
import base64
import hmac
import io
import random
import time
from collections.abc import AsyncIterator
from hashlib import md5, sha256
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from salvia.core.canonical import seconds
from salvia.core.checksums import Algorithm, Checksum
from salvia.core.chunked import Body, body, verified
from salvia.core.errors import ServiceError
from salvia.core.http import Headers, HttpRequest
from salvia.core.sigv4 import EMPTY_SHA256, Seed, read_authorization, verify

from .conftest import Server, received

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
UNSIGNED = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"


async def pieces(raw: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(raw), size):
        yield raw[start : start + size]


def streamed(request: HttpRequest, size: int = 1000) -> HttpRequest:
    """The same request, its body arriving in pieces."""
    return HttpRequest(request.method, request.path, request.query, request.headers, b"", pieces(request.body, size))


def collect(stream: Body) -> bytes:
    async def run() -> bytes:
        return b"".join([piece async for piece in stream])

    return asyncio.run(run())


def opened(request: HttpRequest, now: float | None = None, compute: tuple[Algorithm, ...] = ()) -> Body:
    authorization = read_authorization(request)
    seed = None
    if authorization is not None:
        seed = verify(request, authorization, SECRET, time.time() if now is None else now)
    return body(request, authorization, seed, compute=compute)


def unsigned(raw: bytes, length: int, trailer: str | None = "x-amz-checksum-crc32", **headers: str) -> HttpRequest:
    """An anonymous upload in aws-chunked, which is what is proved without any key."""
    given = {"x-amz-content-sha256": UNSIGNED, "x-amz-decoded-content-length": str(length)}
    if trailer:
        given["x-amz-trailer"] = trailer
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    return received("PUT", "http://localhost/b/k", given, raw)


def refused(request: HttpRequest, size: int = 1000) -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        collect(opened(streamed(request, size)))
    return caught.value


# AWS's examples.

DOCUMENTED_CHUNKS = [
    (65536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"),
    (1024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"),
    (0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"),
]
DOCUMENTED_TRAILER_CHUNKS = [
    (65536, "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2"),
    (1024, "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7"),
    (0, "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992"),
]
DOCUMENTED_TRAILER = (
    b"x-amz-checksum-crc32c:sOO8/Q==\r\n"
    b"x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n"
)


def documented(trailer: bool, raw: bytes | None = None) -> HttpRequest:
    """S3 API reference, "Example: PUT object", with and without trailing headers."""
    headers = {
        "x-amz-date": "20130524T000000Z",
        "x-amz-storage-class": "REDUCED_REDUNDANCY",
        "Content-Encoding": "aws-chunked",
        "x-amz-decoded-content-length": "66560",
    }
    if trailer:
        headers |= {
            "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
            "x-amz-trailer": "x-amz-checksum-crc32c",
        }
        seed = "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e"
    else:
        headers |= {"x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "Content-Length": "66824"}
        seed = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
    names = ";".join(sorted(["host", *(name.lower() for name in headers)]))
    headers["Authorization"] = (
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
        f"SignedHeaders={names},Signature={seed}"
    )
    if raw is None:
        chunks = DOCUMENTED_TRAILER_CHUNKS if trailer else DOCUMENTED_CHUNKS
        raw = b"".join(
            b"%x;chunk-signature=%s\r\n%s" % (size, signature.encode(), b"a" * size + b"\r\n" * (size > 0))
            for size, signature in chunks
        )
        raw += (DOCUMENTED_TRAILER if trailer else b"") + b"\r\n"
    return received("PUT", "https://s3.amazonaws.com/examplebucket/chunkObject.txt", headers, raw)


@pytest.mark.parametrize("size", [1, 7, 1000, 65536, 1 << 20])
@pytest.mark.parametrize("trailer", [False, True])
def test_the_documented_example_is_decoded_and_proved(trailer: bool, size: int) -> None:
    """However the network cuts it."""
    stream = opened(streamed(documented(trailer), size), seconds("20130524T000000Z"))

    assert collect(stream) == b"a" * 66560
    assert stream.length == 66560
    assert stream.checksums == ({"CRC32C": "sOO8/Q=="} if trailer else {})


@pytest.mark.parametrize("trailer", [False, True])
def test_a_changed_byte_anywhere_in_a_signed_body_is_refused(trailer: bool) -> None:
    raw = documented(trailer).body
    places = [*range(86), 40_000, *range(65_536, 65_760), *range(len(raw) - 320, len(raw))]

    accepted = []
    for place in places:
        changed = raw[:place] + (b"q" if raw[place] != ord("q") else b"z") + raw[place + 1 :]
        request = streamed(documented(trailer, changed), 65536)
        try:
            collect(opened(request, seconds("20130524T000000Z")))
        except ServiceError:
            continue
        accepted.append(place)

    assert accepted == []


def test_chunks_in_another_order_are_refused() -> None:
    """Each signature is chained to the one before it."""
    seed = Seed("0" * 64, b"k" * 32, "20130524T000000Z", "20130524/us-east-1/s3/aws4_request")
    first, second = b"a" * 8192, b"b" * 8192
    previous = seed.signature
    chunks = []
    for data in (first, second, b""):
        text = "\n".join(
            [
                "AWS4-HMAC-SHA256-PAYLOAD",
                seed.timestamp,
                seed.scope,
                previous,
                EMPTY_SHA256,
                sha256(data).hexdigest(),
            ]
        )
        previous = hmac.digest(seed.key, text.encode(), "sha256").hex()
        chunks.append(b"%x;chunk-signature=%s\r\n%s\r\n" % (len(data), previous.encode(), data))
    headers = {
        "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "x-amz-decoded-content-length": "16384",
    }

    def sent_as(order: list[int]) -> bytes:
        raw = b"".join(chunks[index] for index in order)
        request = streamed(received("PUT", "http://localhost/b/k", headers, raw))
        return collect(body(request, None, seed))

    assert sent_as([0, 1, 2]) == first + second
    for order in ([1, 0, 2], [0, 0, 2]):
        with pytest.raises(ServiceError) as caught:
            sent_as(order)
        assert caught.value.code == "SignatureDoesNotMatch"


def test_signed_chunks_are_not_taken_from_a_request_without_a_signature() -> None:
    headers = {
        "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "x-amz-decoded-content-length": "0",
    }

    with pytest.raises(ServiceError, match="needs a signature"):
        body(received("PUT", "http://localhost/b/k", headers), None, None)


# What botocore sends.


def client(url: str, verify: Path | None = None, **s3: Any) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="AKIAEXAMPLE",
        aws_secret_access_key=SECRET,
        verify=str(verify) if verify else None,
        config=Config(s3=s3, retries={"max_attempts": 0}, signature_version="s3v4"),
    )


DATA = random.Random(3).randbytes(2_500_000)


@pytest.mark.parametrize("name", ["CRC32", "SHA1", "SHA256", "SHA512"])
def test_what_boto3_sends_over_tls_is_decoded(tls_server: Server, certificate: Path, name: Algorithm) -> None:
    """Over https: aws-chunked with the checksum as a trailer."""
    s3 = client(tls_server.url, certificate)
    s3.put_object(Bucket="bucket", Key="k", Body=DATA, ChecksumAlgorithm=name)
    s3.close()
    request = tls_server.requests[0]
    assert request.headers["x-amz-content-sha256"] == UNSIGNED

    stream = opened(streamed(request, 65536), compute=("MD5",))

    assert collect(stream) == DATA
    assert list(stream.checksums) == [name]
    assert stream.digest("MD5").hex() == md5(DATA).hexdigest()


def test_what_boto3_sends_from_a_stream_over_tls_is_decoded(tls_server: Server, certificate: Path) -> None:
    """A body that cannot be rewound, as of upload_fileobj; and over a chunked transfer."""
    s3 = client(tls_server.url, certificate)
    s3.upload_fileobj(io.BytesIO(DATA[:100_000]), "bucket", "k")
    s3.close()

    assert collect(opened(streamed(tls_server.requests[0]))) == DATA[:100_000]


@pytest.mark.parametrize("name", ["CRC32", "SHA256"])
def test_what_boto3_sends_over_http_is_proved(server: Server, name: Algorithm) -> None:
    """Over http: the whole body's signed SHA-256, and the checksum as a header."""
    s3 = client(server.url)
    s3.put_object(Bucket="bucket", Key="k", Body=DATA, ChecksumAlgorithm=name)
    s3.close()
    request = server.requests[0]

    stream = opened(streamed(request))

    assert collect(stream) == DATA
    assert list(stream.checksums) == [name]
    other = HttpRequest("PUT", request.path, "", request.headers, DATA[:-1] + b"x")
    assert refused(other).code == "XAmzContentSHA256Mismatch"


# Broken bodies.


def crc32(data: bytes) -> str:
    checksum = Checksum("CRC32")
    checksum.update(data)
    return checksum.base64()


TRAILER = f"x-amz-checksum-crc32:{crc32(b'hello world')}\r\n\r\n".encode()
GOOD = b"5\r\nhello\r\n6\r\n world\r\n0\r\n" + TRAILER


@pytest.mark.parametrize("size", range(1, 12))
def test_an_unsigned_body_is_decoded_however_it_is_cut(size: int) -> None:
    stream = opened(streamed(unsigned(GOOD, 11), size))

    assert collect(stream) == b"hello world"
    assert stream.checksums == {"CRC32": crc32(b"hello world")}


@pytest.mark.parametrize(
    ("raw", "length", "code"),
    [
        (GOOD, 10, "IncompleteBody"),
        (GOOD, 12, "IncompleteBody"),
        (GOOD[:-4], 11, "IncompleteBody"),
        (GOOD[:20], 11, "IncompleteBody"),
        (b"", 11, "IncompleteBody"),
        (GOOD + b"x", 11, "InvalidRequest"),
        (GOOD.replace(b"5\r\n", b"4\r\n", 1), 11, "InvalidRequest"),
        (GOOD.replace(b"5\r\n", b"-5\r\n", 1), 11, "InvalidRequest"),
        (GOOD.replace(b"5\r\n", b"5\n", 1), 11, "InvalidRequest"),
        (GOOD.replace(b"5\r\n", b"0x5\r\n", 1), 11, "InvalidRequest"),
        (GOOD.replace(b"5\r\n", b"\r\n", 1), 11, "InvalidRequest"),
        (GOOD.replace(b"5\r\n", b"fffffffffffffffff\r\n", 1), 11, "InvalidRequest"),
        (GOOD.replace(b"5\r\n", b"ffffffffffffffff\r\n", 1), 11, "IncompleteBody"),
        (GOOD.replace(b"world", b"World"), 11, "BadDigest"),
        (GOOD.replace(b"crc32:", b"crc32:x"), 11, "InvalidRequest"),
        (GOOD.replace(b"crc32:", b"crc32c:"), 11, "MalformedTrailerError"),
        (GOOD.replace(b"x-amz-checksum-crc32:", b"x-amz-checksum-crc32"), 11, "MalformedTrailerError"),
        (GOOD.replace(TRAILER, TRAILER[:-2] + TRAILER), 11, "MalformedTrailerError"),
        (GOOD.replace(TRAILER, b"\r\n"), 11, "MalformedTrailerError"),
        (GOOD.replace(b"5\r\n", b"5;" + b"x" * 9000 + b"\r\n", 1), 11, "InvalidRequest"),
    ],
)
def test_a_broken_body_is_refused(raw: bytes, length: int, code: str) -> None:
    assert {refused(unsigned(raw, length), size).code for size in (3, 100_000)} == {code}


def test_a_trailer_must_be_a_checksum() -> None:
    assert refused(unsigned(GOOD, 11, "x-amz-meta-a")).code == "InvalidRequest"


def test_a_small_chunk_in_the_middle_of_a_signed_body_is_refused() -> None:
    """S3 API reference: each chunk but the last has at least 8 KiB."""
    seed = Seed("0" * 64, b"k" * 32, "20130524T000000Z", "20130524/us-east-1/s3/aws4_request")
    text = "\n".join(
        [
            "AWS4-HMAC-SHA256-PAYLOAD",
            seed.timestamp,
            seed.scope,
            seed.signature,
            EMPTY_SHA256,
            sha256(b"a").hexdigest(),
        ]
    )
    signature = hmac.digest(seed.key, text.encode(), "sha256").hex().encode()
    raw = b"1;chunk-signature=%s\r\na\r\n" % signature
    headers = {
        "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "x-amz-decoded-content-length": "2",
    }
    request = streamed(received("PUT", "http://localhost/b/k", headers, raw + raw))

    with pytest.raises(ServiceError) as caught:
        collect(body(request, None, seed))

    assert caught.value.code == "InvalidChunkSizeError"


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"x-amz-content-sha256": UNSIGNED}, "MissingContentLength"),
        ({"x-amz-content-sha256": UNSIGNED, "x-amz-decoded-content-length": "-1"}, "InvalidArgument"),
        ({"Content-Length": str(6 << 40)}, "EntityTooLarge"),
        ({"Content-Length": "5", "Content-MD5": "x"}, "InvalidDigest"),
    ],
)
def test_headers_that_cannot_be_right_are_refused_before_the_body(headers: dict[str, str], code: str) -> None:
    with pytest.raises(ServiceError) as caught:
        opened(streamed(received("PUT", "http://localhost/b/k", headers, b"hello")))

    assert caught.value.code == code


# Plain bodies.


def test_a_plain_body_passes_unchanged() -> None:
    headers = {
        "Content-Length": "5",
        "Content-MD5": base64.b64encode(md5(b"hello").digest()).decode(),
        "x-amz-checksum-crc32": crc32(b"hello"),
        "x-amz-content-sha256": sha256(b"hello").hexdigest(),
    }
    stream = opened(streamed(received("PUT", "http://localhost/b/k", headers, b"hello"), 2))

    assert collect(stream) == b"hello"
    assert stream.checksums == {"CRC32": crc32(b"hello")}


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"Content-MD5": base64.b64encode(md5(b"x").digest()).decode()}, "BadDigest"),
        ({"x-amz-checksum-crc32": crc32(b"x")}, "BadDigest"),
        ({"x-amz-content-sha256": sha256(b"x").hexdigest()}, "XAmzContentSHA256Mismatch"),
        ({"Content-Length": "6"}, "IncompleteBody"),
        ({"Content-Length": "4"}, "IncompleteBody"),
    ],
)
def test_a_plain_body_that_is_not_what_was_announced_is_refused(headers: dict[str, str], code: str) -> None:
    request = received("PUT", "http://localhost/b/k", {"Content-Length": "5", **headers}, b"hello")

    if headers.get("Content-Length"):
        request = HttpRequest("PUT", "/b/k", "", Headers([("Host", "h"), *headers.items()]), b"hello")
    assert refused(request).code == code


def test_a_body_that_is_there_in_whole_is_proved_too() -> None:
    request = received("PUT", "http://localhost/b/k", {"x-amz-checksum-crc32": crc32(b"hello")}, b"hello")

    assert collect(body(request, None, None)) == b"hello"


def test_a_large_body_is_hashed_in_order() -> None:
    """Large bodies are hashed by another thread, a batch at a time."""
    data = random.Random(5).randbytes(9_000_001)
    digests: tuple[Algorithm, ...] = ("MD5", "CRC32")
    stream = verified(pieces(data, 65536), sha256=sha256(data).hexdigest(), length=len(data), compute=digests)

    assert collect(stream) == data
    assert stream.digest("MD5").hex() == md5(data).hexdigest()
    assert stream.digest("CRC32").base64() == crc32(data)


def test_a_reader_that_stops_early_leaves_nothing_behind() -> None:
    async def run() -> None:
        stream = verified(pieces(bytes(9_000_000), 65536), compute=("MD5",))
        async for _ in stream:
            break

    asyncio.run(run())
