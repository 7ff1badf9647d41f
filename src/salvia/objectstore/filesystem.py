"""Blobs as files of a local directory.

    objects/3f/3f0c…e1        a blob: one large put, or several small ones that arrived together
    objects/3f/3f0c…e1.part   a put under way, or what a crash left of one

Order: write the .part, fdatasync it, rename it, fsync the directory. A blob under its final name is therefore
whole, and a put whose .part was swept away under it fails instead of pretending. Small puts that arrive while
the disk is busy share the next file and its fsyncs, as transactions share a commit.
"""

# A Path costs more than the system call it is made for, and `os` names the calls that matter.
# ruff: noqa: PTH102, PTH104, PTH108, PTH208

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import re
import secrets
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NoReturn, TypeVar

from salvia.core.errors import ServiceError
from salvia.core.http import OpenFile

from .base import NOTHING, Extent, Stored

T = TypeVar("T")
Waiting = tuple[bytes, "asyncio.Future[Extent]"]

_log = logging.getLogger("salvia.objectstore")
_THREADS = 8
_BLOCK = 1 << 20  # what one read or write moves
_SMALL = 64 << 10  # puts up to this size may share a file
_SHARED = 1 << 20  # bytes in a shared file at most: one live object keeps no more than this from being deleted
_FLUSH_EVERY = 32 << 20  # start writing back so often: otherwise the disk idles until the final fdatasync
_VECTORS = 512  # buffers in one writev; Linux takes 1,024
_BLOB = re.compile(r"[0-9a-f]{32}(\.part)?")
_FULL = {errno.ENOSPC, errno.EDQUOT}


