"""S3: large objects as fast as the disk, small ones by the thousand."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from tests.bench.peers import Peer

_SMALL = 200
_LARGE = 256 << 20


def transfers(peer: Peer, round_: int) -> None:
    """Seconds for 256 MiB there and back, ms for 1 KiB, through boto3."""
    s3 = peer.client("s3")
    large, small = os.urandom(1 << 20) * (_LARGE >> 20), os.urandom(1024)
    began = time.perf_counter()
    s3.put_object(Bucket="bench", Key="large", Body=large)
    peer.keep("put 256 MiB, s", time.perf_counter() - began)
    began = time.perf_counter()
    size = sum(len(chunk) for chunk in s3.get_object(Bucket="bench", Key="large")["Body"].iter_chunks(1 << 20))
    peer.keep("get 256 MiB, s", time.perf_counter() - began)
    if size != len(large):
        raise SystemExit(f"{peer.name} returned {size} bytes")
    for n in range(_SMALL):
        s3.put_object(Bucket="bench", Key=f"small/{n}", Body=small)
    began = time.perf_counter()
    for n in range(_SMALL):
        s3.get_object(Bucket="bench", Key=f"small/{n}")["Body"].read()
    peer.keep("get 1 KiB, ms", (time.perf_counter() - began) / _SMALL * 1000)


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
