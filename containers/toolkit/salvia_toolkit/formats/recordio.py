"""application/x-recordio-protobuf: RecordIO frames around the AIAlgorithms `Record` message.

A frame: magic, then 3 bits of continuation and 29 of length, the payload, padding to 4 bytes. The message:
`Record {map<string, Value> features = 1; map<string, Value> label = 2; …}`, `Value {oneof {Float32Tensor
float32_tensor = 2; Float64Tensor float64_tensor = 3; Int32Tensor int32_tensor = 7; Bytes bytes = 9}}`, a
tensor `{repeated values = 1; repeated uint64 keys = 2; repeated uint64 shape = 3}`, packed. So few fields
need no library.

Source: SageMaker developer guide, "Common Data Formats for Training" and "… for Inference"; MXNet's documentation of
RecordIO.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from .matrix import Array, Matrix, Sparse, Wrong, infinite, of_body

_MAGIC = 0xCED7230A
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_TENSORS: dict[int, str] = {2: "<f4", 3: "<f8", 7: "int32"}  # field number in Value → type of its values


class _MalformedError(Exception):
    """The bytes are not what the format says."""


class _Tensor:
    """values with, if sparse, the column of each (keys); shape's last entry is the number of columns."""

    __slots__ = ("keys", "shape", "values")

    def __init__(self, values: Array, keys: Array, shape: Array) -> None:
        self.values, self.keys, self.shape = values, keys, shape


def decode(body: bytes) -> Matrix:
    """The features of each record of a body; labels are of no account. Raises FormatError naming the record."""
    features, _ = parse(body, of_body, labelled=False)
    return np.empty((0, 0), np.float32) if features is None else features


def encode(records: Iterable[Mapping[str, Sequence[float]]]) -> bytes:
    """A record for each mapping, whose values are its labels, float32: as AWS's algorithms answer."""
    return b"".join(_framed(_message_of(labels)) for labels in records)


def encode_rows(rows: Iterable[object]) -> bytes:
    """A record for each row, with its numbers as the label "score"."""
    return encode({"score": np.atleast_1d(np.asarray(row, np.float32)).tolist()} for row in rows)


def parse(content: bytes, wrong: Wrong, *, labelled: bool) -> tuple[Matrix | None, Array]:
    """Features (None when there is no record), and labels if `labelled`, when each must have one."""
    labels: list[float] = []
    tensors: list[_Tensor] = []
    try:
        for record in frames(content):
            features, label = _record(memoryview(record))
            if labelled and (label is None or len(label.values) == 0):
                raise _MalformedError("has no label; training needs one in each record.")
            if labelled and label is not None:
                labels.append(float(label.values[0]))
            tensors.append(features)
    except (_MalformedError, struct.error) as problem:
        raise wrong(f"record {len(tensors) + 1}: {problem}", None) from problem
    named = np.asarray(labels, np.float32)
    if not tensors:
        return None, named
    if not np.isfinite(named).all():
        raise wrong(f"record {int(np.argmin(np.isfinite(named))) + 1}: the label is not a finite number.", None)
    return _features(tensors, wrong), named


def payloads(content: bytes, wrong: Wrong) -> list[bytes]:
    """The records themselves, of whatever kind."""
    try:
        return list(frames(content))
    except _MalformedError as problem:
        raise wrong(str(problem), None) from problem


def frames(content: bytes) -> Iterator[bytes]:
    """The payload of each record, those split into several frames put together."""
    position, pieces = 0, []
    while position < len(content):
        if len(content) - position < 8:
            raise _MalformedError("the file ends within a frame's head; it is cut off.")
        magic, word = struct.unpack_from("<II", content, position)
        if magic != _MAGIC:
            raise _MalformedError("a RecordIO frame does not begin with its magic number. Is this RecordIO?")
        part, length = word >> 29, word & 0x1FFFFFFF
        position += 8
        payload = content[position : position + length]
        if len(payload) < length:
            raise _MalformedError("the file ends within a record; it is cut off.")
        position += (length + 3) & ~3
        pieces.append(payload)
        if part in (0, 3):  # 0: whole; 1, 2, 3: first, middle, last, with the magic number between them left out
            yield struct.pack("<I", _MAGIC).join(pieces)
            pieces = []
    if pieces:
        raise _MalformedError("the file ends within a record of several frames; it is cut off.")


def _features(tensors: list[_Tensor], wrong: Wrong) -> Matrix:
    if any(len(tensor.keys) for tensor in tensors):
        return _sparse(tensors, wrong)
    widths = np.array([len(tensor.values) for tensor in tensors])
    if (widths != widths[0]).any():
        odd = int(np.argmax(widths != widths[0]))
        raise wrong(f"record {odd + 1} has {widths[odd]} features where the first has {widths[0]}.", None)
    dense = np.stack([tensor.values for tensor in tensors]).astype(np.float32)
    if (row := infinite(dense)) is not None:
        raise wrong(f"record {row + 1}: a value is infinite.", None)
    return dense


