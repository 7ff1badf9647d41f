"""What a program leaves in /opt/ml/model and /opt/ml/output/data, brought to S3.

Sources: SageMaker developer guide, "Upload output"; API reference, OutputDataConfig (CompressionType).
"""

# pathlib takes 10 ms to import, for which a job would wait.

from __future__ import annotations

import errno
import os
import stat
import tarfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Protocol

from ..core.client import ClientError
from .failure import JobError, not_stored
from .keys import split_uri
from .spec import Job
from .tree import Entry, has_files, is_text, members, shown

# Models are mostly numbers that hardly shrink; level 1 is several times as fast as the usual 6.
_LEVEL = 1


MODEL, OUTPUT = ("model",), ("output", "data")  # folders of /opt/ml


class Storage(Protocol):
    """S3 as the job's role sees it."""

    @property
    def role(self) -> str:
        """The ARN of the role."""

    def put(self, bucket: str, key: str, path: str) -> None:
        """Upload a file, in parts when it is large. Raises ClientError with S3's code."""


class Upload:
    """Uploads a job's artifacts below `<S3OutputPath>/<job>/output/`.

    `say(line)` tells the job's log what was left out, and why. Archives depend on names and contents alone:
    the same files make the same bytes. Temporary archives are written to `directory`.
    """

    def __init__(self, storage: Storage, job: Job, ml: str, directory: str, say: Callable[[str], None]) -> None:
        self._storage, self._directory, self._say = storage, directory, say
        self._ml = ml
        self._whole = job.compression == "NONE"
        bucket, prefix = split_uri(job.output["S3OutputPath"])
        self._bucket = bucket
        self._prefix = "/".join(part for part in (prefix.strip("/"), job.name, "output") if part)

    def model(self) -> str:
        """Upload the model, and return its URI. An empty folder makes an empty archive, as at AWS."""
        if not self._whole:
            return self._archive(MODEL, "model.tar.gz")
        for entry in members(self._ml, MODEL, self._say):
            name = f"/opt/ml/model/{shown(entry.name)}"
            if not is_text(entry.name):
                self._say(f"{name} is not uploaded: a key must be UTF-8, and its name is not.")
            elif stat.S_ISREG(entry.status.st_mode):
                self._put_entry(entry)
            elif entry.link is not None:
                self._say(f"{name} is not uploaded: a link cannot be an object.")
        return f"s3://{self._bucket}/{self._prefix}/model/"

    def output(self) -> str | None:
        """Upload the output data, and return its URI; None when there is none."""
        if not has_files(self._ml, OUTPUT):
            return None
        return self._archive(OUTPUT, "output.tar.gz")

    def _put_entry(self, entry: Entry) -> None:
        try:
            with entry.open() as file:
                # The open file by a name: what its own name means may have changed.
                self._put(f"model/{entry.name}", f"/dev/fd/{file.fileno()}")
        except OSError as error:
            raise JobError(
                "ClientError",
                f"Upload failed: /opt/ml/model/{shown(entry.name)} could not be read: {error.strerror or error}.",
            ) from error

    def _archive(self, folder: tuple[str, ...], name: str) -> str:
        inside = "/".join(("/opt/ml", *folder))
        path = os.path.join(self._directory, name)
        try:
            write_archive(path, members(self._ml, folder, self._say))
            self._put(name, path)
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            cause = "the disk of the instance is full. Free space there, or save less" if full else str(error)
            raise JobError(
                "ClientError", f"Upload failed: {inside} could not be packed into {name}: {cause}."
            ) from error
        finally:
            with suppress(FileNotFoundError):
                os.unlink(path)
        return f"s3://{self._bucket}/{self._prefix}/{name}"

    def _put(self, name: str, path: str) -> None:
        key = f"{self._prefix}/{name}"
        try:
            self._storage.put(self._bucket, key, path)
        except ClientError as error:
            raise not_stored(
                error, self._storage.role, self._bucket, key, f"{self._prefix}/", "S3OutputPath"
            ) from error


def write_archive(path: str, entries: Iterator[Entry]) -> None:
    """Write a gzipped tar that depends on nothing but names, contents and permissions."""
    import gzip

    with (
        open(path, "wb") as raw,
        gzip.GzipFile("", "wb", _LEVEL, raw, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT, bufsize=1 << 18) as archive,
    ):
        for entry in entries:
            member = tarfile.TarInfo(entry.name)
            member.mode = stat.S_IMODE(entry.status.st_mode) & 0o777
            if entry.link is not None:
                member.type, member.linkname = tarfile.SYMTYPE, entry.link
                archive.addfile(member)
            elif stat.S_ISDIR(entry.status.st_mode):
                member.type = tarfile.DIRTYPE
                archive.addfile(member)
            else:
                with entry.open() as file:
                    member.size = os.fstat(file.fileno()).st_size
                    archive.addfile(member, file)
