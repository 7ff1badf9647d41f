"""Objects of a batch transform cut into the payloads of requests, as their bytes arrive.

Sources: API reference, TransformInput (SplitType, padding) and CreateTransformJob (BatchStrategy, MaxPayloadInMB);
MXNet, "RecordIO" (frames); TensorFlow, "TFRecord and tf.train.Example" (frames).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

_MAGIC = struct.pack("<I", 0xCED7230A)
_WHOLE, _BEGIN, _, _END = range(4)  # what a frame of RecordIO is of its record


class Batch(NamedTuple):
    """The payload of one request: `size` records, of which the first is the object's number `first`, from 1."""

    data: bytes
    first: int = 1
    size: int = 1

    @property
    def numbers(self) -> str:
        """How a failure names its records."""
        return f"record {self.first}" if self.size == 1 else f"records {self.first} to {self.first + self.size - 1}"


class RecordError(Exception):
    """An object that cannot be cut: where, and why."""


class Cutter:
    """SplitType None: an object is one record."""

    def __init__(self, limit: int, *, single: bool) -> None:
        self._limit, self._single = limit, single
        self._held = bytearray()
        self._next = 1

    def feed(self, block: bytes) -> Iterator[Batch]:
        """The batches that are whole by now. Raises RecordError."""
        self._held += block
        if len(self._held) > self._limit:
            raise RecordError(f"{self._too_large('The object')} Split it (SplitType), or raise MaxPayloadInMB.")
        return iter(())

    def end(self) -> Iterator[Batch]:
        """What is left. Raises RecordError."""
        if self._held:
            yield Batch(bytes(self._held))

    def records(self, batch: Batch) -> list[bytes]:
        """A batch of several in pieces: any that follow each other are a payload."""
        return [batch.data]

    def _too_large(self, what: str) -> str:
        return f"Too much data for max payload size: {what} is larger than {self._limit >> 20} MB."

    def _batch(self, data: bytes, size: int) -> Batch:
        batch = Batch(data, self._next, size)
        self._next += size
        return batch


class Lines(Cutter):
    """SplitType Line: records end with a newline, whatever quotes surround it; one without anything in it is none."""

    def feed(self, block: bytes) -> Iterator[Batch]:
        self._held += block
        while len(self._held) > self._limit:
            end = self._held.rfind(b"\n", 0, self._limit) + 1
            if not end:
                raise RecordError(f"{self._too_large(f'record {self._next}')} Raise MaxPayloadInMB.")
            yield from self._cut(end)
        if self._single:
            yield from self._cut(self._held.rfind(b"\n") + 1)

    def end(self) -> Iterator[Batch]:
        yield from self._cut(len(self._held))

    def records(self, batch: Batch) -> list[bytes]:
        return [line + b"\n" for line in lines(batch.data)]

    def _cut(self, end: int) -> Iterator[Batch]:
        data = bytes(self._held[:end])
        del self._held[:end]
        if self._single:
            for line in lines(data):
                yield self._batch(line, 1)
        elif count := _count(data):
            yield self._batch(data, count)


