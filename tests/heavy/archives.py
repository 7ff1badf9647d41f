"""Models' archives, taken apart and put together."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping

from tests.conftest import Jobs


def unpacked(jobs: Jobs, url: str) -> dict[str, bytes]:
    """The files of the archive at an S3 URI."""
    bucket, _, key = url.removeprefix("s3://").partition("/")
    body = jobs.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        return {
            member.name.removeprefix("./"): archive.extractfile(member).read()  # type: ignore[union-attr]
            for member in archive
            if member.isfile()
        }


def packed(files: Mapping[str, bytes]) -> bytes:
    """An archive of files."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for path, content in files.items():
            member = tarfile.TarInfo(path)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return made.getvalue()
