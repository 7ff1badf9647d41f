"""Which bytes stay and which go: counted after every way in which objects come and go, then swept.

The rule (engine-facts, "Object store"): bytes before rows, nobody's bytes are swept, a reader gets time to finish.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import orjson
import pytest

from salvia.app import close, compose
from salvia.control.authenticate import root
from salvia.control.call import Call, Reply
from salvia.control.world import World
from salvia.core import chunked
from salvia.core.errors import ServiceError
from salvia.services.s3.sweep import lifecycle
from salvia.settings import Settings
from salvia.store import schema

LATER = 1e12  # wall time by which everything is old


@pytest.fixture
def world(tmp_path: Path) -> Any:
    settings = Settings(home=tmp_path)
    settings.run.mkdir(parents=True)
    schema.upgrade(settings.location)
    world = compose(settings)
    yield world
    asyncio.run(close(world))


async def ask(world: World, operation: str, body: bytes | None = None, **request: Any) -> dict[str, Any]:
    """What an operation answers its account's root, without HTTP in between."""
    call = Call(
        service="s3",
        operation=operation,
        request=request,
        caller=root(world.settings.account),
        account=world.settings.account,
        region="us-east-1",
        request_id="test",
        world=world,
        stream=None if body is None else chunked.verified(pieces(body), compute=("MD5",)),
    )
    answer = await world.dispatch.handler("s3", operation)(call)
    return answer.result if isinstance(answer, Reply) else answer


async def pieces(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), 50_000):
        yield body[start : start + 50_000]


async def content(answer: dict[str, Any]) -> bytes:
    body = answer["Body"]
    return body if isinstance(body, bytes) else b"".join([chunk async for chunk in body])


async def stored(world: World) -> set[str]:
    return {found.blob async for found in world.objects.stored()}


def used(world: World) -> Counter[str]:
    """How many layouts refer to each blob, from the rows themselves."""
    counts: Counter[str] = Counter()
    for table in ("s3_versions", "s3_parts"):
        for row in world.db.read().all(f"SELECT layout FROM {table}"):
            counts.update({blob for blob, _, _ in orjson.loads(row["layout"])["extents"]})
    return counts


def counted(world: World) -> Counter[str]:
    """The same, as it was counted along the way."""
    return Counter({row["id"]: row["uses"] for row in world.db.read().all("SELECT id, uses FROM s3_blobs")})


def tell(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(story())


async def sweep(world: World, before: float = LATER) -> None:
    while await lifecycle.unused(world, before):
        pass
    await lifecycle.strays(world, before)


def test_bytes_of_a_deleted_object_go_after_a_while(world: World) -> None:
    """Not before: somebody may still be reading them."""

    async def story() -> None:
        await ask(world, "CreateBucket", Bucket="bbb")
        await ask(world, "PutObject", os.urandom(200_000), Bucket="bbb", Key="k")
        await ask(world, "DeleteObject", Bucket="bbb", Key="k")
        await sweep(world, time.time() - lifecycle.GRACE)
        assert len(await stored(world)) == 1
        await sweep(world)
        assert await stored(world) == set()
        assert counted(world) == Counter()

    tell(story)


def test_bytes_of_a_replaced_object_go(world: World) -> None:
    """The new ones stay."""

    async def story() -> None:
        await ask(world, "CreateBucket", Bucket="bbb")
        await ask(world, "PutObject", os.urandom(200_000), Bucket="bbb", Key="k")
        await ask(world, "PutObject", b"new", Bucket="bbb", Key="k")
        await sweep(world)
        assert len(await stored(world)) == 1
        assert await content(await ask(world, "GetObject", Bucket="bbb", Key="k")) == b"new"

    tell(story)


def test_who_reads_while_the_object_is_deleted_reads_to_the_end(world: World) -> None:
    """The bytes are swept under an open reader."""

    async def story() -> None:
        body = os.urandom(5 << 20)
        await ask(world, "CreateBucket", Bucket="bbb")
        await ask(world, "PutObject", body, Bucket="bbb", Key="k")
        got = await ask(world, "GetObject", Bucket="bbb", Key="k")
        await ask(world, "DeleteObject", Bucket="bbb", Key="k")
        await sweep(world)
        assert await content(got) == body

    tell(story)


def test_an_upload_that_is_refused_at_the_end_leaves_nothing(world: World) -> None:
    """The condition held when the body began to flow, and not when it ended."""

    async def story() -> None:
        await ask(world, "CreateBucket", Bucket="bbb")

        async def slow() -> AsyncIterator[bytes]:
            yield os.urandom(200_000)
            await ask(world, "PutObject", b"first", Bucket="bbb", Key="k")

        with pytest.raises(ServiceError, match="PreconditionFailed"):
            await ask(world, "PutObject", Bucket="bbb", Key="k", IfNoneMatch="*", Body=slow())
        assert len(await stored(world)) == 2
        await sweep(world)
        assert await stored(world) == set(used(world))
        assert await content(await ask(world, "GetObject", Bucket="bbb", Key="k")) == b"first"

    tell(story)


def test_what_a_killed_gateway_left_is_found(world: World) -> None:
    """Bytes without a row: whole blobs and halves; young ones may be uploads under way."""

    async def story() -> None:
        await ask(world, "CreateBucket", Bucket="bbb")
        await ask(world, "PutObject", b"kept", Bucket="bbb", Key="k")
        kept = await stored(world)
        stray = await world.objects.put(pieces(os.urandom(200_000)))
        part = world.settings.home / "objects" / "ab" / f"ab{'0' * 30}.part"
        part.parent.mkdir(exist_ok=True)
        part.write_bytes(b"half")
        await lifecycle.strays(world, time.time() - lifecycle.GRACE)
        assert await stored(world) == kept | {stray.blob, part.name}
        await lifecycle.strays(world, LATER)
        assert await stored(world) == kept

    tell(story)


def test_a_bucket_that_vanishes_during_an_upload_refuses_it(world: World) -> None:
    """The row would belong to nobody."""

    async def story() -> None:
        await ask(world, "CreateBucket", Bucket="bbb")

        async def slow() -> AsyncIterator[bytes]:
            yield os.urandom(100_000)
            await ask(world, "DeleteBucket", Bucket="bbb")

        with pytest.raises(ServiceError, match="NoSuchBucket"):
            await ask(world, "PutObject", Bucket="bbb", Key="k", Body=slow())
        await sweep(world)
        assert await stored(world) == set()

    tell(story)


def test_a_source_that_vanishes_during_a_copy_refuses_it(world: World) -> None:
    """Its bytes could be swept: the copy's transaction looks again."""

    async def story() -> None:
        await ask(world, "CreateBucket", Bucket="bbb")
        await ask(world, "PutObject", os.urandom(3 << 20), Bucket="bbb", Key="k")
        read = world.objects.get

        async def deleting(*asked: Any) -> AsyncIterator[bytes]:
            async for chunk in read(*asked):
                yield chunk
            await ask(world, "DeleteObject", Bucket="bbb", Key="k")

        world.objects.get = deleting  # type: ignore[method-assign]
        with pytest.raises(ServiceError, match="NoSuchKey"):
            await ask(world, "CopyObject", Bucket="bbb", Key="copy", CopySource="bbb/k", ChecksumAlgorithm="SHA256")

    tell(story)


def test_a_completed_upload_is_remembered_for_a_day(world: World) -> None:
    """So that completing again answers again; then its row goes."""

    async def story() -> None:
        await ask(world, "CreateBucket", Bucket="bbb")
        upload = (await ask(world, "CreateMultipartUpload", Bucket="bbb", Key="k"))["UploadId"]
        where = {"Bucket": "bbb", "Key": "k", "UploadId": upload}
        etag = (await ask(world, "UploadPart", b"x", PartNumber=1, **where))["ETag"]
        parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
        await ask(world, "CompleteMultipartUpload", MultipartUpload=parts, **where)
        await world.db.write(lambda tx: lifecycle._forget_uploads(tx, time.time() - 86_400))
        await ask(world, "CompleteMultipartUpload", MultipartUpload=parts, **where)
        await world.db.write(lambda tx: lifecycle._forget_uploads(tx, time.time() + 1))
        with pytest.raises(ServiceError, match="NoSuchUpload"):
            await ask(world, "CompleteMultipartUpload", MultipartUpload=parts, **where)

    tell(story)


def test_the_sweep_makes_itself_due_again(world: World) -> None:
    """One document, whatever the number of starts; each round is idempotent."""
    from salvia.services.s3.sweep import SWEEP
    from salvia.store import documents

    async def story() -> None:
        for _ in range(2):
            await lifecycle.bootstrap(world)
        [row] = world.db.read().all("SELECT * FROM documents WHERE kind = :kind", {"kind": SWEEP.kind})
        document = documents.Document.of(row)
        for _ in range(2):
            outcome = await lifecycle.reconcile(document, world)
            assert outcome.requeue is not None
            assert outcome.requeue > 0

    tell(story)


@pytest.mark.parametrize("seed", range(5))
def test_the_counts_are_right_whatever_happens(world: World, seed: int) -> None:
    """Random puts, copies, deletes, uploads and versions; then the counts, the sweep, and every object's bytes."""
    chance = random.Random(seed)

    async def story() -> None:
        await ask(world, "CreateBucket", Bucket="bbb")
        keys = ["a", "b", "c", "d"]
        expected: dict[tuple[str, str], bytes] = {}

        async def one() -> None:
            key = chance.choice(keys)
            where = {"Bucket": "bbb", "Key": key}
            match chance.randrange(7):
                case 0 | 1:
                    await ask(world, "PutObject", chance.randbytes(chance.choice((0, 10, 70_000))), **where)
                case 2:
                    await ask(
                        world, "CopyObject", CopySource=f"bbb/{chance.choice(keys)}", StorageClass="STANDARD", **where
                    )
                case 3:
                    await ask(world, "DeleteObject", **where)
                case 4:
                    rows = world.db.read().all("SELECT key, version FROM s3_versions ORDER BY key, position")
                    if rows:
                        row = chance.choice(rows)
                        await ask(
                            world, "DeleteObject", Bucket="bbb", Key=row["key"].decode(), VersionId=row["version"]
                        )
                case 5:
                    upload = (await ask(world, "CreateMultipartUpload", **where))["UploadId"]
                    sent = [
                        await ask(
                            world, "UploadPart", chance.randbytes(size), PartNumber=number, UploadId=upload, **where
                        )
                        for number, size in ((1, 5 << 20), (2, 10), (2, 20), (3, 30))
                    ]
                    if chance.random() < 0.3:
                        await ask(world, "AbortMultipartUpload", UploadId=upload, **where)
                    elif chance.random() < 0.8:
                        parts = [
                            {"PartNumber": 1, "ETag": sent[0]["ETag"]},
                            {"PartNumber": 3, "ETag": sent[3]["ETag"]},
                        ]
                        await ask(
                            world,
                            "CompleteMultipartUpload",
                            UploadId=upload,
                            MultipartUpload={"Parts": parts},
                            **where,
                        )
                case 6:
                    status = chance.choice(("Enabled", "Suspended"))
                    await ask(world, "PutBucketVersioning", Bucket="bbb", VersioningConfiguration={"Status": status})

        for _ in range(40):
            try:
                await one()
            except ServiceError as refused:
                assert refused.code in {"NoSuchKey", "NoSuchVersion"}
        assert +counted(world) == used(world)
        for row in world.db.read().all("SELECT key, version, size FROM s3_versions WHERE marker = 0"):
            name = (row["key"].decode(), row["version"])
            got = await ask(world, "GetObject", Bucket="bbb", Key=name[0], VersionId=name[1])
            expected[name] = await content(got)
            assert len(expected[name]) == row["size"]
        await sweep(world)
        assert await stored(world) == set(used(world))
        for (key, version), body in expected.items():
            assert await content(await ask(world, "GetObject", Bucket="bbb", Key=key, VersionId=version)) == body
        latest = world.db.read().all(
            "SELECT key, SUM(latest) AS latest, MIN(position) AS first FROM s3_versions GROUP BY key"
        )
        assert all(row["latest"] == 1 for row in latest)

    tell(story)