class FilesystemStore:
    """An ObjectStore in `root`. Any number of processes may share the directory."""

    name = ""

    def __init__(self, root: Path) -> None:
        self.root = root
        _prepare(root)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="salvia-objects")
        self._waiting: list[Waiting] = []
        self._sharing: asyncio.Task[None] | None = None
        self._discarding: set[asyncio.Task[None]] = set()

    async def claim(self, owner: str) -> None:
        """See ObjectStore: the directory is its data directory's."""

    async def close(self) -> None:
        """See ObjectStore."""
        self._threads.shutdown()

    async def put(self, chunks: AsyncIterable[bytes]) -> Extent:
        """See ObjectStore."""
        held: list[bytes] = []
        size = 0
        rest = aiter(chunks)  # once: `async for` on the same iterable twice would start it anew
        async for chunk in rest:
            held.append(chunk)
            size += len(chunk)
            if size > _SMALL:
                return await self._put_alone(held, rest)
        if not size:
            return NOTHING
        return await self._put_shared(b"".join(held))

    async def get(self, extent: Extent, file: OpenFile | None = None) -> AsyncIterator[bytes]:
        """See ObjectStore."""
        if not extent.size:
            return
        position, end = extent.start, extent.start + extent.size
        file, block = await self._on_thread(self._begin, file, extent.blob, position, min(_BLOCK, extent.size))
        while True:
            position += len(block)
            if position == end:
                yield block
                return
            # The next block is read while the client takes this one.
            ahead = self._on_thread(_read, file, position, min(_BLOCK, end - position))
            try:
                yield block
            except BaseException:
                ahead.cancel()
                raise
            block = await ahead

    async def open(self, extent: Extent) -> _OpenFile:
        """See ObjectStore."""
        return await self._on_thread(self._open, extent.blob)

    async def delete(self, blobs: Iterable[str]) -> None:
        """See ObjectStore."""
        paths = [self._path(blob) for blob in blobs]

        def unlink() -> None:
            for path in paths:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(path)

        await self._on_thread(unlink)

    async def stored(self) -> AsyncIterator[Stored]:
        """See ObjectStore."""
        for shard in await self._on_thread(_names, self.root):
            if len(shard) == 2:
                for found in await self._on_thread(_blobs, self.root / shard):
                    yield found

    def _on_thread(self, work: Callable[..., T], *arguments: object) -> asyncio.Future[T]:
        return asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)

    def _path(self, blob: str) -> str:
        if not _BLOB.fullmatch(blob):
            raise ValueError(f"{blob!r} is no blob of a file system store")
        return f"{self.root}/{blob[:2]}/{blob}"

    # Reading

    def _open(self, blob: str) -> _OpenFile:
        try:
            return _OpenFile(self._path(blob))
        except FileNotFoundError:
            _log.error("blob missing", extra={"event": "blob-missing", "blob": blob})
            raise _lost(blob) from None

    def _begin(self, file: OpenFile | None, blob: str, position: int, size: int) -> tuple[OpenFile, bytes]:
        file = file or self._open(blob)
        return file, _read(file, position, size)

    # Writing: large

    async def _put_alone(self, held: list[bytes], chunks: AsyncIterator[bytes]) -> Extent:
        file = _File(self.root)
        writing: asyncio.Future[None] | None = None
        flushing: asyncio.Future[None] | None = None
        gathered, flushed = sum(map(len, held)), 0
        try:
            async for chunk in chunks:
                held.append(chunk)
                gathered += len(chunk)
                if gathered >= _BLOCK:
                    if writing is not None:
                        await asyncio.shield(writing)
                    writing = self._guarded(file.write, held)
                    held, gathered = [], 0
                    if file.size - flushed >= _FLUSH_EVERY and (flushing is None or flushing.done()):
                        flushed = file.size
                        flushing = self._guarded(file.flush)
            for future in (writing, flushing):
                if future is not None:
                    await asyncio.shield(future)
            writing = self._guarded(file.finish, held)
            await asyncio.shield(writing)
        except BaseException:
            # A thread that has begun cannot be stopped: what it writes is discarded once it has ended.
            discarding = asyncio.create_task(self._discard(file, writing, flushing))
            self._discarding.add(discarding)
            discarding.add_done_callback(self._discarding.discard)
            await asyncio.shield(discarding)
            raise
        return Extent(file.blob, 0, file.size)

    async def _discard(self, file: _File, *under_way: asyncio.Future[None] | None) -> None:
        futures = (future for future in under_way if future is not None)
        await asyncio.gather(*futures, return_exceptions=True)
        await self._on_thread(file.discard)

    def _guarded(self, work: Callable[..., T], *arguments: object) -> asyncio.Future[T]:
        """Work on a thread whose OSErrors are the medium's; those of the stream are its sender's."""

        def guarded() -> T:
            try:
                return work(*arguments)
            except OSError as failure:
                self._refuse(failure)

        return self._on_thread(guarded)

    def _refuse(self, failure: OSError) -> NoReturn:
        cause = os.strerror(failure.errno or 0)
        _log.error("cannot store", extra={"event": "cannot-store", "root": str(self.root), "cause": cause})
        if failure.errno in _FULL:
            raise ServiceError(
                "InsufficientStorage",
                "The server's object store is full: nothing of this upload was kept. "
                "Delete objects that are not needed, or give the server's disk more room, and upload again.",
                507,
            ) from failure
        raise ServiceError(
            "InternalError",
            f"The server's object store cannot write: {cause}. Nothing of this upload was kept; "
            "the server's log has the details.",
            500,
        ) from failure

    # Writing: small ones together

    async def _put_shared(self, content: bytes) -> Extent:
        waiter: asyncio.Future[Extent] = asyncio.get_running_loop().create_future()
        self._waiting.append((content, waiter))
        if self._sharing is None:
            self._sharing = asyncio.create_task(self._share())
        return await waiter

    async def _share(self) -> None:
        try:
            while self._waiting:
                group, self._waiting = _up_to(_SHARED, self._waiting)
                try:
                    extents = await self._guarded(self._write_shared, [content for content, _ in group])
                except Exception as failure:
                    for _, waiter in group:
                        if not waiter.done():
                            waiter.set_exception(failure)
                    continue
                for (_, waiter), extent in zip(group, extents, strict=True):
                    if not waiter.done():  # else its client has gone
                        waiter.set_result(extent)
        finally:
            self._sharing = None

    def _write_shared(self, contents: Sequence[bytes]) -> list[Extent]:
        file = _File(self.root)
        try:
            file.finish(contents)
        except OSError:
            file.discard()
            raise
        extents = []
        position = 0
        for content in contents:
            extents.append(Extent(file.blob, position, len(content)))
            position += len(content)
        return extents


