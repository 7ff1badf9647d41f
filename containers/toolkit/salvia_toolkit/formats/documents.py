"""application/json and application/jsonlines, as AWS's algorithms read and write them.

Rows come as `{"instances": [{"features": [1.5, 16.0]}, …]}`, `{"data": {"features": {"values": […], "keys": […],
"shape": […]}}}` for an instance, one a line in JSON Lines; and as plain lists, which SDKs' JSONSerializer makes.

Source: SageMaker developer guide, "Common Data Formats for Inference".
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from .matrix import Array, Matrix, Sparse, infinite, of_body


def decode(body: bytes) -> Matrix:
    """The rows of a JSON body. Raises FormatError naming the instance."""
    return _rows(_instances(_parsed(body, None)), "instance")


def decode_lines(body: bytes) -> Matrix:
    """The rows of a JSON Lines body. Raises FormatError naming the line."""
    lines = [_parsed(line, at) for at, line in enumerate(body.splitlines(), 1) if line.strip()]
    return _rows(lines, "row")


def encode(value: Any) -> bytes:
    """JSON of anything, arrays included."""
    return json.dumps(value, default=_plain).encode()


def encode_lines(values: Any) -> bytes:
    """A line for each of several values."""
    return b"".join(encode(value) + b"\n" for value in values)


def _parsed(text: bytes, line: int | None) -> Any:
    try:
        return json.loads(text)
    except ValueError as problem:
        raise of_body(f"is not JSON: {problem}.", line) from problem


def _instances(document: Any) -> list[Any]:
    if isinstance(document, dict):
        document = document.get("instances", document)
    if isinstance(document, dict):
        return [document]
    if isinstance(document, list):
        numbers = bool(document) and not isinstance(document[0], (list, dict))
        return [document] if numbers else document
    raise of_body('must be {"instances": [{"features": […]}, …]}, or a list of rows.')


def _rows(instances: list[Any], word: str) -> Matrix:
    vectors = [_vector(instance, f"{word} {number}") for number, instance in enumerate(instances, 1)]
    if not vectors:
        return np.empty((0, 0), np.float32)
    if any(isinstance(vector, dict) for vector in vectors):
        return _sparse(vectors, word)
    for number, vector in enumerate(vectors, 1):
        if len(vector) != len(vectors[0]):
            raise of_body(f"{word} {number} has {len(vector)} features where the first has {len(vectors[0])}.")
    rows = np.stack(vectors)
    if (row := infinite(rows)) is not None:
        raise of_body(f"{word} {row + 1}: a value is infinite or too large for float32.")
    return rows


def _vector(instance: Any, where: str) -> Any:
    """The features of one instance: an array, or keys, shape and values where they are sparse."""
    for member in ("data", "features"):
        if isinstance(instance, dict) and member in instance:
            instance = instance[member]
    if isinstance(instance, dict) and "values" in instance:
        if instance.get("keys"):
            return {"values": _numbers(instance["values"], where), **{k: instance.get(k) for k in ("keys", "shape")}}
        instance = instance["values"]
    return _numbers(instance, where)


def _numbers(values: Any, where: str) -> Array:
    try:
        numbers = np.array(values, np.float32)
    except (TypeError, ValueError) as problem:
        raise of_body(f"{where} is not a list of numbers: {str(values)[:60]}.") from problem
    if numbers.ndim != 1:
        raise of_body(f"{where} is not a list of numbers: {str(values)[:60]}.")
    return numbers


def _sparse(vectors: list[Any], word: str) -> Sparse:
    indices, values, starts, columns = [], [], [0], 0
    for number, vector in enumerate(vectors, 1):
        numbers = vector["values"] if isinstance(vector, dict) else vector
        keys = vector["keys"] if isinstance(vector, dict) else range(len(vector))
        shape = vector["shape"] if isinstance(vector, dict) else [len(vector)]
        try:
            own = np.array(keys, np.int64)
            columns = max(columns, int(own.max(initial=-1)) + 1, int((shape or [0])[-1]))
        except (TypeError, ValueError, OverflowError) as problem:
            raise of_body(f"{word} {number}: keys and shape must be whole numbers.") from problem
        if len(own) != len(numbers) or own.min(initial=0) < 0:
            raise of_body(f"{word} {number} must have one key, of 0 or more, for each of its values.")
        indices.append(own)
        values.append(numbers)
        starts.append(starts[-1] + len(own))
    return Sparse(np.array(starts), np.concatenate(indices), np.concatenate(values), columns)


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"A {type(value).__name__} cannot be written as JSON.")
