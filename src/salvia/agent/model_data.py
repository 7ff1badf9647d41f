"""A model's data: an archive, an object or a prefix of S3, as files below /opt/ml/model, or a folder of their own.

Sources: API reference, ContainerDefinition (ModelDataUrl) and S3ModelDataSource; developer guide, "Deploying
uncompressed models".
"""

# pathlib takes 10 ms to import, for which a program would wait.

from __future__ import annotations

import os
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any

from ..core.archives import unpack
from ..core.client import ClientError
from .channels import Download, write_all
from .failure import JobError, StoppedError
from .keys import split_uri
from .sources import Found, Source, Storage, unreadable

FOLDER, ADDITIONAL = ("model",), "additional-model-data-sources"
_LABEL, _MEMBER = "Model data", "ModelDataUrl or S3Uri"
_EXPANSION, _EXPANSION_FLOOR = 200, 256 << 20
"""How many times its size, and how many bytes at least, an archive may unpack to: a bomb ends there."""


def bring(
    storage: Storage,
    data: Mapping[str, Any],
    ml: str,
    folder: tuple[str, ...],
    scratch: str,
    stopping: Callable[[], bool],
) -> None:
    """Return when the model is in a folder of /opt/ml; `scratch` is one for the archive. Raises JobError, StoppedError.

    `data` is an S3ModelDataSource: a ModelDataUrl means an object that is a gzip-compressed tar archive.
    """
    bucket, key = split_uri(data["S3Uri"])
    source = Source(label=_LABEL, member=_MEMBER, folder=folder, bucket=bucket, prefix=key)
    if data["CompressionType"] == "Gzip":
        _unpacked(storage, source, ml, scratch, stopping)
    else:
        Download(storage, ml, stopping).run([source])


def _unpacked(storage: Storage, source: Source, ml: str, scratch: str, stopping: Callable[[], bool]) -> None:
    item = Found(source.bucket, source.prefix, None, "")
    path = os.path.join(scratch, "model.tar.gz")
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    try:
        for block in storage.read(source.bucket, source.prefix):
            if stopping():
                raise StoppedError
            if not block:  # from the beginning again
                os.ftruncate(descriptor, 0)
                os.lseek(descriptor, 0, os.SEEK_SET)
            write_all(descriptor, block)
        size = os.lseek(descriptor, 0, os.SEEK_CUR)
        os.lseek(descriptor, 0, os.SEEK_SET)
        with open(os.dup(descriptor), "rb") as archive:
            _extract(archive, max(size * _EXPANSION, _EXPANSION_FLOOR), os.path.join(ml, *source.folder), stopping)
    except ClientError as error:
        raise unreadable(error, storage, source, item) from error
    except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
        raise JobError("ClientError", _unusable(item, error)) from error
    finally:
        os.close(descriptor)
        os.unlink(path)


def _extract(archive: IO[bytes], limit: int, folder: str, stopping: Callable[[], bool]) -> None:
    with tarfile.open(fileobj=archive, mode="r:gz") as tar:
        unpack(tar, folder, _within(tar, limit, stopping))


def _within(tar: tarfile.TarFile, limit: int, stopping: Callable[[], bool]) -> Iterator[tarfile.TarInfo]:
    total = 0
    for member in tar:
        total += member.size
        if stopping():
            raise StoppedError
        if total > limit:
            raise tarfile.TarError(f"it unpacks to more than {limit} bytes, {_EXPANSION} times its size")
        yield member


def _unusable(item: Found, error: Exception) -> str:
    if isinstance(error, OSError) and not isinstance(error, EOFError) and error.errno is not None:
        return f"Failed to extract model data archive from {item.uri}: {error}. Free space on the instance's disk."
    return (
        f"Failed to extract model data archive from {item.uri}: {error}. Please ensure that the object located at the "
        "URL is a valid tar.gz archive."
    )
