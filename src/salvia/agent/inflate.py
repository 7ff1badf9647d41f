"""Gzip input, decompressed as it arrives."""

from __future__ import annotations

import zlib
from collections.abc import Iterator


class Inflater:
    """Decompresses gzip, also several members in a row, in pieces of bounded size."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(31)
        self._begun = False

    @property
    def complete(self) -> bool:
        return not self._begun or self._stream.eof

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._stream.eof:
                self._stream = zlib.decompressobj(31)
            self._begun = True
            yield self._stream.decompress(data, 1 << 20)
            data = self._stream.unconsumed_tail or self._stream.unused_data