class Frames(Cutter):
    """Binary records, each behind its length: alone, without that; together, as they are."""

    _name = ""

    def __init__(self, limit: int, *, single: bool) -> None:
        super().__init__(limit, single=single)
        self._frames = bytearray()
        self._count = 0

    def feed(self, block: bytes) -> Iterator[Batch]:
        self._held += block
        at = 0
        while (size := self._size(at)) and at + size <= len(self._held):
            raw = bytes(self._held[at : at + size])
            at += size
            yield from self._add(raw)
        if size > self._limit + 64:
            raise RecordError(f"{self._too_large(f'record {self._next + self._count}')} Raise MaxPayloadInMB.")
        del self._held[:at]

    def end(self) -> Iterator[Batch]:
        if self._held:
            raise self._wrong("ends too early")
        yield from self._flush()

    def records(self, batch: Batch) -> list[bytes]:
        again, at, found = type(self)(self._limit, single=False), 0, []
        again._held += batch.data
        while size := again._size(at):
            found.append(batch.data[at : at + size])
            at += size
        return found

    def _add(self, raw: bytes) -> Iterator[Batch]:
        if self._single:
            payload = self._payload(raw)
            if len(payload) > self._limit:
                raise RecordError(f"{self._too_large(f'record {self._next}')} Raise MaxPayloadInMB.")
            yield self._batch(payload, 1)
            return
        if len(self._frames) + len(raw) > self._limit:
            yield from self._flush()
            if len(raw) > self._limit:
                raise RecordError(f"{self._too_large(f'record {self._next}')} Raise MaxPayloadInMB.")
        self._frames += raw
        self._count += 1

    def _flush(self) -> Iterator[Batch]:
        if self._count:
            yield self._batch(bytes(self._frames), self._count)
            self._frames.clear()
            self._count = 0

    def _wrong(self, what: str) -> RecordError:
        return RecordError(
            f"record {self._next + self._count} {what}: the object is not {self._name}. Check SplitType."
        )

    def _size(self, at: int) -> int:
        """The bytes of the record at `at`, with what stands around it; 0 when too few are there to tell."""
        raise NotImplementedError

    def _payload(self, raw: bytes) -> bytes:
        raise NotImplementedError


class RecordIO(Frames):
    """MXNet's: magic, three bits of part and 29 of length, data, padded to four bytes. A record that holds the magic
    number comes in parts, between which it stood."""

    _name = "RecordIO"

    def _size(self, at: int) -> int:
        begin = at
        while True:
            head = self._held[at : at + 8]
            if head[:4] != _MAGIC[: len(head)]:
                raise self._wrong("does not begin with its magic number")
            if len(head) < 8:
                return 0
            word = int.from_bytes(head[4:], "little")
            kind, length = word >> 29, word & (1 << 29) - 1
            if kind > _END or (kind in (_WHOLE, _BEGIN)) != (at == begin):
                raise self._wrong("has parts in another order than first to last")
            at += 8 + length + -length % 4
            if kind in (_WHOLE, _END) or at >= len(self._held):
                return at - begin if kind in (_WHOLE, _END) else max(0, at + 1 - begin)

    def _payload(self, raw: bytes) -> bytes:
        parts, at = [], 0
        while at < len(raw):
            length = int.from_bytes(raw[at + 4 : at + 8], "little") & (1 << 29) - 1
            parts.append(raw[at + 8 : at + 8 + length])
            at += 8 + length + -length % 4
        return _MAGIC.join(parts)


class TFRecord(Frames):
    """TensorFlow's: length, its checksum, data, its checksum."""

    _name = "TFRecord"

    def _size(self, at: int) -> int:
        head = bytes(self._held[at : at + 12])
        if len(head) < 12:
            return 0
        if _masked(head[:8]) != int.from_bytes(head[8:], "little"):
            raise self._wrong("has a length that is not its checksum's")
        return 16 + int.from_bytes(head[:8], "little")

    def _payload(self, raw: bytes) -> bytes:
        return raw[12:-4]


CUTTERS: dict[str, type[Cutter]] = {"None": Cutter, "Line": Lines, "RecordIO": RecordIO, "TFRecord": TFRecord}


def lines(data: bytes) -> list[bytes]:
    """The lines of a text that have anything in them, without their newlines."""
    return [line for line in data.split(b"\n") if line and line != b"\r"]


def _count(data: bytes) -> int:
    """How many those are, without looking at each where there are no others."""
    if b"\n\n" in data or b"\n\r" in data or data[:1] in b"\r\n":
        return len(lines(data))
    return data.count(b"\n") + (not data.endswith(b"\n"))


def _masked(data: bytes) -> int:
    """TensorFlow's checksum: CRC-32C, turned by 15 bits, and a constant added."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return (crc >> 15 | crc << 17 & 0xFFFFFFFF) + 0xA282EAD8 & 0xFFFFFFFF


def _table() -> Iterator[int]:
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        yield value


_TABLE = tuple(_table())
