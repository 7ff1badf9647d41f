"""Where an object's bytes are: extents in order; and what its parts were, if it was uploaded in parts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import orjson

from salvia.objectstore.base import Extent


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a finished multipart upload; `checksum` is base64, of the object's algorithm."""

    number: int
    size: int
    checksum: str | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """`parts` is empty for what was uploaded, or copied, whole."""

    extents: tuple[Extent, ...] = ()
    parts: tuple[Part, ...] = ()

    @property
    def size(self) -> int:
        """Bytes in all."""
        return sum(extent.size for extent in self.extents)

    def cut(self, start: int, size: int) -> list[Extent]:
        """The extents of `size` bytes from byte `start` on."""
        return list(_cut(self.extents, start, size))

    def encode(self) -> str:
        """As it is stored."""
        content: dict[str, object] = {"extents": [[e.blob, e.start, e.size] for e in self.extents]}
        if self.parts:
            content["parts"] = [[p.number, p.size, p.checksum] for p in self.parts]
        return orjson.dumps(content).decode()

    @classmethod
    def decode(cls, text: str) -> Layout:
        """What `encode` wrote."""
        content = orjson.loads(text)
        return cls(
            tuple(Extent(*each) for each in content["extents"]),
            tuple(Part(*each) for each in content.get("parts", ())),
        )

    @classmethod
    def of(cls, extents: Iterable[Extent], parts: Iterable[Part] = ()) -> Layout:
        """The layout of `extents`, those without bytes left out."""
        return cls(tuple(extent for extent in extents if extent.size), tuple(parts))


def _cut(extents: Iterable[Extent], start: int, size: int) -> Iterator[Extent]:
    end = start + size
    position = 0
    for extent in extents:
        first, last = max(start, position), min(end, position + extent.size)
        if first < last:
            yield extent.cut(first - position, last - first)
        position += extent.size
        if position >= end:
            return
