"""The power goes, at any moment: what S3 acknowledged is there, whole, and nothing torn is ever served.

Promised: a fault-injecting file layer drops what was not fsynced. The database is trusted to keep what it
committed (SQLite with synchronous=FULL); what is checked is that a row never lives without its bytes: that they were
certain before it was committed, and are removed only once its removal was.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest
from page_cache import Disk

from salvia.app import close, compose
from salvia.control.authenticate import root
from salvia.control.call import Call, Reply
from salvia.control.world import World
from salvia.core import chunked
from salvia.objectstore import filesystem
from salvia.objectstore.base import Extent
from salvia.objectstore.filesystem import FilesystemStore
from salvia.services.s3.sweep import lifecycle
from salvia.settings import Settings
from salvia.store import schema
from salvia.store.db import Transaction

CUTS = 150
LATER = 1e12
_ROWS = "SELECT layout FROM s3_versions UNION ALL SELECT layout FROM s3_parts"


@dataclass
class Referred:
    """Bytes that a row refers to: since when the row may be in the database, and from when on it certainly is not."""

    extent: Extent
    since: int
    until: int | None = None


class Story:
    """What a server did, with its disk's record and the lives of its rows."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        settings = Settings(home=folder)
        settings.run.mkdir(parents=True)
        schema.upgrade(settings.location)
        self.disk = disk
        self.world: World = compose(settings)
        self.lives: list[Referred] = []
        self._alive: dict[Extent, Referred] = {}
        self._write = self.world.db.write
        self.world.db.write = self._recorded  # type: ignore[method-assign]

    async def _recorded(self, work: Callable[[Transaction], Any]) -> Any:
        ended: list[Referred] = []

        def observed(tx: Transaction) -> Any:
            begun = self.disk.tick()
            result = work(tx)
            now = {Extent(*each) for row in tx.all(_ROWS) for each in orjson.loads(row["layout"])["extents"]}
            for extent in now - self._alive.keys():
                self._alive[extent] = Referred(extent, begun)
                self.lives.append(self._alive[extent])
            ended.extend(self._alive.pop(extent) for extent in self._alive.keys() - now)
            return result

        result = await self._write(observed)
        for life in ended:
            life.until = self.disk.tick()
        return result

    async def ask(self, operation: str, body: bytes | None = None, **request: Any) -> dict[str, Any]:
        """What an operation answers its account's root."""
        call = Call(
            service="s3",
            operation=operation,
            request={"Bucket": "bbb", **request},
            caller=root(self.world.settings.account),
            account=self.world.settings.account,
            region="us-east-1",
            request_id="test",
            world=self.world,
            stream=None if body is None else chunked.verified(_pieces(body), compute=("MD5",)),
        )
        answer = await self.world.dispatch.handler("s3", operation)(call)
        return answer.result if isinstance(answer, Reply) else answer

    async def tell(self) -> None:
        """Objects of all sizes come, are replaced, copied, joined and deleted, several at once, and are swept."""
        await self.ask("CreateBucket")
        for round_ in range(3):
            await asyncio.gather(
                *(self.ask("PutObject", os.urandom(700 + n), Key=f"small/{n}") for n in range(30)),
                *(self.ask("PutObject", os.urandom(90_000 + n), Key=f"large/{n}") for n in range(4)),
                *(self.ask("DeleteObject", Key=f"small/{n}") for n in range(0, 30, 3)),
            )
            await self.ask("PutObject", os.urandom(1_300_000), Key="huge")
            await self.ask("CopyObject", Key=f"copy/{round_}", CopySource="bbb/large/1")
            await self._join()
            await asyncio.gather(self._sweep(), *(self.ask("DeleteObject", Key=f"large/{n}") for n in range(2)))
            await self._sweep()
        await close(self.world)

    async def _join(self) -> None:
        upload = (await self.ask("CreateMultipartUpload", Key="joined"))["UploadId"]
        part = {"Key": "joined", "UploadId": upload, "PartNumber": 1}
        await self.ask("UploadPart", os.urandom(80_000), **part)
        etag = (await self.ask("UploadPart", os.urandom(80_000), **part))["ETag"]
        parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
        await self.ask("CompleteMultipartUpload", Key="joined", UploadId=upload, MultipartUpload=parts)

    async def _sweep(self) -> None:
        while await lifecycle.unused(self.world, LATER):
            pass
        await lifecycle.strays(self.world, time.time() - 60)

    def lost(self, cut: int, chance: random.Random, folder: Path) -> list[str]:
        """What rows that may be in the database at a power cut refer to, and a store does not serve after it."""
        whole = self.disk.whole()
        store = FilesystemStore(folder)
        for path in folder.glob("*/*"):
            path.unlink()
        for name, content in self.disk.survivors(cut, chance).items():
            (folder / name).write_bytes(content)

        async def read() -> list[str]:
            found = []
            for life in self.lives:
                if life.since <= cut and (life.until is None or life.until > cut):
                    extent = life.extent
                    kept = whole[f"{extent.blob[:2]}/{extent.blob}"][extent.start : extent.start + extent.size]
                    assert len(kept) == extent.size
                    try:
                        served = b"".join([piece async for piece in store.get(extent)])
                    except Exception as error:
                        found.append(f"{extent}: {error}")
                        continue
                    if served != kept:
                        found.append(f"{extent}: other bytes")
            await store.close()
            return found

        return asyncio.run(read())


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), 50_000):
        yield body[start : start + 50_000]
        await asyncio.sleep(0)


def told(folder: Path, monkeypatch: pytest.MonkeyPatch, *, honest: bool = True) -> Story:
    """A story, on a disk that is recorded."""
    disk = Disk(folder / "objects", honest=honest)
    with monkeypatch.context() as patch:
        patch.setattr(filesystem, "os", disk)
        patch.setattr(filesystem, "_FLUSH_EVERY", 400_000)
        patch.setattr(filesystem, "_BLOCK", 200_000)
        story = Story(folder, disk)
        asyncio.run(story.tell())
    return story


def test_nothing_acknowledged_is_lost_and_nothing_torn_is_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cuts at random moments, each leaving a random choice of what was not certain."""
    story = told(tmp_path / "home", monkeypatch)
    assert len(story.lives) > 80
    chance = random.Random(7258)
    for _ in range(CUTS):
        cut = chance.randrange(story.disk.now + 2)
        assert story.lost(cut, chance, tmp_path / "after") == [], f"the power went at {cut} of {story.disk.now}"


def test_a_disk_that_does_not_sync_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That the test above can fail."""
    story = told(tmp_path / "home", monkeypatch, honest=False)
    chance = random.Random(7258)
    assert any(story.lost(story.disk.now, chance, tmp_path / "after") for _ in range(3))
