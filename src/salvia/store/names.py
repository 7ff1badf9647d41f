"""The names of a place's documents, kept in memory to be searched: a million take milliseconds, and by SQL a second.

Names never change, and SQLite numbers rows upwards. As long as the row that was the newest is there, whatever came
since has a greater number; when it is gone, or its number another's, all are read anew. A name whose document was
deleted may remain: whoever asks looks the names up.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from .db import Reader

_MOST_BYTES = 64 << 20  # of one place's names; more are not kept
_PIECE = 1 << 20  # bytes that are searched at once: other threads wait meanwhile
_FEW = 200  # names found; where there are more, a page of them is soon found in the table

_NEWEST = "SELECT rowid AS row, id FROM documents ORDER BY rowid DESC LIMIT 1"
_STILL = "SELECT id FROM documents WHERE rowid = :row"
_NAMES = "SELECT CAST(GROUP_CONCAT(name, CHAR(10)) AS BLOB) AS names, COUNT(*) AS count FROM documents"
_PLACE = "kind = :kind AND account = :account AND region = :region"
_ALL = f"{_NAMES} WHERE {_PLACE}"
_SINCE = f"{_NAMES} NOT INDEXED WHERE rowid > :row AND {_PLACE}"


class Place(NamedTuple):
    """A kind of documents, and whose."""

    kind: str
    account: str
    region: str


class Names:
    """The names of one place. Any thread may ask."""

    def __init__(self, place: Place) -> None:
        self._place = place._asdict()
        self._turn = threading.Lock()
        self._newest: Mapping[str, object] = {"row": 0, "id": None}
        self._pieces: list[tuple[bytes, bytes]] = []  # lower case, and as they are
        self._searchable = True

    @property
    def size(self) -> int:
        """How many bytes the names have."""
        return sum(len(names) for _, names in self._pieces)

    def containing(self, reader: Reader, text: str) -> list[str] | None:
        """The names that contain `text`, in whatever case, or did when last seen.

        None: they are many, or cannot be kept.
        """
        wanted = text.lower().encode()
        with self._turn:
            self._catch_up(reader)
            if not self._searchable or b"\n" in wanted:
                return None
            found: set[str] = set()
            for name in self._found(wanted):
                found.add(name)
                if len(found) > _FEW:
                    return None
            return list(found)

    def _catch_up(self, reader: Reader) -> None:
        newest = reader.one(_NEWEST)
        if newest is None or newest["id"] == self._newest["id"]:
            return
        still = reader.one(_STILL, self._newest)
        fresh = still is None or still["id"] != self._newest["id"]
        if fresh:
            self._pieces, self._searchable = [], True
        elif not self._searchable:
            return
        read = reader.one(_ALL if fresh else _SINCE, {**self._place, **self._newest})
        assert read is not None
        self._newest = dict(newest)  # what came after it, and was read, will be read again
        self._add(read["names"] or b"", read["count"])

    def _add(self, names: bytes, count: int) -> None:
        if self.size + len(names) > _MOST_BYTES or (
            count and names.count(b"\n") + 1 != count
        ):  # or a name of two lines
            self._pieces, self._searchable = [], False
        elif count:
            if self._pieces and len(self._pieces[-1][1]) < _PIECE:
                names = self._pieces.pop()[1] + b"\n" + names
            self._pieces += ((piece if piece.islower() else piece.lower(), piece) for piece in _cut(names))

    def _found(self, wanted: bytes) -> Iterator[str]:
        for lower, names in self._pieces:
            at = lower.find(wanted)
            while at >= 0:
                end = lower.find(b"\n", at)
                end = len(lower) if end < 0 else end
                yield names[lower.rfind(b"\n", 0, at) + 1 : end].decode()
                at = lower.find(wanted, end)


def _cut(names: bytes) -> Iterator[bytes]:
    """Pieces of some size, each of whole names."""
    start = 0
    while start < len(names):
        end = names.find(b"\n", start + _PIECE)
        end = len(names) if end < 0 else end
        yield names[start:end]
        start = end + 1
