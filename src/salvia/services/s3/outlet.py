"""Bytes out: the extents of an object, one after the other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable

from salvia.objectstore.base import Extent, ObjectStore

_WHOLE = 1 << 20


async def body(store: ObjectStore, extents: Iterable[Extent]) -> bytes | AsyncIterator[bytes]:
    """The bytes of `extents` as a response's body: whole when they are few.

    The first chunk is read before this returns, so that a lost blob is an error and not a broken answer.
    """
    wanted = list(extents)
    if sum(extent.size for extent in wanted) <= _WHOLE:
        return b"".join([chunk async for chunk in stream(store, wanted)])
    chunks = stream(store, wanted)
    first = await anext(chunks)
    return _resumed(first, chunks)


async def stream(store: ObjectStore, extents: Iterable[Extent]) -> AsyncIterator[bytes]:
    """The bytes of `extents`, in chunks."""
    for extent in extents:
        async for chunk in store.get(extent):
            yield chunk


async def _resumed(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk
