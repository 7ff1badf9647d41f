"""fastText's file, as far as it takes to see that it is whole: fastText reads on for ever where its words break off.

Magic and version; 12 numbers and a double of settings; of the dictionary its size, words, labels, tokens and pruned
entries, then each entry: text, 0, count, type; a byte for "quantized"; the input matrix: rows, columns and numbers.
"""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

_MAGIC, _VERSIONS = 793712314, (11, 12)
_HEAD = struct.Struct("<ii12id")
_DICTIONARY = struct.Struct("<iiiqq")
_ENTRY = 9  # bytes behind an entry's 0
_MATRIX = struct.Struct("<?qq")


def check(file: Path) -> None:
    """Raise ValueError, with what is wrong, for a file that fastText must not be given."""
    if file.stat().st_size < _HEAD.size + _DICTIONARY.size:
        raise ValueError("it is too short")
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
        magic, version, *_ = _HEAD.unpack_from(content)
        if magic != _MAGIC or version not in _VERSIONS:
            raise ValueError("it is none of fastText's files, of versions 11 and 12")
        entries, *_, pruned = _DICTIONARY.unpack_from(content, _HEAD.size)
        at = _HEAD.size + _DICTIONARY.size
        for _ in range(entries):
            end = content.find(b"\0", at)
            if end < 0:
                raise ValueError("it is cut off among its words")
            at = end + 1 + _ENTRY
        at += 8 * max(pruned, 0)
        if at + _MATRIX.size > len(content):
            raise ValueError("it is cut off behind its words")
        quantized, rows, columns = _MATRIX.unpack_from(content, at)
        if not quantized and at + _MATRIX.size + 4 * rows * columns > len(content):
            raise ValueError("it is cut off among its vectors")
