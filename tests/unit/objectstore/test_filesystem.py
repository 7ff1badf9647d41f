"""What only the file system store promises: where files lie, how they are shared, what a full disk says."""

from __future__ import annotations

import asyncio
import os
import stat
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from salvia.core.errors import ServiceError
from salvia.objectstore.base import Extent
from salvia.objectstore.filesystem import FilesystemStore
from salvia.testing.objectstores import chunks, content, names


def open_files() -> int:
    """How many descriptors this process has."""
    return len(list(Path("/proc/self/fd").iterdir()))


def test_small_puts_at_the_same_time_share_files(tmp_path: Path) -> None:
    """engine-facts, "Object store": 1 KiB puts are slow when each pays for its own fsync."""

    async def story() -> set[str]:
        store = FilesystemStore(tmp_path / "objects")
        extents = await asyncio.gather(*(store.put(chunks(os.urandom(1024))) for _ in range(100)))
        return {extent.blob for extent in extents}

    assert len(asyncio.run(story())) <= 10


def test_a_shared_file_stays_small(tmp_path: Path) -> None:
    """One live object of 1 KiB must not keep gigabytes of deleted ones on the disk."""

    async def story() -> list[int]:
        store = FilesystemStore(tmp_path / "objects")
        await asyncio.gather(*(store.put(chunks(os.urandom(64 << 10))) for _ in range(100)))
        return [stored.size async for stored in store.stored()]

    assert max(asyncio.run(story())) <= 1 << 20


def test_only_the_owner_may_read_the_files(tmp_path: Path) -> None:
    """Users' data: mode 0700 for folders, 0600 for files."""

    async def story() -> Extent:
        return await FilesystemStore(tmp_path / "objects").put(chunks(b"secret"))

    blob = asyncio.run(story()).blob
    path = tmp_path / "objects" / blob[:2] / blob
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "objects").stat().st_mode) == 0o700


def test_a_put_whose_file_was_swept_away_fails(tmp_path: Path) -> None:
    """An upload that stalls longer than the sweep's grace must not be answered with success."""

    async def slow(store: FilesystemStore) -> AsyncIterator[bytes]:
        for _ in range(2):
            yield os.urandom(3 << 20)
        deadline = time.monotonic() + 10
        while not (parts := await names(store)):
            assert time.monotonic() < deadline
        assert [part[-5:] for part in parts] == [".part"]
        await store.delete(parts)
        yield b"the end"

    async def story() -> None:
        store = FilesystemStore(tmp_path / "objects")
        with pytest.raises(ServiceError, match="Nothing of this upload was kept"):
            await store.put(slow(store))

    asyncio.run(story())


def test_a_truncated_file_is_an_error_and_not_a_short_object(tmp_path: Path) -> None:
    """A client must see a broken connection rather than wrong bytes with status 200."""

    async def story() -> None:
        store = FilesystemStore(tmp_path / "objects")
        extent = await store.put(chunks(os.urandom(3 << 20)))
        os.truncate(tmp_path / "objects" / extent.blob[:2] / extent.blob, 2 << 20)
        with pytest.raises(ServiceError, match="lost"):
            await content(store, extent)

    asyncio.run(story())


@pytest.mark.parametrize("size", [1000, 5 << 20])
def test_a_full_disk_says_so_and_keeps_nothing(tmp_path: Path, size: int) -> None:
    """A limit on the size of files stands in for the disk: the kernel refuses both in the same calls."""
    program = f"""
import asyncio, errno, os, resource, signal, sys
from pathlib import Path
from salvia.core.errors import ServiceError
from salvia.objectstore import filesystem
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))
filesystem._FULL.add(errno.EFBIG)
async def chunks():
    yield os.urandom({size})
    yield os.urandom({size})
async def story():
    store = filesystem.FilesystemStore(Path({str(tmp_path)!r}))
    try:
        await store.put(chunks())
    except ServiceError as error:
        print(error.code, error.status)
    print([blob async for blob in store.stored()])
asyncio.run(story())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30)
    assert done.stdout.splitlines() == ["InsufficientStorage 507", "[]"], done.stderr


def test_names_that_are_no_blobs_are_refused(tmp_path: Path) -> None:
    """A blob's name becomes a path."""
    store = FilesystemStore(tmp_path)
    for name in ("../../etc/passwd", "", "a" * 31, "A" * 32, f"{'a' * 32}/x"):
        with pytest.raises(ValueError, match="no blob"):
            asyncio.run(store.delete([name]))


def test_files_of_others_are_left_alone(tmp_path: Path) -> None:
    """A sweep must never see, and so never delete, what the store did not write."""

    async def story() -> set[str]:
        store = FilesystemStore(tmp_path)
        await store.put(chunks(b"x"))
        (tmp_path / "README").write_text("mine")
        (tmp_path / "ab").mkdir(exist_ok=True)
        (tmp_path / "ab" / "notes.txt").write_text("mine")
        return await names(store)

    assert len(asyncio.run(story())) == 1


def test_a_cancelled_put_waits_for_its_threads(tmp_path: Path) -> None:
    """Whenever it is cancelled: during a write, a flush or the rename; nothing is left, no descriptor is lost."""

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"x" * (1 << 20)

    async def story() -> None:
        store = FilesystemStore(tmp_path / "objects")
        for number in range(20):
            upload = asyncio.create_task(store.put(endless()))
            await asyncio.sleep(number / 200)
            upload.cancel()
            await asyncio.wait({upload})
            if not upload.cancelled():
                await store.delete([upload.result().blob])
        assert await names(store) == set()

    before = open_files()
    asyncio.run(story())
    assert open_files() <= before


def test_a_reader_that_goes_away_leaves_no_descriptor(tmp_path: Path) -> None:
    """Clients hang up in the middle of downloads."""

    async def story() -> None:
        store = FilesystemStore(tmp_path / "objects")
        extent = await store.put(chunks(os.urandom(5 << 20)))
        before = open_files()
        for _ in range(20):
            reading = store.get(extent)
            await anext(reading)
            await reading.aclose()  # type: ignore[attr-defined]
            opening = asyncio.ensure_future(anext(store.get(extent)))
            await asyncio.sleep(0)
            opening.cancel()
            await asyncio.wait({opening})
        deadline = time.monotonic() + 10
        while open_files() > before:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)

    asyncio.run(story())
