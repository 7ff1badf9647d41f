"""Bytes out: the extents of an object, one after the other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import TypeVar

from salvia.core.http import FileBody, FilePart, OpenFile
from salvia.objectstore.base import Extent, ObjectStore

T = TypeVar("T")
_WHOLE = 1 << 20


async def body(store: ObjectStore, extents: Iterable[Extent]) -> bytes | AsyncIterator[bytes]:
    """The bytes of `extents` as a response's body: whole when they are few.

    The first file is opened, or its first chunk read, before this returns, so that a lost blob is an error and not a
    broken answer.
    """
    wanted = [extent for extent in extents if extent.size]
    if sum(extent.size for extent in wanted) <= _WHOLE:
        return b"".join([chunk async for chunk in stream(store, wanted)])
    parts = _parts(store, wanted)
    first = await anext(parts, None)
    if first is not None:
        return FileBody(_resumed(first, parts), stream(store, wanted, first.file))
    chunks = stream(store, wanted)
    return _resumed(await anext(chunks), chunks)


async def stream(store: ObjectStore, extents: Iterable[Extent], file: OpenFile | None = None) -> AsyncIterator[bytes]:
    """The bytes of `extents`, in chunks; `file` is the first one's, if it is open."""
    for extent in extents:
        async for chunk in store.get(extent, file):
            yield chunk
        file = None


async def _parts(store: ObjectStore, extents: Iterable[Extent]) -> AsyncIterator[FilePart]:
    """The files that hold the bytes of `extents`, each opened when its turn comes; none where there are no files."""
    for extent in extents:
        file = await store.open(extent)
        if file is None:
            return
        yield FilePart(file, extent.start, extent.size)


async def _resumed(first: T, rest: AsyncIterator[T]) -> AsyncIterator[T]:
    yield first
    async for each in rest:
        yield each
