"""What every object store must do: inherit `ObjectStoreConformance` and make a store.

    class TestMine(ObjectStoreConformance):
        def make(self, folder):
            return MyStore(...)

`make` may be called twice with one folder: the second store is another process that shares its bytes.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any, TypeVar

from salvia.objectstore.base import NOTHING, Extent, ObjectStore

T = TypeVar("T")


async def chunks(*pieces: bytes) -> AsyncIterator[bytes]:
    """A stream of `pieces`."""
    for piece in pieces:
        yield piece
        await asyncio.sleep(0)


async def content(store: ObjectStore, extent: Extent) -> bytes:
    """All bytes of an extent."""
    return b"".join([piece async for piece in store.get(extent)])


async def names(store: ObjectStore) -> set[str]:
    """The blobs that take up room."""
    return {stored.blob async for stored in store.stored()}


class ObjectStoreConformance:
    """One behaviour a test; sizes lie on both sides of what stores treat differently."""

    SIZES = (1, 1023, 64 << 10, (64 << 10) + 1, (1 << 20) - 1, 1 << 20, (5 << 20) + 7)

    def make(self, folder: Path) -> ObjectStore:
        """A store that keeps its bytes in, or for, `folder`."""
        raise NotImplementedError

    def run(self, folder: Path, story: Callable[[ObjectStore], Coroutine[Any, Any, T]]) -> T:
        """Tell a story about one store."""

        async def told() -> T:
            store = self.make(folder)
            try:
                return await story(store)
            finally:
                await store.close()

        return asyncio.run(told())

    def test_what_was_put_comes_back(self, tmp_path: Path) -> None:
        """Byte for byte, at every size."""

        async def story(store: ObjectStore) -> None:
            for size in self.SIZES:
                data = os.urandom(size)
                extent = await store.put(chunks(data[: size // 3], b"", data[size // 3 :]))
                assert extent.size == size
                assert await content(store, extent) == data

        self.run(tmp_path, story)

    def test_nothing_takes_no_room(self, tmp_path: Path) -> None:
        """An empty object needs no blob."""

        async def story(store: ObjectStore) -> None:
            assert await store.put(chunks()) == NOTHING
            assert await store.put(chunks(b"", b"")) == NOTHING
            assert await content(store, NOTHING) == b""
            assert await names(store) == set()

        self.run(tmp_path, story)

    def test_any_part_of_an_extent_can_be_read(self, tmp_path: Path) -> None:
        """Ranges, copies of ranges and parts are cuts of extents."""

        async def story(store: ObjectStore) -> None:
            data = os.urandom(3 << 20)
            extent = await store.put(chunks(data))
            for start, size in (
                (0, 1),
                (0, 1 << 20),
                (1, 1 << 20),
                ((1 << 20) - 1, 2),
                ((3 << 20) - 1, 1),
                (5, 0),
            ):
                assert await content(store, extent.cut(start, size)) == data[start : start + size]

        self.run(tmp_path, story)

    def test_puts_at_the_same_time_do_not_mix(self, tmp_path: Path) -> None:
        """Small puts may share a file: each must get its own bytes back."""

        async def story(store: ObjectStore) -> None:
            data = [os.urandom(size) for size in (*range(1, 200), *self.SIZES)]
            extents = await asyncio.gather(*(store.put(chunks(piece)) for piece in data))
            for piece, extent in zip(data, extents, strict=True):
                assert await content(store, extent) == piece

        self.run(tmp_path, story)

    def test_another_process_sees_what_was_put(self, tmp_path: Path) -> None:
        """Several gateways share one store, and a restart loses nothing."""

        async def put(store: ObjectStore) -> list[tuple[Extent, bytes]]:
            data = [os.urandom(size) for size in self.SIZES]
            return [(await store.put(chunks(piece)), piece) for piece in data]

        kept = self.run(tmp_path, put)

        async def get(store: ObjectStore) -> None:
            for extent, piece in kept:
                assert await content(store, extent) == piece

        self.run(tmp_path, get)

    def test_an_upload_that_breaks_leaves_nothing(self, tmp_path: Path) -> None:
        """A wrong signature or checksum shows only with the last byte; the room must be free again."""

        async def broken(size: int) -> AsyncIterator[bytes]:
            yield os.urandom(size)
            raise ConnectionResetError

        async def story(store: ObjectStore) -> None:
            for size in self.SIZES:
                try:
                    await store.put(broken(size))
                except ConnectionResetError:
                    continue
                raise AssertionError("the failure of the stream was swallowed")
            assert await names(store) == set()

        self.run(tmp_path, story)

    def test_an_upload_that_is_cancelled_leaves_nothing(self, tmp_path: Path) -> None:
        """A client that hangs up is a cancelled task."""

        async def endless(begun: asyncio.Event) -> AsyncIterator[bytes]:
            yield os.urandom(3 << 20)
            begun.set()
            await asyncio.Event().wait()

        async def story(store: ObjectStore) -> None:
            begun = asyncio.Event()
            upload = asyncio.create_task(store.put(endless(begun)))
            await begun.wait()
            upload.cancel()
            await asyncio.wait({upload})
            assert upload.cancelled()
            assert await names(store) == set()

        self.run(tmp_path, story)

    def test_deleting_forgets_the_blob_and_nothing_else(self, tmp_path: Path) -> None:
        """And may be repeated: a sweep that is killed starts again."""

        async def story(store: ObjectStore) -> None:
            gone, kept = [await store.put(chunks(os.urandom(100_000))) for _ in range(2)]
            for _ in range(2):
                await store.delete([gone.blob])
            assert await names(store) == {kept.blob}
            assert len(await content(store, kept)) == 100_000

        self.run(tmp_path, story)

    def test_a_missing_blob_is_an_error_before_the_first_byte(self, tmp_path: Path) -> None:
        """Never an object that is shorter than it says."""
        from salvia.core.errors import ServiceError

        async def story(store: ObjectStore) -> None:
            extent = await store.put(chunks(b"x" * 100_000))
            await store.delete([extent.blob])
            try:
                await anext(store.get(extent))
            except ServiceError as error:
                assert error.status == 500
                return
            raise AssertionError("the lost blob was read")

        self.run(tmp_path, story)

    def test_what_is_stored_is_listed_with_its_size_and_time(self, tmp_path: Path) -> None:
        """A sweep compares this list with what is referred to, and spares what is young."""

        async def story(store: ObjectStore) -> None:
            extents = [await store.put(chunks(os.urandom(size))) for size in self.SIZES]
            listed = {stored.blob: stored async for stored in store.stored()}
            assert set(listed) == _blobs(extents)
            for extent in extents:
                assert listed[extent.blob].size == extent.size
                assert listed[extent.blob].modified_at > 1.7e9

        self.run(tmp_path, story)


def _blobs(extents: Iterable[Extent]) -> set[str]:
    return {extent.blob for extent in extents}
