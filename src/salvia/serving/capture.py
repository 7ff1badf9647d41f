"""Data capture: what endpoints were asked and what they answered, as JSON lines in S3.

::

    s3://DESTINATION/ENDPOINT/VARIANT/yyyy/mm/dd/hh/mm-ss-ms-UUID.jsonl

An invocation leaves what it has in memory and is over. Lines are made on a thread and put every few seconds, as the
endpoint's execution role, through the same chain as anybody's objects. What does not fit into memory is not captured,
and the log says so. Source: developer guide, "Capture data" and "Interpret captured data"; API reference,
DataCaptureConfig.
"""

from __future__ import annotations

import asyncio
import logging
import random
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from salvia.core import ids
from salvia.core.errors import ServiceError

from .flush import Flush
from .objects import Objects, Owner
from .wire import Headers as Answered

if TYPE_CHECKING:
    from salvia.control.world import World

    from .endpoint import Endpoint, Variant

_log = logging.getLogger("salvia.serving")
_EVERY = 2.0  # seconds
_LARGEST = 64 << 20  # bytes that wait to be put
_RECORD = 1024  # bytes of memory of an invocation, beside its bodies
_FILE = 16 << 20  # bytes in memory of one file
_PIECE = 256 << 10  # bytes of a file that are put at once: requests go on between two of them
_TRIES = (0.5, 2.0)  # seconds before each further attempt


@dataclass(frozen=True, slots=True)
class Wish:
    """What of a variant's requests is captured, and where to. Sets hold media types in lower case."""

    percentage: float
    inputs: bool
    outputs: bool
    csv: frozenset[str]
    json: frozenset[str]
    bucket: str
    prefix: str
    key: str = ""

    @classmethod
    def of(cls, content: Mapping[str, Any] | None) -> Wish | None:
        """The wish of a DataCaptureConfig; None when nothing is captured."""
        if not content or not content.get("EnableCapture"):
            return None
        modes = {option["CaptureMode"] for option in content["CaptureOptions"]}
        types = content.get("CaptureContentTypeHeader") or {}
        bucket, _, prefix = content["DestinationS3Uri"].partition("://")[2].partition("/")
        return cls(
            percentage=float(content["InitialSamplingPercentage"]),
            inputs=bool(modes & {"Input", "InputAndOutput"}),
            outputs=bool(modes & {"Output", "InputAndOutput"}),
            csv=frozenset(one.lower() for one in types.get("CsvContentTypes") or ()),
            json=frozenset(one.lower() for one in types.get("JsonContentTypes") or ()),
            bucket=bucket,
            prefix=prefix.rstrip("/"),
            key=content.get("KmsKeyId") or "",
        )

    def encoding(self, content_type: str) -> str:
        """How a body is written; base64 unless its type is listed."""
        kind = content_type.partition(";")[0].strip().lower()
        return "CSV" if kind in self.csv else "JSON" if kind in self.json else "BASE64"


@dataclass(frozen=True, slots=True)
class _Taken:
    """One invocation, captured."""

    request: Mapping[str, Any]
    headers: Answered
    body: bytes
    at: float

    @property
    def size(self) -> int:
        """About how much memory it takes."""
        return len(self.request["Body"]) + len(self.body) + _RECORD


@dataclass(slots=True)
class _Heap:
    """What was captured of one variant since it was last put."""

    endpoint: Endpoint
    variant: Variant
    taken: list[_Taken] = field(default_factory=list)


