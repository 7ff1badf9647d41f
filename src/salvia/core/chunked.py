"""Streamed bodies of S3: decoded and proved while they flow.

::

    stream = body(request, authorization, seed, compute=("MD5",))
    async for piece in stream: ...                  raises at the wrong chunk, or after the last byte
    stream.digest("MD5"), stream.checksums          once it has ended

What has been yielded is not proved before the iteration ends without an error: a caller keeps it apart until
then.
Source: S3 API reference, "Signature Calculations for the Authorization Header: Transferring Payload in
Multiple Chunks", with and without trailing headers.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator, Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING

from . import checksums
from .authorization import UNSIGNED_PAYLOAD, Authorization
from .checksums import Algorithm, Checksum
from .errors import ServiceError
from .refusals import refusal
from .sigv4 import EMPTY_SHA256, STREAMING_PAYLOADS, Seed

if TYPE_CHECKING:
    from .http import HttpRequest

LARGEST_OBJECT = 5 << 40
_SMALLEST_CHUNK = 8192
_LONGEST_LINE = 8192
_MOST_TRAILERS = 16
_BATCH = 1 << 20  # bytes hashed at once on a thread: for MD5 some 2 ms
_INLINE = 64 << 10  # bytes that are hashed faster than a thread takes over


def body(
    request: HttpRequest,
    authorization: Authorization | None,
    seed: Seed | None,
    *,
    compute: Sequence[Algorithm] = (),
) -> Body:
    """The proved body of an S3 upload, whichever way it is sent.

    `seed` is what `sigv4.verify` returned. `compute` are further checksums wanted, whether or not the client
    sent them. Raises ServiceError at once when the headers cannot be right.
    """
    headers = request.headers
    payload = authorization.payload if authorization else headers.get("x-amz-content-sha256")
    payload = payload or UNSIGNED_PAYLOAD
    source = aiter(request.stream) if request.stream is not None else _whole(request.body)
    expected: dict[Algorithm, str | None] = {**checksums.sent(request)}
    if payload not in STREAMING_PAYLOADS:
        length = len(request.body) if request.stream is None else _length(headers.get("content-length"))
        digest = None if payload == UNSIGNED_PAYLOAD else payload
        return verified(source, sha256=digest, length=length, checksums=expected, md5=_md5(request), compute=compute)
    length = _length(headers.get("x-amz-decoded-content-length"))
    trailers = _announced(headers.get("x-amz-trailer")) if payload.endswith("-TRAILER") else []
    for name in trailers:
        if (known := checksums.algorithm(name)) is not None:
            expected.setdefault(known, None)
    if payload.startswith("STREAMING-UNSIGNED"):
        seed = None
    elif seed is None:
        raise refusal("incomplete", "s3", f"{payload} needs a signature in the Authorization header.")
    decoder = _Decoder(_Source(source), length, seed, trailers)
    return Body(decoder.pieces(), length, expected, None, _md5(request), compute, decoder.trailers)


def verified(
    stream: AsyncIterator[bytes],
    *,
    sha256: str | None = None,
    length: int | None = None,
    checksums: Mapping[Algorithm, str | None] | None = None,
    md5: str | None = None,
    compute: Sequence[Algorithm] = (),
) -> Body:
    """A plain body that is proved after its last byte: `sha256` in hex, `checksums` and `md5` in base64."""
    return Body(stream, length, checksums or {}, sha256, md5, compute, {})


class Body:
    """The decoded bytes of an upload, to be iterated once.

    `length` is their announced number, None when nobody said. After the last one, `checksums` holds those
    that the client sent, and `digest` gives every one that was computed.
    """

    def __init__(
        self,
        pieces: AsyncIterator[bytes],
        length: int | None,
        expected: Mapping[Algorithm, str | None],
        content_sha256: str | None,
        content_md5: str | None,
        compute: Sequence[Algorithm],
        trailers: dict[str, str],
    ) -> None:
        self.length = length
        self.checksums: dict[Algorithm, str] = {}
        self._pieces = pieces
        self._expected = expected
        self._sha256 = content_sha256
        self._md5 = content_md5
        self._trailers = trailers
        wanted = {*expected, *compute}
        if content_sha256 is not None:
            wanted.add("SHA256")
        if content_md5 is not None:
            wanted.add("MD5")
        self._computed = {name: Checksum(name) for name in wanted}

    def digest(self, name: Algorithm) -> Checksum:
        """A checksum over the whole body, once that has ended."""
        return self._computed[name]

    async def __aiter__(self) -> AsyncIterator[bytes]:
        received = 0
        batch: list[bytes] = []
        size = 0
        hashing = _Hashing(list(self._computed.items()))
        try:
            async for piece in self._pieces:
                received += len(piece)
                if self.length is not None and received > self.length:
                    raise _incomplete()
                if self._computed:
                    batch.append(piece)
                    size += len(piece)
                    if size >= _BATCH:
                        await hashing.take(batch)
                        batch, size = [], 0
                yield piece
            if size <= _INLINE:
                await hashing.end()
                _hash([*self._computed.values()], b"".join(batch))
            else:
                await hashing.take(batch)
        finally:
            await hashing.end()
        if self.length is not None and received != self.length:
            raise _incomplete()
        self._prove()

    def _prove(self) -> None:
        if self._sha256 is not None:
            computed = self._computed["SHA256"].hex()
            if computed != self._sha256.lower():
                raise ServiceError(
                    "XAmzContentSHA256Mismatch",
                    "The provided 'x-amz-content-sha256' header does not match what was computed.",
                    ClientComputedContentSHA256=self._sha256,
                    S3ComputedContentSHA256=computed,
                )
        if self._md5 is not None:
            computed = self._computed["MD5"].base64()
            if computed != self._md5:
                raise ServiceError(
                    "BadDigest",
                    "The Content-MD5 you specified did not match what we received.",
                    ExpectedDigest=self._md5,
                    CalculatedDigest=computed,
                )
        for name, value in self._expected.items():
            if value is None:
                value = self._trailers.get(checksums.header(name), "")
                if not checksums.valid(name, value):
                    raise ServiceError(
                        "InvalidRequest", f"Value for {checksums.header(name)} trailing header is invalid."
                    )
            if self._computed[name].base64() != value:
                raise ServiceError("BadDigest", f"The {name} you specified did not match the calculated checksum.")
            self.checksums[name] = value


class _Hashing:
    """Checksums computed on threads: MD5, which takes the longest, beside the others."""

    def __init__(self, computed: list[tuple[Algorithm, Checksum]]) -> None:
        md5 = [checksum for name, checksum in computed if name == "MD5"]
        others = [checksum for name, checksum in computed if name != "MD5"]
        self._groups = [group for group in (md5, others) if group]
        self._running: list[asyncio.Future[None]] = []

    async def take(self, batch: list[bytes]) -> None:
        """Begin with a batch, once the one before is done."""
        await self.end()
        # In one piece, since each update that lets go of the interpreter waits to get it back.
        data = b"".join(batch)
        loop = asyncio.get_running_loop()
        self._running = [loop.run_in_executor(None, _hash, group, data) for group in self._groups]

    async def end(self) -> None:
        """Wait for what was begun."""
        running, self._running = self._running, []
        for future in running:
            await future


def _hash(checksums: list[Checksum], data: bytes) -> None:
    for checksum in checksums:
        checksum.update(data)


class _Source:
    """Lines and bytes out of a stream of pieces."""

    def __init__(self, pieces: AsyncIterator[bytes]) -> None:
        self._pieces = aiter(pieces)
        self._piece = b""
        self._at = 0

    async def _next(self) -> bool:
        """Go to the next piece; False at the end."""
        async for piece in self._pieces:
            if piece:
                self._piece, self._at = piece, 0
                return True
        self._piece, self._at = b"", 0
        return False

    async def some(self, most: int) -> bytes:
        """At most `most` bytes, at least one."""
        if self._at == len(self._piece) and not await self._next():
            raise _broken_off()
        piece = self._piece[self._at : self._at + most]
        self._at += len(piece)
        return piece

    async def line(self) -> bytes:
        """Up to the next CRLF, without it."""
        line = b""
        while True:
            end = self._piece.find(b"\n", self._at)
            if end >= 0:
                line += self._piece[self._at : end]
                self._at = end + 1
            else:
                line += self._piece[self._at :]
            if len(line) > _LONGEST_LINE:
                raise _malformed("a line is too long")
            if end >= 0:
                if not line.endswith(b"\r"):
                    raise _malformed("a line does not end in CRLF")
                return line[:-1]
            if not await self._next():
                raise _broken_off()

    async def ended(self) -> bool:
        """Whether nothing follows."""
        return self._at == len(self._piece) and not await self._next()


class _Decoder:
    """aws-chunked: `SIZE[;chunk-signature=SIGNATURE] CRLF DATA CRLF`, a chunk of size 0, trailers, CRLF."""

    def __init__(self, source: _Source, length: int, seed: Seed | None, announced: list[str]) -> None:
        self._source = source
        self._left = length
        self._seed = seed
        self._previous = seed.signature if seed else ""
        self._announced = announced
        self.trailers: dict[str, str] = {}

    async def pieces(self) -> AsyncIterator[bytes]:
        """The data of all chunks."""
        source = self._source
        small = False
        while True:
            size, signature = self._chunk_head(await source.line())
            if size == 0:
                break
            if size > self._left:
                raise _incomplete()
            if small and self._seed:
                raise ServiceError(
                    "InvalidChunkSizeError",
                    f"Only the last chunk is allowed to have a size less than {_SMALLEST_CHUNK} bytes",
                    403,
                )
            small = size < _SMALLEST_CHUNK
            self._left -= size
            digest = sha256()
            while size:
                piece = await source.some(size)
                size -= len(piece)
                if self._seed:
                    digest.update(piece)
                yield piece
            self._prove_chunk(signature, digest.hexdigest())
            if await source.line():
                raise _malformed("a chunk is longer than its size")
        if self._left:
            raise _incomplete()
        self._prove_chunk(signature, EMPTY_SHA256)
        await self._read_trailers()
        if not await source.ended():
            raise _malformed("bytes follow the last chunk")

    def _chunk_head(self, line: bytes) -> tuple[int, str]:
        size, _, extension = line.partition(b";")
        if not (0 < len(size) <= 16 and all(byte in b"0123456789abcdefABCDEF" for byte in size)):
            raise _malformed("a chunk has no size")
        name, _, signature = extension.partition(b"=")
        if self._seed and name.strip() != b"chunk-signature":
            raise _malformed("a chunk has no signature")
        return int(size, 16), signature.strip().decode("latin-1")

    def _prove_chunk(self, signature: str, digest: str) -> None:
        if self._seed:
            self._prove("PAYLOAD", f"{EMPTY_SHA256}\n{digest}", signature)

    def _prove(self, what: str, text: str, signature: str) -> None:
        seed = self._seed
        assert seed is not None
        to_sign = f"AWS4-HMAC-SHA256-{what}\n{seed.timestamp}\n{seed.scope}\n{self._previous}\n{text}"
        computed = hmac.digest(seed.key, to_sign.encode(), "sha256").hex()
        if not hmac.compare_digest(computed.encode(), signature.encode("latin-1")):
            raise refusal("mismatch", "s3", StringToSign=to_sign, SignatureProvided=signature)
        self._previous = computed

    async def _read_trailers(self) -> None:
        signature = ""
        signed = b""
        for _ in range(_MOST_TRAILERS):
            line = await self._source.line()
            if not line:
                break
            raw, colon, value = line.partition(b":")
            name = raw.strip().lower().decode("latin-1")
            if name == "x-amz-trailer-signature":
                signature = value.strip().decode("latin-1")
                continue
            if not colon or name not in self._announced or name in self.trailers:
                raise _malformed_trailer()
            self.trailers[name] = value.strip().decode("latin-1")
            signed += name.encode("latin-1") + b":" + value.strip() + b"\n"
        else:
            raise _malformed_trailer()
        if len(self.trailers) != len(self._announced):
            raise _malformed_trailer()
        if self._seed and self._announced:
            self._prove("TRAILER", sha256(signed).hexdigest(), signature)


async def _whole(content: bytes) -> AsyncIterator[bytes]:
    if content:
        yield content


def _length(text: str | None) -> int:
    if text is None:
        raise ServiceError("MissingContentLength", "You must provide the Content-Length HTTP header.", 411)
    if not (text.isascii() and text.isdigit()) or len(text) > 15:
        raise ServiceError("InvalidArgument", f"'{text[:32]}' is not a length in bytes.")
    length = int(text)
    if length > LARGEST_OBJECT:
        raise ServiceError(
            "EntityTooLarge",
            "Your proposed upload exceeds the maximum allowed size",
            ProposedSize=length,
            MaxSizeAllowed=LARGEST_OBJECT,
        )
    return length


def _announced(text: str | None) -> list[str]:
    names = [name.strip().lower() for name in (text or "").split(",") if name.strip()]
    if len(names) > _MOST_TRAILERS:
        raise _malformed_trailer()
    for name in names:
        if checksums.algorithm(name) is None or not name.startswith("x-amz-checksum-"):
            raise ServiceError("InvalidRequest", "The value specified in the x-amz-trailer header is not supported")
    return names


def _md5(request: HttpRequest) -> str | None:
    text = request.headers.get("content-md5")
    if text is not None and not checksums.valid("MD5", text.strip()):
        raise ServiceError("InvalidDigest", "The Content-MD5 you specified is not valid.")
    return text.strip() if text is not None else None


def _incomplete() -> ServiceError:
    return ServiceError(
        "IncompleteBody",
        "You did not provide the number of bytes specified by the Content-Length HTTP header",
    )


def _broken_off() -> ServiceError:
    return ServiceError("IncompleteBody", "The request body terminated unexpectedly")


def _malformed(why: str) -> ServiceError:
    return ServiceError("InvalidRequest", f"The aws-chunked body is malformed: {why}.")


def _malformed_trailer() -> ServiceError:
    return ServiceError(
        "MalformedTrailerError",
        "The request contained trailing data that was not well-formed or did not conform to our published schema.",
    )
