"""Bytes in: a request's body, proved, into the object store; and what was learnt about it on the way."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable
from dataclasses import dataclass
from typing import TypeVar

from salvia.control.call import Call
from salvia.core import checksums, chunked
from salvia.core.checksums import Algorithm, Checksum
from salvia.core.errors import ServiceError
from salvia.store.db import Transaction, alone

from . import blobs, failures
from .layout import Layout

T = TypeVar("T")

LARGEST_PUT = 5 << 30  # of one PutObject or UploadPart, and of one copy
_MD5: Algorithm = "MD5"


@dataclass(frozen=True, slots=True)
class Received:
    """Bytes that are durable, though no object has them yet. `md5` is hex, `checksums` are base64 by algorithm."""

    layout: Layout
    size: int
    md5: str
    checksums: dict[str, str]


async def receive(call: Call, wanted: Algorithm | None = None) -> Received:
    """Store the body of a PutObject or UploadPart. `wanted` is a checksum to be computed if the client sent none.

    Raises MissingContentLength, EntityTooLarge, IncompleteBody, BadDigest and what else the proof of the body finds;
    nothing is kept then.
    """
    body = _body(call)
    if body.length is not None and body.length > LARGEST_PUT:
        raise failures.entity_too_large(body.length, LARGEST_PUT)
    own = call.http is not None and not call.members
    if call.request.get("ChecksumAlgorithm") and own and not _names_checksum(call):
        raise failures.invalid_request(
            "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers "
            "were found."
        )
    if wanted is None or _names_checksum(call):
        extent = await call.world.objects.put(body)
        sums = {str(name): value for name, value in body.checksums.items()}
    else:
        measured = chunked.verified(aiter(body), compute=(wanted,))
        extent = await call.world.objects.put(measured)
        sums = {wanted: measured.digest(wanted).base64()}
    return Received(Layout.of([extent]), extent.size, body.digest(_MD5).hex(), sums)


async def commit(call: Call, received: Received, work: Callable[[Transaction], T]) -> T:
    """Do `work`, which makes the received bytes an object's. When it is refused, they are left to the sweep."""
    now = call.clock.wall()
    try:
        return await call.db.write(work)
    except ServiceError:
        with alone():
            await call.db.write(lambda tx: blobs.abandon(tx, now, received.layout))
        raise


async def digest(chunks: AsyncIterator[bytes], wanted: set[Algorithm]) -> dict[Algorithm, Checksum]:
    """Checksums over bytes that are stored already, for copies."""
    body = chunked.verified(chunks, compute=tuple(wanted))
    async for _ in body:
        pass
    return {name: body.digest(name) for name in wanted}


def prove(call: Call, *, required: bool = True) -> None:
    """Check Content-MD5 and x-amz-checksum-* of a body that is not streamed. Raises BadDigest, or InvalidRequest for
    a request that has neither: S3 wants one wherever a body could be mistaken for another, by its model.
    """
    if call.http is None or call.members:
        return
    expected = checksums.sent(call.http)
    md5 = call.http.headers.get("content-md5")
    if md5 is not None:
        if not checksums.valid(_MD5, md5.strip()):
            raise ServiceError("InvalidDigest", "The Content-MD5 you specified is not valid.")
        expected.setdefault(_MD5, md5.strip())
    if not expected and required:
        raise failures.invalid_request("Missing required header for this request: Content-MD5 OR x-amz-checksum-*")
    for name, value in expected.items():
        checksum = Checksum(name)
        checksum.update(call.http.body)
        if checksum.base64() != value:
            raise ServiceError(
                "BadDigest",
                f"The {'Content-MD5' if name == _MD5 else name} you specified did not match what we received.",
                ExpectedDigest=value,
                CalculatedDigest=checksum.base64(),
            )


def _body(call: Call) -> chunked.Body:
    stream = call.stream
    if isinstance(stream, chunked.Body):
        return stream
    content = call.request.get("Body", b"")
    source = content if isinstance(content, AsyncIterable) else _whole(bytes(content))
    return chunked.verified(aiter(source), compute=(_MD5,))


async def _whole(content: bytes) -> AsyncIterator[bytes]:
    yield content


def _names_checksum(call: Call) -> bool:
    headers = call.http.headers if call.http is not None else ()
    return any(name.startswith("x-amz-checksum-") or name == "x-amz-trailer" for name in headers)
