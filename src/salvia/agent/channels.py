"""A job's input as files: objects of S3 below a folder of /opt/ml, before the program starts.

Sources: SageMaker API reference, Channel and S3DataSource; developer guide, "Access Training Data".
"""

# pathlib takes 10 ms to import, for which a job would wait.

from __future__ import annotations

import errno
import os
import threading
import zlib
from collections.abc import Callable, Iterable, Sequence
from queue import Queue

from ..core.client import ClientError
from .failure import JobError, StoppedError
from .inflate import Inflater
from .sources import Found, Source, Storage, objects, unreadable

_WORKERS = 8
_QUEUE = 256
_EXPANSION, _EXPANSION_FLOOR = 200, 64 << 20
"""How many times its size, and how many bytes at least, an object may decompress to: a bomb ends there."""


class Download:
    """Brings all sources at once, a few objects at a time."""

    def __init__(self, storage: Storage, ml: str, stopping: Callable[[], bool]) -> None:
        self._storage, self._ml, self._stopping = storage, ml, stopping
        self._queue: Queue[tuple[Source, Found] | None] = Queue(_QUEUE)
        self._workers: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._error: BaseException | None = None

    def run(self, sources: Sequence[Source]) -> None:
        """Return when every file is there. Raises JobError, or StoppedError when the job is to stop."""
        for source in sources:
            os.makedirs(self._folder(source), exist_ok=True)
        listers = [
            threading.Thread(target=self._guarded, args=(self._list, source), name="list", daemon=True)
            for source in sources
        ]
        for thread in listers:
            thread.start()
        for thread in listers:
            thread.join()
        for _ in self._workers:
            self._queue.put(None)
        for thread in self._workers:
            thread.join()
        if self._error is not None:
            raise self._error
        if self._stopping():
            raise StoppedError

    @property
    def _over(self) -> bool:
        return self._error is not None or self._stopping()

    def _folder(self, source: Source) -> str:
        return os.path.join(self._ml, *source.folder)

    def _guarded(self, work: Callable[..., None], *arguments: object) -> None:
        try:
            work(*arguments)
        except BaseException as error:
            with self._lock:
                self._error = self._error or error

    def _list(self, source: Source) -> None:
        for item in source.share(objects(self._storage, source)):
            if self._over:
                return
            self._queue.put((source, item))
            self._employ()

    def _employ(self) -> None:
        with self._lock:
            if len(self._workers) < _WORKERS:
                worker = threading.Thread(target=self._work, name="download", daemon=True)
                self._workers.append(worker)
                worker.start()

    def _work(self) -> None:
        # After a failure the queue is emptied all the same, or a lister would wait at it for ever.
        while (work := self._queue.get()) is not None:
            if not self._over:
                self._guarded(self._fetch, *work)

    def _fetch(self, source: Source, item: Found) -> None:
        path = os.path.join(self._folder(source), item.path.removesuffix(".gz") if source.gzip else item.path)
        mode = 0o444 if source.mode == "FastFile" else 0o644  # "The channel directory is mounted as read-only"
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            # O_EXCL: two keys that are one path (`a//b` and `a/b`), or a file where a folder is, are found
            # out here.
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
            try:
                self._copy(source, item, descriptor)
            finally:
                os.close(descriptor)
        except ClientError as error:
            raise unreadable(error, self._storage, source, item) from error
        except OSError as error:
            raise JobError("ClientError", _unwritable(source, item, error)) from error

    def _copy(self, source: Source, item: Found, descriptor: int) -> None:
        read, written, inflater = 0, 0, Inflater() if source.gzip else None
        for data in self._storage.read(item.bucket, item.key):
            if self._over:
                return
            if not data:  # from the beginning again
                os.ftruncate(descriptor, 0)
                os.lseek(descriptor, 0, os.SEEK_SET)
                read, written, inflater = 0, 0, Inflater() if source.gzip else None
            read += len(data)
            limit = max(read * _EXPANSION, _EXPANSION_FLOOR)
            try:
                pieces: Iterable[bytes] = (data,) if inflater is None else inflater.feed(data)
                for piece in pieces:
                    written += len(piece)
                    if inflater is not None and written > limit:
                        raise JobError(
                            "ClientError",
                            f"Data download failed: {source.label}: {item.text} decompresses to "
                            f"more than {limit} bytes, {_EXPANSION} times its size. Leave CompressionType "
                            "out and decompress it in the program.",
                        )
                    write_all(descriptor, piece)
            except zlib.error as error:
                raise not_gzip(source, item, str(error)) from error
        if inflater is not None and not inflater.complete:
            raise not_gzip(source, item, "it ends too early")


def not_gzip(source: Source, item: Found, reason: str) -> JobError:
    """The failure of a channel whose CompressionType is not true."""
    return JobError(
        "ClientError",
        f"Data download failed: {source.label}: {item.text} is not gzip ({reason}), but "
        "CompressionType says so. Leave CompressionType out, or compress every object.",
    )


def write_all(descriptor: int, data: bytes | bytearray) -> None:
    """Write all of `data`."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _unwritable(source: Source, item: Found, error: OSError) -> str:
    size = "" if item.size is None else f" ({item.size} bytes)"
    text = f"Data download failed: {source.label}: {item.text}{size} "
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return text + "does not fit: the disk of the instance is full. Free space there, or use less data."
    if error.errno in (errno.EEXIST, errno.ENOTDIR, errno.EISDIR):
        return (
            text + "needs the path that another object has, as a file or a folder. Files cannot be "
            "folders as keys can: rename one of them."
        )
    if error.errno == errno.ENAMETOOLONG:
        return text + "has a key too long for a file name (255 bytes a part). Copy it to a shorter key."
    return text + f"could not be written: {error}."
