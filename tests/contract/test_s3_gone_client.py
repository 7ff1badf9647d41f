"""A client that hangs up in the middle of a download costs nothing more."""

from __future__ import annotations

import contextlib
import http.client
import os
from pathlib import Path
from typing import Any

from tests.conftest import eventually


def read_by(pid: int) -> int:
    """Bytes that a process has read, from anywhere."""
    fields = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines())
    return int(fields["rchar"])


def test_a_download_ends_with_its_client(salvia: Any) -> None:
    """The gateway reads an object no further than somebody takes it: known weakness of the first version."""
    s3 = salvia.client("s3")
    s3.create_bucket(Bucket="gone-client")
    size = 256 << 20
    s3.put_object(Bucket="gone-client", Key="large", Body=os.urandom(1 << 20) * 256)
    url = s3.generate_presigned_url("get_object", {"Bucket": "gone-client", "Key": "large"})
    pid = salvia.pids("gateway")[0]
    before = read_by(pid)
    connection = http.client.HTTPConnection("127.0.0.1", salvia.port)
    connection.request("GET", url.partition(str(salvia.port))[2])
    assert connection.getresponse().read(1000)
    connection.close()
    folder = str(salvia.home / "objects")

    def open_blobs() -> list[str]:
        found = []
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                found.append(str(link.readlink()))
        return [path for path in found if path.startswith(folder)]

    eventually(lambda: not open_blobs(), 20, "the object is closed")
    assert read_by(pid) - before < size // 2
