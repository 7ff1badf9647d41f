"""application/x-npy: numpy's own format, without Python objects, which could be any program."""

from __future__ import annotations

import io

import numpy as np

from .matrix import Array, of_body


def decode(body: bytes) -> Array:
    """The array. Raises FormatError."""
    try:
        array: Array = np.load(io.BytesIO(body), allow_pickle=False)
    except (ValueError, EOFError, OSError) as problem:
        raise of_body(f"is not NPY: {problem}.") from problem
    if not isinstance(array, np.ndarray):
        raise of_body("holds several arrays (NPZ); send one.")
    return array


def encode(array: Array) -> bytes:
    """The array's bytes."""
    content = io.BytesIO()
    np.save(content, np.asarray(array), allow_pickle=False)
    return content.getvalue()