class _OpenFile:
    """A file being read. It closes itself when nobody has it any more: neither a reader nor a thread."""

    __slots__ = ("_file",)

    def __init__(self, path: str) -> None:
        self._file = -1
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def __del__(self) -> None:
        if self._file >= 0:
            os.close(self._file)

    def fileno(self) -> int:
        """Its descriptor."""
        return self._file


def _read(file: OpenFile, position: int, size: int) -> bytes:
    block = os.pread(file.fileno(), size, position)
    while 0 < len(block) < size:  # a signal, or a very large read: ask for the rest
        more = os.pread(file.fileno(), size - len(block), position + len(block))
        if not more:
            break
        block += more
    if len(block) != size:
        _log.error("blob too short", extra={"event": "blob-too-short", "position": position, "size": size})
        raise _lost("of this object")
    return block


class _File:
    """A file being written, on threads only, one at a time but for `flush`."""

    def __init__(self, root: Path) -> None:
        self.blob = secrets.token_hex(16)
        self.size = 0
        self._folder = f"{root}/{self.blob[:2]}"
        self._part = f"{self._folder}/{self.blob}.part"
        self._file = -1

    def _open(self) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        self._file = os.open(self._part, flags, 0o600)

    def write(self, buffers: Sequence[bytes]) -> None:
        if self._file < 0:
            self._open()
        for first in range(0, len(buffers), _VECTORS):
            vector: list[bytes | memoryview] = list(buffers[first : first + _VECTORS])
            left = sum(map(len, vector))
            while left:
                written = os.writev(self._file, vector)
                self.size += written
                left -= written
                if left:
                    vector = [memoryview(b"".join(vector))[written:]]

    def flush(self) -> None:
        os.fdatasync(self._file)

    def finish(self, buffers: Sequence[bytes]) -> None:
        self.write(buffers)
        self.flush()
        self._close()
        os.rename(self._part, f"{self._folder}/{self.blob}")
        _sync(self._folder)

    def discard(self) -> None:
        self._close()
        for path in (self._part, f"{self._folder}/{self.blob}"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)

    def _close(self) -> None:
        if self._file >= 0:
            file, self._file = self._file, -1
            os.close(file)


def _prepare(root: Path) -> None:
    """Make every folder, durably, before the first blob. One that was made for a blob, and not yet synced by its maker,
    could vanish under the acknowledged blob of another.
    """
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    for shard in {f"{number:02x}" for number in range(256)}.difference(os.listdir(root)):
        with contextlib.suppress(FileExistsError):
            os.mkdir(f"{root}/{shard}", 0o700)
    _sync(str(root))
    _sync(str(root.parent))


def _sync(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _up_to(limit: int, waiting: list[Waiting]) -> tuple[list[Waiting], list[Waiting]]:
    """The first of those waiting that fit into `limit` bytes, one at least, and the others."""
    size = 0
    for index, (content, _) in enumerate(waiting):
        size += len(content)
        if size > limit and index:
            return waiting[:index], waiting[index:]
    return waiting, []


def _names(folder: Path) -> list[str]:
    return os.listdir(folder)


def _blobs(folder: Path) -> list[Stored]:
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if _BLOB.fullmatch(entry.name):
                with contextlib.suppress(FileNotFoundError):
                    status = entry.stat()
                    found.append(Stored(entry.name, status.st_size, status.st_mtime))
    return found


def _lost(blob: str) -> ServiceError:
    return ServiceError(
        "InternalError",
        f"The server's object store has lost the bytes {blob}. Restore its objects directory from the backup "
        "that belongs to its database.",
        500,
    )
