"""What an object store is: it keeps bytes under ids of its own making, and knows nothing else about them.

    put(chunks) ─▶ Extent(blob, start, size)      durable when it returns
    get(extent) ─▶ chunks

An extent is a run of bytes inside a blob. Several extents may lie in one blob, an object may consist of
several extents, and an extent can be cut into smaller ones: multipart uploads are joined, and ranges copied,
without a byte being moved. Who refers to which blob is for the caller to know; it deletes what nobody does.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Protocol

from salvia.core.http import OpenFile


@dataclass(frozen=True, slots=True)
class Extent:
    """`size` bytes of the blob `blob`, from its byte `start` on. Without bytes, `blob` is empty, too."""

    blob: str
    start: int
    size: int

    def cut(self, start: int, size: int) -> Extent:
        """A part of this extent; `start` counts from its own beginning."""
        if not 0 <= start <= start + size <= self.size:
            raise ValueError(f"{size} bytes from {start} do not lie within {self.size}")
        return Extent(self.blob, self.start + start, size) if size else NOTHING


NOTHING = Extent("", 0, 0)


@dataclass(frozen=True, slots=True)
class Stored:
    """A blob that exists, or what an interrupted `put` left. `modified_at`: wall seconds since the epoch."""

    blob: str
    size: int
    modified_at: float


class ObjectStore(Protocol):
    """Where bytes live. Failures of the medium are ServiceErrors that say what to do.

    `name` is what a database remembers of where its bytes are; empty for a folder of its own.
    """

    name: str

    async def claim(self, owner: str) -> None:
        """Take the store for the server `owner`, for ever. Raises InvalidRequest when it is another's."""
        ...

    async def close(self) -> None:
        """Let go of threads and connections, once nothing is under way."""
        ...

    async def put(self, chunks: AsyncIterable[bytes]) -> Extent:
        """Keep what `chunks` yields. It is durable when this returns; when `chunks` raises, nothing is kept.

        Raises InsufficientStorage (507) when there is no room.
        """
        ...

    def get(self, extent: Extent, file: OpenFile | None = None) -> AsyncIterator[bytes]:
        """The bytes of an extent, in chunks that suit the medium. Raises InternalError for a lost blob.

        `file` is what `open` gave for it, if it was asked.
        """
        ...

    async def open(self, extent: Extent) -> OpenFile | None:
        """The file in which an extent lies as it is; None: it lies in none. Raises InternalError for a lost blob."""
        ...

    async def delete(self, blobs: Iterable[str]) -> None:
        """Forget blobs, by the names that `put` or `stored` gave; what is not there is passed over."""
        ...

    def stored(self) -> AsyncIterator[Stored]:
        """Everything that takes up room, in no order: what a sweep compares with what is referred to."""
        ...
