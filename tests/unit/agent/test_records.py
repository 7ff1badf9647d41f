"""Objects cut into payloads: whatever the blocks they arrive in, nothing is lost, doubled or reordered."""

from __future__ import annotations

import random
import struct

import pytest

from salvia.agent.records import CUTTERS, Batch, RecordError

MAGIC = struct.pack("<I", 0xCED7230A)


def cut(kind: str, data: bytes, limit: int, *, single: bool, block: int = 7) -> list[Batch]:
    cutter = CUTTERS[kind](limit, single=single)
    found = []
    for at in range(0, len(data), block):
        found += cutter.feed(data[at : at + block])
    return [*found, *cutter.end()]


def recordio(payload: bytes) -> bytes:
    """As MXNet writes it: a payload is taken apart where it holds the magic number."""
    parts = payload.split(MAGIC)
    kinds = [0] if len(parts) == 1 else [1, *[2] * (len(parts) - 2), 3]
    frames = [
        MAGIC + struct.pack("<I", kind << 29 | len(part)) + part + bytes(-len(part) % 4)
        for kind, part in zip(kinds, parts, strict=True)
    ]
    return b"".join(frames)


def masked(data: bytes) -> bytes:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return struct.pack("<I", (crc >> 15 | crc << 17 & 0xFFFFFFFF) + 0xA282EAD8 & 0xFFFFFFFF)


def tfrecord(payload: bytes) -> bytes:
    length = struct.pack("<Q", len(payload))
    return length + masked(length) + payload + masked(payload)


FRAMES = {"RecordIO": recordio, "TFRecord": tfrecord}


def test_the_checksum_is_tensorflows() -> None:
    """Files of TensorBoard begin so: their first record, the version, has 24 bytes."""
    assert tfrecord(bytes(24))[:12] == bytes.fromhex("1800000000000000a37f4b22")


def test_any_text_comes_in_whole_lines() -> None:
    """SplitType Line, MultiRecord: the object's own bytes, cut behind newlines, as many as fit."""
    chance = random.Random(1)
    for _ in range(300):
        lines = [bytes(chance.choices(b'ab,"\r', k=chance.randint(0, 9))) for _ in range(chance.randint(0, 30))]
        data = b"\n".join(lines) + chance.choice((b"", b"\n"))
        limit = chance.randint(10, 40)
        batches = cut("Line", data, limit, single=False, block=chance.randint(1, 60))
        records = [line for line in lines if line.strip(b"\r") or len(line) > 1]
        assert b"".join(batch.data for batch in batches).split() == data.split()
        assert all(len(batch.data) <= limit for batch in batches)
        assert all(batch.data.endswith(b"\n") for batch in batches[:-1])
        assert sum(batch.size for batch in batches) == len(records)
        assert [batch.first for batch in batches] == [
            1 + sum(batch.size for batch in batches[:number]) for number in range(len(batches))
        ]
        alone = cut("Line", data, limit, single=True, block=chance.randint(1, 60))
        assert [batch.data for batch in alone] == records
        assert [batch.first for batch in alone] == list(range(1, len(records) + 1))


@pytest.mark.parametrize("kind", FRAMES)
def test_any_frames_come_whole(kind: str) -> None:
    """Padding is removed with SingleRecord, and not with MultiRecord; API_TransformInput."""
    chance = random.Random(2)
    for _ in range(150):
        payloads = [
            b"".join(chance.choice((b"x", b"yz", MAGIC)) for _ in range(chance.randint(0, 9)))
            for _ in range(chance.randint(0, 12))
        ]
        data = b"".join(map(FRAMES[kind], payloads))
        alone = cut(kind, data, 200, single=True, block=chance.randint(1, 50))
        assert [batch.data for batch in alone] == payloads
        batches = cut(kind, data, 200, single=False, block=chance.randint(1, 50))
        assert b"".join(batch.data for batch in batches) == data
        assert sum(batch.size for batch in batches) == len(payloads)
        assert all(len(batch.data) <= 200 for batch in batches)
        cutter = CUTTERS[kind](200, single=False)
        frames = [frame for batch in batches for frame in cutter.records(batch)]
        assert frames == list(map(FRAMES[kind], payloads))


@pytest.mark.parametrize("kind", FRAMES)
def test_frames_that_are_none(kind: str) -> None:
    """The record is numbered."""
    good = FRAMES[kind](b"good")
    with pytest.raises(RecordError, match="record 2 ends too early"):
        cut(kind, good + good[:-3], 100, single=True)
    with pytest.raises(RecordError, match=f"record 3 .* the object is not {kind}"):
        cut(kind, good * 2 + b"nonsense of some length", 100, single=False)


@pytest.mark.parametrize("kind", ["None", "Line", *FRAMES])
@pytest.mark.parametrize("single", [True, False])
def test_records_that_are_too_large(kind: str, single: bool) -> None:
    """They are found before they are held as a whole."""
    write = FRAMES.get(kind, lambda payload: payload + b"\n")
    data = (b"" if kind == "None" else write(b"small")) + write(b"x" * 5000)[:400]
    with pytest.raises(RecordError, match="Too much data for max payload size"):
        cut(kind, data, 100, single=single, block=50)