class Capture:
    """What one process has captured and not put yet."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._heaps: dict[Variant, _Heap] = {}
        self._size = 0
        self._lost = 0
        self._flush = Flush(_EVERY, self._put)
        self._objects = Objects(world)

    def take(
        self,
        wish: Wish,
        endpoint: Endpoint,
        variant: Variant,
        request: Mapping[str, Any],
        headers: Answered,
        body: bytes,
    ) -> None:
        """Capture an invocation, if it is one of the sample; returns at once."""
        if random.random() * 100 >= wish.percentage:  # noqa: S311
            return
        taken = _Taken(request, headers, body, self._world.clock.now())
        if self._size + taken.size > _LARGEST:
            self._lost += 1
            return
        self._size += taken.size
        heap = self._heaps.get(variant)
        if heap is None:
            heap = self._heaps[variant] = _Heap(endpoint, variant)
        heap.taken.append(taken)
        self._flush.soon()

    async def close(self) -> None:
        """Put what there is."""
        await self._flush.close()

    async def _put(self) -> None:
        heaps, self._heaps = self._heaps, {}
        if self._lost:
            extra = {"event": "capture-lost", "invocations": self._lost}
            _log.warning("invocations were not captured: too many wait to be written", extra=extra)
            self._lost = 0
        for heap in heaps.values():
            wish = heap.variant.capture
            assert wish is not None
            for file in await asyncio.to_thread(_files, wish, heap):
                try:
                    await self._write(heap, wish, file)
                except Exception as problem:
                    extra = {"event": "capture-failed", "endpoint": heap.endpoint.name, "cause": str(problem)}
                    _log.error("captured data are lost", extra=extra)
                self._size -= file.size

    async def _write(self, heap: _Heap, wish: Wish, file: _File) -> None:
        owner = Owner(heap.endpoint.id, heap.endpoint.region, heap.variant.role)
        sealed = {
            "x-amz-server-side-encryption": "aws:kms",
            "x-amz-server-side-encryption-aws-kms-key-id": wish.key,
        }
        more = sealed if wish.key else {}
        for pause in (*_TRIES, None):
            body, length = _pieces(file.lines), len(file.lines)
            try:
                await self._objects.put(owner, (wish.bucket, file.key), "application/json", body, length, more=more)
                return
            except ServiceError as problem:
                if pause is None or problem.status < 500:
                    raise OSError(f"s3://{wish.bucket}/{file.key}: {problem.message}") from problem
            await asyncio.sleep(pause)


class _File(NamedTuple):
    """An object to be put; `size` is what its invocations take in memory."""

    key: str
    lines: bytes
    size: int


async def _pieces(lines: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(lines), _PIECE):
        yield lines[at : at + _PIECE]
        await asyncio.sleep(0)


def _files(wish: Wish, heap: _Heap) -> list[_File]:
    """One an hour, and none too large."""
    files: list[tuple[str, list[bytes], int]] = []
    hour = ""
    for taken in heap.taken:
        size = taken.size
        at = datetime.fromtimestamp(taken.at, UTC)
        if not files or hour != at.strftime("%Y/%m/%d/%H") or files[-1][2] + size > _FILE:
            hour = at.strftime("%Y/%m/%d/%H")
            name = f"{at:%M-%S}-{at.microsecond // 1000:03d}-{ids.row_id()}.jsonl"
            where = (wish.prefix, heap.endpoint.name, heap.variant.name, hour, name)
            files.append(("/".join(part for part in where if part), [], 0))
        key, lines, total = files[-1]
        lines.append(_line(wish, taken, at))
        files[-1] = (key, lines, total + size)
    return [_File(key, b"".join(lines), size) for key, lines, size in files]


def _line(wish: Wish, taken: _Taken, at: datetime) -> bytes:
    request = taken.request
    captured: dict[str, Any] = {}
    if wish.inputs:
        captured["endpointInput"] = _body(wish, "INPUT", request.get("ContentType") or "", request["Body"])
    if wish.outputs:
        content_type = taken.headers.get(b"content-type", b"").decode("latin-1")
        captured["endpointOutput"] = _body(wish, "OUTPUT", content_type, taken.body)
    metadata: dict[str, Any] = {"eventId": ids.row_id()}
    if "CustomAttributes" in request:
        metadata["customAttributes"] = [request["CustomAttributes"]]
    if "InferenceId" in request:
        metadata["inferenceId"] = request["InferenceId"]
    metadata["inferenceTime"] = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    line = {"captureData": captured, "eventMetadata": metadata, "eventVersion": "0"}
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)


def _body(wish: Wish, mode: str, content_type: str, body: bytes) -> dict[str, str]:
    encoding = wish.encoding(content_type)
    try:
        data = body.decode() if encoding != "BASE64" else b64encode(body).decode()
    except UnicodeDecodeError:  # it is not what it says
        encoding, data = "BASE64", b64encode(body).decode()
    return {"observedContentType": content_type, "mode": mode, "data": data, "encoding": encoding}
