"""Blobs as objects of a bucket of any S3: AWS's own, Ceph, MinIO, another Salvia.

    PREFIX3f0c…e1      a blob: one put
    PREFIXsalvia       whose blobs these are: a sweep deletes what its own database does not know

S3 is durable when it answers. A large put is a multipart upload, which becomes an object all at once or never; a
crash leaves one behind, which `stored` tells of and `delete` aborts.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import re
import secrets
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from datetime import datetime
from xml.sax.saxutils import escape

from salvia.core.canonical import decoded, escaped
from salvia.core.errors import ServiceError
from salvia.core.http import OpenFile

from .base import NOTHING, Extent, Stored
from .bucket import BROKEN, Refused, RemoteBucket, blocks, pause
from .location import Location

_PART = 8 << 20  # bytes; 10,000 parts of it are more than one put may bring
_AT_ONCE = 4  # parts of one put under way: what it holds in memory, and how fast its sender may be
_TRIES = 6  # to go on with a download that broke off
_MOST_DELETED = 1000  # what one DeleteObjects takes
_BLOB = re.compile(r"[0-9a-f]{32}")
_OWNER = "salvia"


class RemoteStore:
    """An ObjectStore in a bucket of another S3. Any number of processes of one database may share it."""

    def __init__(self, location: Location) -> None:
        self.name = f"{location.endpoint}/{location.bucket}/{location.prefix}"
        self._bucket = RemoteBucket(location)
        self._prefix = location.prefix

    async def close(self) -> None:
        """See ObjectStore."""
        await self._bucket.close()

    async def claim(self, owner: str) -> None:
        """See ObjectStore."""
        with self._said():
            known = await self._owner()
            if known is None:
                with contextlib.suppress(Refused):  # somebody else was first: who, is asked next
                    await self._bucket.ask(
                        "PUT", f"{self._prefix}{_OWNER}", headers={"If-None-Match": "*"}, body=owner.encode()
                    )
                known = await self._owner()
        if known != owner:
            raise ServiceError(
                "InvalidRequest",
                f"{self._bucket.location} holds the bytes of another Salvia ({known}): each would delete "
                "the other's. Choose another prefix.",
            )

    async def put(self, chunks: AsyncIterable[bytes]) -> Extent:
        """See ObjectStore."""
        held: list[bytes] = []
        size = 0
        rest = aiter(chunks)
        async for chunk in rest:
            held.append(chunk)
            size += len(chunk)
            if size > _PART:
                return await self._put_in_parts(held, rest)
        if not size:
            return NOTHING
        blob = secrets.token_hex(16)
        try:
            with self._said():
                await self._bucket.ask("PUT", self._key(blob), body=b"".join(held))
        except BaseException:  # it may be there all the same: the answer was lost, or nobody waited for it
            await asyncio.shield(self._forget(blob))
            raise
        return Extent(blob, 0, size)

    async def get(self, extent: Extent, file: OpenFile | None = None) -> AsyncIterator[bytes]:
        """See ObjectStore. A download that breaks off is gone on with."""
        position, end = extent.start, extent.start + extent.size
        broken = 0
        while position < end:
            before = position
            try:
                async with self._bucket.answer(
                    "GET", self._key(extent.blob), {"Range": f"bytes={position}-{end - 1}"}
                ) as response:
                    if response.status != 206 or response.content_length != end - position:
                        raise self._lost(extent.blob)
                    async for block in blocks(response):
                        position += len(block)
                        yield block
            except BROKEN as problem:
                broken = 1 if position > before else broken + 1
                if broken == _TRIES:
                    raise self._bucket.unreachable(str(problem)) from problem
                await pause(broken)
            except Refused as problem:
                if problem.status in (404, 416):
                    raise self._lost(extent.blob) from None
                raise self._bucket.refused(problem) from problem

    async def open(self, extent: Extent) -> None:
        """See ObjectStore: its files are elsewhere."""

    async def delete(self, blobs: Iterable[str]) -> None:
        """See ObjectStore."""
        keys = []
        for blob in blobs:
            name, slash, upload = blob.partition("/")
            key = self._key(name)
            if slash:
                await self._abort(key, upload)
            else:
                keys.append(key)
        for first in range(0, len(keys), _MOST_DELETED):
            await self._delete(keys[first : first + _MOST_DELETED])

    async def stored(self) -> AsyncIterator[Stored]:
        """See ObjectStore. An upload under way is named BLOB/UPLOAD; its size nobody says."""
        with self._said():
            async for fields in self._pages("list-type=2", "Contents", {"NextContinuationToken": "continuation-token"}):
                blob = self._blob(fields["Key"])
                if blob:
                    yield Stored(blob, int(fields["Size"]), _moment(fields["LastModified"]))
            markers = {"NextKeyMarker": "key-marker", "NextUploadIdMarker": "upload-id-marker"}
            async for fields in self._pages("uploads=", "Upload", markers):
                blob = self._blob(fields["Key"])
                if blob:
                    yield Stored(f"{blob}/{fields['UploadId']}", 0, _moment(fields["Initiated"]))

    # Large puts

    async def _put_in_parts(self, held: list[bytes], rest: AsyncIterator[bytes]) -> Extent:
        blob = secrets.token_hex(16)
        key = self._key(blob)
        with self._said():
            upload = (await self._bucket.ask("POST", key, "uploads=")).xml().findtext("UploadId") or ""
            parts: list[asyncio.Task[str]] = []
            size = 0
            try:
                async for part in _parts(held, rest):
                    size += len(part)
                    if len(parts) >= _AT_ONCE:
                        await parts[-_AT_ONCE]
                    parts.append(asyncio.create_task(self._put_part(key, upload, len(parts) + 1, part)))
                await self._complete(key, upload, [await part for part in parts], size)
            except BaseException:
                for task in parts:
                    task.cancel()
                await asyncio.shield(self._give_up(blob, upload, parts))
                raise
        return Extent(blob, 0, size)

    async def _put_part(self, key: str, upload: str, number: int, content: bytes) -> str:
        answer = await self._bucket.ask("PUT", key, f"partNumber={number}&uploadId={escaped(upload)}", body=content)
        return answer.headers["ETag"]

    async def _complete(self, key: str, upload: str, etags: list[str], size: int) -> None:
        lines = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>{escape(etag)}</ETag></Part>"
            for number, etag in enumerate(etags, 1)
        )
        body = f"<CompleteMultipartUpload>{lines}</CompleteMultipartUpload>".encode()
        for attempt in range(1, _TRIES):
            try:
                (await self._bucket.ask("POST", key, f"uploadId={escaped(upload)}", body=body)).xml()
            except Refused as problem:
                if problem.code == "NoSuchUpload":  # done already, if only the answer to it was lost
                    answer = await self._bucket.ask("HEAD", key)
                    if answer.headers.get("Content-Length") == str(size):
                        return
                if problem.code not in ("InternalError", "SlowDown", "ServiceUnavailable"):
                    raise
                await pause(attempt)
            else:
                return
        raise self._bucket.unreachable("CompleteMultipartUpload fails")

    async def _give_up(self, blob: str, upload: str, parts: list[asyncio.Task[str]]) -> None:
        await asyncio.gather(*parts, return_exceptions=True)
        with contextlib.suppress(ServiceError):
            await self._abort(self._key(blob), upload)
        await self._forget(blob)

    async def _abort(self, key: str, upload: str) -> None:
        try:
            await self._bucket.ask("DELETE", key, f"uploadId={escaped(upload)}")
        except Refused as problem:
            if problem.status != 404:
                raise self._bucket.refused(problem) from problem

    # Deleting and listing

    async def _forget(self, blob: str) -> None:
        """Delete what nobody will ever hear of; if that fails, the sweep does it."""
        with contextlib.suppress(ServiceError):
            await self._delete([self._key(blob)])

    async def _delete(self, keys: list[str]) -> None:
        lines = "".join(f"<Object><Key>{escape(key)}</Key></Object>" for key in keys)
        body = f"<Delete>{lines}<Quiet>true</Quiet></Delete>".encode()
        digest = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
        with self._said():
            root = (await self._bucket.ask("POST", "", "delete=", headers={"Content-MD5": digest}, body=body)).xml()
            for error in root.iter("Error"):
                raise Refused(200, error.findtext("Code") or "Unknown", error.findtext("Message") or "")

    async def _pages(self, query: str, element: str, markers: dict[str, str]) -> AsyncIterator[dict[str, str]]:
        """The entries of a listing, page by page. `markers`: where a page ended, and how the next begins there."""
        query = f"{query}&encoding-type=url&prefix={escaped(self._prefix)}"
        more = ""
        while True:
            root = (await self._bucket.ask("GET", "", f"{query}{more}")).xml()
            for entry in root.iter(element):
                fields = {child.tag: child.text or "" for child in entry}
                yield {**fields, "Key": decoded(fields["Key"].replace("+", " "))}
            if root.findtext("IsTruncated") != "true":
                return
            # Markers of the second kind are encoded as keys are; a continuation token is not.
            found = {name: root.findtext(tag) or "" for tag, name in markers.items()}
            if "key-marker" in found:
                found["key-marker"] = decoded(found["key-marker"].replace("+", " "))
            more = "".join(f"&{name}={escaped(value)}" for name, value in found.items())

    async def _owner(self) -> str | None:
        try:
            return (await self._bucket.ask("GET", f"{self._prefix}{_OWNER}")).body.decode()
        except Refused as problem:
            if problem.code == "NoSuchKey":
                return None
            raise

    # Names and failures

    def _key(self, blob: str) -> str:
        if not _BLOB.fullmatch(blob):
            raise ValueError(f"{blob!r} is no blob of a remote store")
        return f"{self._prefix}{blob}"

    def _blob(self, key: str) -> str:
        """The blob of a key; empty for what the store did not write, and so never deletes."""
        name = key.removeprefix(self._prefix)
        return name if _BLOB.fullmatch(name) else ""

    def _lost(self, blob: str) -> ServiceError:
        return ServiceError(
            "InternalError",
            f"The server's object store has lost the bytes {blob}: {self._bucket.location} does not hold them. "
            "Restore that bucket from the backup that belongs to the server's database.",
            500,
        )

    @contextlib.contextmanager
    def _said(self) -> Iterator[None]:
        """Turn what the other side refuses into what a client of ours may read."""
        try:
            yield
        except Refused as problem:
            raise self._bucket.refused(problem) from problem


async def _parts(held: list[bytes], rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Pieces of equal size, but for the last."""
    buffer = bytearray().join(held)
    held.clear()
    async for chunk in rest:
        buffer += chunk
        while len(buffer) >= _PART:
            yield bytes(memoryview(buffer)[:_PART])
            del buffer[:_PART]
    while buffer:
        yield bytes(memoryview(buffer)[:_PART])
        del buffer[:_PART]


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
