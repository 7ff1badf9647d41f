"""S3: large objects as fast as the disk, small ones by the thousand.

Both servers meet the same client: presigned URLs of boto3, taken by a plain HTTP client. boto3 itself takes longer
over 256 MiB than the servers do.
"""

from __future__ import annotations

import os
import subprocess
import time
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from tests.bench.load import drive
from tests.bench.peers import Peer

_SMALL = 2000
_LARGE = 256 << 20
_BLOCK = 1 << 20


def transfers(peer: Peer, round_: int) -> None:
    """Seconds for 256 MiB there and back, and to get 2,000 objects of 1 KiB over 8 connections."""
    s3 = peer.client("s3")
    s3.put_object(Bucket="bench", Key="small", Body=os.urandom(1024))

    def url(operation: str, key: str) -> str:
        return str(s3.generate_presigned_url(operation, {"Bucket": "bench", "Key": key}))

    large = os.urandom(_BLOCK) * (_LARGE // _BLOCK)
    began = time.perf_counter()
    _send("PUT", url("put_object", "large"), large)
    peer.keep("put 256 MiB, s", time.perf_counter() - began)
    began = time.perf_counter()
    size = _send("GET", url("get_object", "large"))
    peer.keep("get 256 MiB, s", time.perf_counter() - began)
    if size != _LARGE:
        raise SystemExit(f"{peer.name} returned {size} bytes")
    target = urlsplit(url("get_object", "small"))
    get = f"GET {target.path}?{target.query} HTTP/1.1\r\nHost: {target.netloc}\r\n\r\n".encode()
    began = time.perf_counter()
    drive(peer.url, [get] * _SMALL, 8)
    peer.keep("get 1 KiB, ms", (time.perf_counter() - began) / _SMALL * 1000)


def _send(method: str, url: str, body: bytes | None = None) -> int:
    """Send one request; returns the size of its answer's body."""
    target = urlsplit(url)
    connection = HTTPConnection(target.netloc, blocksize=_BLOCK)
    connection.request(method, f"{target.path}?{target.query}", body)
    response = connection.getresponse()
    if response.status != 200:
        raise SystemExit(f"{method} {url}: {response.status} {response.read(2000)!r}")
    size, buffer = 0, memoryview(bytearray(_BLOCK))
    while count := response.readinto(buffer):
        size += count
    connection.close()
    return size


def disk(folder: Path) -> float:
    """Seconds that `dd conv=fdatasync` takes for 256 MiB of the same bytes."""
    source, target = folder / "dd.source", folder / "dd.target"
    source.write_bytes(os.urandom(1 << 20) * (_LARGE >> 20))
    began = time.perf_counter()
    subprocess.run(["dd", f"if={source}", f"of={target}", "bs=1M", "conv=fdatasync", "status=none"], check=True)
    took = time.perf_counter() - began
    source.unlink()
    target.unlink()
    return took