def _sparse(tensors: list[_Tensor], wrong: Wrong) -> Sparse:
    for number, tensor in enumerate(tensors, 1):
        if len(tensor.keys) != len(tensor.values):
            raise wrong(f"record {number} has {len(tensor.keys)} keys for {len(tensor.values)} values.", None)
    indices = np.concatenate([tensor.keys for tensor in tensors]).astype(np.int64)
    declared = max((int(tensor.shape[-1]) for tensor in tensors if len(tensor.shape)), default=0)
    starts = np.concatenate(([0], np.cumsum([len(tensor.keys) for tensor in tensors])))
    values = np.concatenate([tensor.values for tensor in tensors]).astype(np.float32)
    columns = max(declared, int(indices.max(initial=-1)) + 1)
    if columns > 2**31 or indices.min(initial=0) < 0:
        raise wrong("has a key above 2147483647.", None)
    return Sparse(starts, indices, values, columns)


def _record(message: memoryview) -> tuple[_Tensor, _Tensor | None]:
    features = label = None
    for number, value in _fields(message):
        if number == 1:
            features = _entry(value, features)
        elif number == 2:
            label = _entry(value, label)
    if features is None:
        raise _MalformedError("has no features.")
    return features, label


def _entry(value: object, earlier: _Tensor | None) -> _Tensor:
    """The tensor of one map entry (key = 1, value = 2)."""
    if earlier is not None:
        raise _MalformedError("has several feature or label tensors; an algorithm takes one of each.")
    for number, inner in _fields(_message(value)):
        if number == 2:
            for kind, tensor in _fields(_message(inner)):
                if kind not in _TENSORS:
                    raise _MalformedError("holds bytes instead of numbers.")
                return _tensor(_message(tensor), _TENSORS[kind])
    raise _MalformedError("has an empty tensor.")


def _tensor(message: memoryview, kind: str) -> _Tensor:
    parts: dict[int, list[Array]] = {1: [], 2: [], 3: []}
    for number, value in _fields(message):
        if number in parts:
            parts[number].append(_values(value, kind if number == 1 else "uint64"))
    joined = {number: np.concatenate(found) if found else np.empty(0) for number, found in parts.items()}
    return _Tensor(joined[1], joined[2].astype(np.uint64), joined[3].astype(np.uint64))


def _values(value: int | memoryview, kind: str) -> Array:
    """A repeated field: packed, or (older writers) one value at a time."""
    if isinstance(value, int):
        return np.array([_signed(value) if kind == "int32" else value])
    if kind.startswith("<f"):
        if len(value) % int(kind[-1]):
            raise _MalformedError("has a tensor of odd size.")
        return np.frombuffer(value, kind)
    numbers = []
    position = 0
    while position < len(value):
        number, position = _varint(value, position)
        numbers.append(_signed(number) if kind == "int32" else number)
    return np.array(numbers, np.int64 if kind == "int32" else np.uint64)


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """(field number, value) of each field of a protobuf message."""
    position = 0
    while position < len(message):
        tag, position = _varint(message, position)
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            value, position = _varint(message, position)
            yield number, value
            continue
        if wire == _BYTES:
            length, position = _varint(message, position)
        elif wire in (_FIXED32, _FIXED64):
            length = 4 if wire == _FIXED32 else 8
        else:
            raise _MalformedError("is not the protobuf message that SageMaker documents.")
        if position + length > len(message):
            raise _MalformedError("is not the protobuf message that SageMaker documents: a field exceeds its message.")
        yield number, message[position : position + length]
        position += length


def _message(value: object) -> memoryview:
    if not isinstance(value, memoryview):
        raise _MalformedError("is not the protobuf message that SageMaker documents.")
    return value


def _varint(data: memoryview, position: int) -> tuple[int, int]:
    result = shift = 0
    while True:
        if position >= len(data) or shift > 63:
            raise _MalformedError("is not the protobuf message that SageMaker documents: a number is cut off.")
        byte = data[position]
        position += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result, position
        shift += 7


def _signed(number: int) -> int:
    """protobuf writes a negative int32 as 64 bits."""
    return number - 2**64 if number >= 2**63 else number


def _framed(payload: bytes) -> bytes:
    return struct.pack("<II", _MAGIC, len(payload)) + payload + b"\0" * (-len(payload) % 4)


def _message_of(labels: Mapping[str, Sequence[float]]) -> bytes:
    """A Record with nothing but labels: entry {key = 1, value = 2 {float32_tensor = 2 {values = 1}}}."""
    return b"".join(
        _field(2, _field(1, name.encode()) + _field(2, _field(2, _field(1, np.asarray(values, "<f4").tobytes()))))
        for name, values in labels.items()
    )


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | _BYTES]) + _written(len(content)) + content


def _written(number: int) -> bytes:
    """A varint."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])
